"""The callback server: it waits for the authorization response, and shows how the sign-in ended (RFC 8252 §7.3, §8.3)."""

from __future__ import annotations

import os
import secrets
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from kubectl_oidc.errors import SignInTimeout
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.urls import is_loopback, port_of

from . import pages
from .authorization_response import (
    AuthorizationResponse,
    ExpectedResponse,
    FinalPageRequest,
    RejectedRequest,
    Request,
    StartRequest,
)
from .connection import SPOKE_TLS
from .pages import Failed
from .peer_user import is_other_user
from .redirect_uri import addresses_at_port, allowed_host_headers, browser_host_and_port
from .server_thread import LONGEST_WAIT, ListenerThread, reply_from_thread
from .sockets import listen

if TYPE_CHECKING:
    import asyncio
    import socket
    import ssl
    from collections.abc import Callable, Sequence

    from kubectl_oidc.system.log import Log

    from .connection import Reply
    from .listen_address import ListenAddress
    from .pages import SignedIn
    from .sockets import NotFree

FLUSH_SECONDS = 2.0
"""How long `finish` waits until the browser has received the page."""

FAREWELL_SECONDS = 0.5
"""The same if the sign-in ends without an answer: after Ctrl-C the user does not want to wait."""

_ENDED = Failed("the sign-in was cancelled in the terminal", "run the command again to sign in")


class CallbackServer:
    """A server on the loopback interface that runs during the ``with`` block.

    Args:
        addresses: Listen on the first of these that is free. If the redirect URL is a loopback URL with the port of some
            of them, only those are tried: at another port the answer would reach another program.
        redirect_url: The redirect URI as registered. None means ``http://localhost:PORT``, or https with TLS; without a
            path, because some providers compare it byte for byte.
        issuer, iss_required: The expected ``iss`` in the answer (RFC 9207), and whether the answer must contain one.
        tls: The settings with our certificate, if the redirect URI is https on this machine.
        support_link: What the page of a failure links to.

    Attributes:
        redirect_uri: The redirect URI of the authorization request.
        start_url: A URL of this server that redirects to the provider. Unlike the authorization URL it may be part of a
            command line: it contains no secret, and is useless after the sign-in.
        tried: The addresses before the one in use, which were not free.
        exposed: The address in use if other machines may reach it, else None. The user should be warned.
        unserved: The host and port of the redirect URI if it is a loopback URL that does not reach this server, else None.
            Another program may receive the answer, so the user should be warned (RFC 8252 §8.3).
        spoke_tls: Whether a browser used https for an http redirect URI.

    Raises:
        NoFreeListenAddress: (on entering) None of the addresses is free.
    """

    redirect_uri: str
    start_url: str
    tried: tuple[NotFree, ...]
    exposed: ListenAddress | None
    unserved: str | None
    spoke_tls: bool

    def __init__(
        self,
        addresses: Sequence[ListenAddress],
        *,
        redirect_url: str | None,
        state: Secret,
        issuer: str,
        iss_required: bool,
        log: Log,
        tls: ssl.SSLContext | None = None,
        support_link: str = "",
    ) -> None:
        self._addresses = addresses
        self._redirect_url = redirect_url
        self._state = state
        self._issuer = issuer
        self._iss_required = iss_required
        self._log = log
        self._tls = tls
        self._final_page = partial(pages.final_page, support_link=support_link)
        self._authorization_url: Callable[[], str] | None = None
        self.spoke_tls = False
        self._answer: AuthorizationResponse | None = None
        self._answered = threading.Event()
        self._came_again = threading.Event()
        self._sent_again: Deadline | None = None
        self._broken: BaseException | None = None
        self._sockets: tuple[socket.socket, ...] = ()
        self._running: ListenerThread | None = None

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._close(_ENDED, FAREWELL_SECONDS)
            raise
        return self

    def __exit__(self, _kind: object, value: BaseException | None, _trace: object) -> None:
        late = Failed(value.message, value.hint, timed_out=True) if isinstance(value, SignInTimeout) else None
        if self._running and self._sent_again:
            self._came_again.wait(min(self._sent_again.left(), FAREWELL_SECONDS))
        self._close(late or _ENDED, FAREWELL_SECONDS)

    def expect(self, authorization_url: Callable[[], str]) -> None:
        """Set where the start URL redirects to.

        Args:
            authorization_url: Returns the authorization URL. It is called in a thread for every request of the start URL.
                If it raises an error, `wait` raises it.
        """
        self._authorization_url = authorization_url

    def wait(self, seconds: float) -> AuthorizationResponse | None:
        """Return the authorization response, or None if none came within ``seconds``. Other requests do not end the wait."""
        end = Deadline.after(seconds)
        while not self._answered.wait(min(LONGEST_WAIT, end.left())) and not end.passed():
            pass
        if self._broken is not None:
            raise self._broken
        return self._answer

    def finish(self, outcome: SignedIn | Failed) -> None:
        """Show the browser how the sign-in ended, and stop listening.

        The browser that brought the answer was redirected to the final page. If it does not follow, this waits until
        `FLUSH_SECONDS` after the redirect.
        """
        if self._sent_again:
            self._came_again.wait(self._sent_again.left())
        self._close(outcome, FLUSH_SECONDS)

    def _open(self) -> None:
        listening = listen(addresses_at_port(self._addresses, self._redirect_url))
        self._sockets = listening.sockets
        for each in listening.tried:
            self._log.info(1, "port-not-free", f"{each} is not free: {each.reason}")
        for host in listening.absent:
            self._log.info(1, "port-not-free", f"this machine has no {host}, so nothing listens there")
        self.tried = listening.tried
        self.exposed = listening.asked if listening.exposed else None
        port = listening.asked.port
        scheme = "http" if self._tls is None else "https"
        self.redirect_uri = self._redirect_url or f"{scheme}://localhost:{port}"
        target = urlsplit(self.redirect_uri)
        beside = listening.beside_localhost or port_of(target) != port
        self.unserved = target.netloc if beside and is_loopback(target.hostname or "") else None
        ticket, end = secrets.token_urlsafe(24), f"page={secrets.token_urlsafe(16)}"
        self._end_url = Secret(f"{target.path or '/'}?{end}")
        self.start_url = f"{scheme}://{browser_host_and_port(listening.asked)}/{ticket}"
        awaited = ExpectedResponse(
            hosts=allowed_host_headers(listening.asked, self._redirect_url),
            path=target.path or "/",
            start_path=Secret(f"/{ticket}"),
            end_query=Secret(end),
            state=self._state,
            issuer=self._issuer,
            iss_required=self._iss_required,
        )
        self._running = ListenerThread(
            listening.sockets, partial(self._respond, awaited), self._break, self._tls
        )
        self._log.info(1, "listening", f"listening on port {port} for the redirect URI {self.redirect_uri}")

    def _close(self, outcome: SignedIn | Failed, grace: float) -> None:
        try:
            running, self._running = self._running, None
            if running is not None:
                running.finish(self._final_page(outcome, now=time.time()), grace)
        finally:
            for listener in self._sockets:
                listener.close()

    def _break(self, error: BaseException) -> None:
        self._broken = error
        self._answered.set()

    def _respond(
        self, awaited: ExpectedResponse, page: asyncio.Future[Reply], request: Request | RejectedRequest
    ) -> Reply | asyncio.Future[Reply]:
        """Return the reply to a request. Runs in the event loop, so that only one request is handled at a time."""
        verdict = request if isinstance(request, RejectedRequest) else awaited.check(request)
        if (
            isinstance(verdict, StartRequest)
            and isinstance(request, Request)
            and is_other_user(request.uid(), os.environ)
        ):
            verdict = RejectedRequest(403, "a program of another user of this machine sent the request")
        if isinstance(verdict, RejectedRequest):
            self._log.info(4, "callback-refused", f"refused a request ({verdict.status}): {verdict.reason}")
            self.spoke_tls = self.spoke_tls or verdict.reason == SPOKE_TLS
            return pages.rejection_page(verdict)
        if isinstance(verdict, FinalPageRequest) and self._answer is not None:
            self._came_again.set()
            return page  # a reload gets it too, until `finish`
        if self._answer is not None:
            self._log.info(4, "callback-repeated", "the callback server was asked again after the answer")
            return pages.already_answered_page()
        if isinstance(verdict, AuthorizationResponse):
            what = "a code" if verdict.code else "an error"
            self._log.info(1, "callback", f"the browser came back with {what}")
            self._answer = verdict
            self._sent_again = Deadline.after(FLUSH_SECONDS)
            self._answered.set()
            # Redirect at once, so that code and state leave the address bar and the history before the code is redeemed.
            return pages.redirect(self._end_url.reveal())
        if self._authorization_url is None or isinstance(verdict, FinalPageRequest):
            return pages.rejection_page(RejectedRequest(404, "the sign-in has not begun"))
        return self._redirect_to_provider(self._authorization_url)

    def _redirect_to_provider(self, authorization_url: Callable[[], str]) -> asyncio.Future[Reply]:
        """Return the redirect to the provider later: its URL may need a request (RFC 9126), which runs in a thread."""

        def find() -> Reply:
            try:
                return pages.redirect(authorization_url())
            except BaseException as error:  # noqa: BLE001 - `wait` raises it
                if self._answer is None:
                    self._break(error)
                return self._final_page(Failed.from_error(error), now=time.time())

        return reply_from_thread(find)
