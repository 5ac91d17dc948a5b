"""The callback server: it waits for one answer, shows how the sign-in ended, and goes (RFC 8252 §7.3, §8.3)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from kubectl_oidc.errors import OidcLoginError, SignInTimeout
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.urls import is_loopback, port_of

from . import pages
from .authorization_response import (
    AuthorizationResponse,
    End,
    ExpectedResponse,
    RejectedRequest,
    Request,
    Start,
)
from .connection import SPOKE_TLS
from .pages import Failed
from .peer_user import is_stranger
from .redirect_uri import choices, host_headers, reachable
from .server_thread import SLICE, ListenerThread
from .sockets import listen

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from kubectl_oidc.system.log import Log

    from .connection import Reply
    from .listen_address import ListenAddress
    from .pages import SignedIn
    from .sockets import NotFree

FLUSH_SECONDS = 2.0
"""How long `finish` waits until the browser has the page."""

FAREWELL_SECONDS = 0.5
"""The same when the sign-in is given up: whoever pressed Ctrl-C does not wait for a browser."""

_ENDED = Failed("the sign-in was ended in the terminal", "run the command again to sign in")


class CallbackServer:
    """Where the browser comes back to, while the ``with`` block runs.

    Args:
        addresses: The addresses to listen on, the first that is free. When the redirect URL is a loopback address whose
            port is among them, only that port is tried: at any other the answer would go to a stranger.
        redirect_url: The redirect URI as it is registered; None means ``http://localhost:PORT`` without a path, which
            some providers compare byte for byte; with TLS ``https://localhost:PORT``.
        state: The state of the authorization request.
        issuer: Who must have answered.
        iss_required: Whether the answer must say so (RFC 9207).
        log: Where refused requests are told of.
        tls: Our certificate, where the redirect URI is https of this machine.

    Attributes:
        redirect_uri: The redirect URI of the authorization request.
        start_url: An address of ours that leads to the provider; unlike the authorization URL it can stand in an
            argument list, because it gives nothing away and is good for nothing when the sign-in is over.
        tried: The addresses before the one that is listened on, each not free.
        exposed: The address listened on if other machines may reach it, else None: a person should be told.
        unserved: The host and port of the redirect URI if it says ``localhost`` and nothing of ours listens there, else
            None: what listens there may be a stranger, so a person should be told (RFC 8252 §8.3).
        spoke_tls: Whether a browser came with https to an http redirect URI.

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
    ) -> None:
        self._addresses = addresses
        self._redirect_url = redirect_url
        self._state = state
        self._issuer = issuer
        self._iss_required = iss_required
        self._log = log
        self._tls = tls
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

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        late = Failed(value.message, value.hint, timed_out=True) if isinstance(value, SignInTimeout) else None
        if self._running and self._sent_again:
            self._came_again.wait(min(self._sent_again.left(), FAREWELL_SECONDS))
        self._close(late or _ENDED, FAREWELL_SECONDS)

    def expect(self, authorization_url: Callable[[], str]) -> None:
        """Set where the start URL leads.

        Args:
            authorization_url: Returns the address of the authorization request, for each browser that asks anew, in a thread
                of its own; what it raises ends the wait.
        """
        self._authorization_url = authorization_url

    def wait(self, seconds: float) -> AuthorizationResponse | None:
        """Return the answer, or None when none came yet; what is not the answer does not end the wait.

        Args:
            seconds: The longest time to wait.
        """
        end = Deadline.after(seconds)
        while not self._answered.wait(min(SLICE, end.left())) and not end.passed():
            pass
        if self._broken is not None:
            raise self._broken
        return self._answer

    def finish(self, outcome: SignedIn | Failed) -> None:
        """Show the browser how the sign-in ended, and stop listening; harmless when the browser has gone.

        The browser that brought the answer was sent on at once, mostly long before this; one that does not follow is waited
        for `FLUSH_SECONDS` from then on.

        Args:
            outcome: How it ended.
        """
        if self._sent_again:
            self._came_again.wait(self._sent_again.left())
        self._close(outcome, FLUSH_SECONDS)

    def _open(self) -> None:
        listening = listen(choices(self._addresses, self._redirect_url))
        self._sockets = listening.sockets
        for each in listening.tried:
            self._log.info(1, f"{each} is not free: {each.reason}")
        for host in listening.absent:
            self._log.info(1, f"this machine has no {host}, so nothing listens there")
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
        self.start_url = f"{scheme}://{reachable(listening.asked)}/{ticket}"
        awaited = ExpectedResponse(
            hosts=host_headers(listening.asked, self._redirect_url),
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
        self._log.info(1, f"listening on port {port} for the redirect URI {self.redirect_uri}")

    def _close(self, outcome: SignedIn | Failed, grace: float) -> None:
        try:
            running, self._running = self._running, None
            if running is not None:
                running.end(pages.outcome(outcome, now=time.time()), grace)
        finally:
            for listener in self._sockets:
                listener.close()

    def _break(self, error: BaseException) -> None:
        self._broken = error
        self._answered.set()

    def _respond(
        self, awaited: ExpectedResponse, page: asyncio.Future[Reply], request: Request | RejectedRequest
    ) -> Reply | asyncio.Future[Reply]:
        """Decide about a request; runs in the event loop, so that no two decide at once."""
        verdict = request if isinstance(request, RejectedRequest) else awaited.check(request)
        if (
            isinstance(verdict, Start)
            and isinstance(request, Request)
            and is_stranger(request.uid(), os.environ)
        ):
            verdict = RejectedRequest(403, "it is a program of another user of this machine that asks")
        self.spoke_tls = self.spoke_tls or (
            isinstance(verdict, RejectedRequest) and verdict.reason == SPOKE_TLS
        )
        if isinstance(verdict, RejectedRequest):
            self._log.info(4, f"the callback server refused a request ({verdict.status}): {verdict.reason}")
            return pages.refusal(verdict)
        if isinstance(verdict, End) and self._answer is not None:
            self._came_again.set()
            return page  # a reload has it too, until `finish`
        if self._answer is not None:
            self._log.info(4, "the callback server was asked again after the answer")
            return pages.answered()
        if isinstance(verdict, AuthorizationResponse):
            self._log.info(1, "the browser came back with " + ("a code" if verdict.code else "an error"))
            self._answer = verdict
            self._sent_again = Deadline.after(FLUSH_SECONDS)
            self._answered.set()
            # At once: neither code nor state stay in the address bar or the history while the code is redeemed.
            return pages.redirect(self._end_url.reveal())
        if self._authorization_url is None or isinstance(verdict, End):
            return pages.refusal(RejectedRequest(404, "the sign-in has not begun"))
        return self._sent_on(self._authorization_url)

    def _sent_on(self, authorization_url: Callable[[], str]) -> asyncio.Future[Reply]:
        """Send the browser on; finding out where to may take a request to the provider, so the loop does not wait for it."""
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Reply] = loop.create_future()

        def find() -> None:
            try:
                page = pages.redirect(authorization_url())
            except BaseException as error:  # noqa: BLE001 - raised again where the answer is awaited
                page = pages.outcome(_failed(error), now=time.time())
                if self._answer is None:
                    self._break(error)
            with contextlib.suppress(
                RuntimeError
            ):  # the loop has ended, and with it the browser's connection
                loop.call_soon_threadsafe(reply.set_result, page)

        threading.Thread(target=find, daemon=True, name="authorization-request").start()
        return reply


def _failed(error: BaseException) -> Failed:
    if isinstance(error, OidcLoginError):
        return Failed(error.message, error.hint)
    return Failed("the sign-in failed", "the terminal says more")
