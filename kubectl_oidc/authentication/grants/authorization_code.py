"""The Authorization Code grant with PKCE through the browser (OpenID Connect Core 3.1, RFC 7636, RFC 8252)."""

from __future__ import annotations

import shlex
import sys
from contextlib import contextmanager, nullcontext
from socket import gethostname
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.authentication.grants import pasted_response
from kubectl_oidc.errors import OidcLoginError, SignInTimeout
from kubectl_oidc.http.reachability import PATIENCE
from kubectl_oidc.http.tls import server_context
from kubectl_oidc.loopback.pages import Failed, SignedIn
from kubectl_oidc.loopback.server import CallbackServer
from kubectl_oidc.sessions.session import person
from kubectl_oidc.system.browser import Browser
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.keyboard import SLICE, keyboard
from kubectl_oidc.system.terminal import countdown
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import is_loopback, port_of

from .announcement import announce, sign_in_first, without_browser
from .authorization_request import AuthorizationSecrets, redeem
from .pushed_authorization import AuthorizationRequest, PrintedAddress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.loopback.authorization_response import AuthorizationResponse
    from kubectl_oidc.oidc.metadata import Metadata
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
    from kubectl_oidc.system.keyboard import Keyboard
    from kubectl_oidc.system.system import System


def sign_in(
    request: SignInRequest, system: System, provider: Provider, why: str, failures: FailedSignIns
) -> Tokens:
    """Return the tokens of a person who signs in through the browser.

    Args:
        request: What is asked for.
        system: Clock, environment, terminal.
        provider: The OpenID provider.
        why: Why a sign-in is needed, for the person.
        failures: Where a sign-in that fails once the person was asked is remembered.

    Raises:
        NoFreeListenAddress: No listen address is free.
        SignInRefused: The provider sent the browser back with an error.
        SignInTimeout: Nobody answered in time.
        ProviderError: The provider failed.
        IdTokenError: Its ID token must not be believed.
    """
    deadline = Deadline.after(request.timeout)
    metadata = provider.metadata(deadline)
    attempt = AuthorizationSecrets.generate(pkce=request.pkce)
    server = CallbackServer(
        request.listen_addresses,
        redirect_url=request.redirect_url,
        state=attempt.state,
        issuer=request.issuer,
        iss_required=metadata.iss_parameter_supported,
        log=system.log,
        tls=server_context(request.local_server) if request.local_server else None,
    )
    provider.check_reachable(PATIENCE)
    with server:
        authorization = AuthorizationRequest(
            request, system, provider, metadata, attempt, server.redirect_uri
        )
        server.expect(lambda: authorization.now().url)
        with failures.counted():
            printed = PrintedAddress(authorization, system.terminal)
            opened = _send_person(request, system, server, printed, why)
            provider.prepare(metadata)  # a person at the browser takes longer than this
            if opened:
                answer = _await_answer(request, system, server, deadline, provider=provider)
            else:
                request = without_browser(request, system)
                deadline = Deadline.after(request.timeout)
                with keyboard(system.terminal, system.environ) as keys:
                    paste = _Paste(request, system, keys, attempt, metadata) if keys else None
                    answer = _await_answer(
                        request, system, server, deadline, printed, paste, provider=provider
                    )
            try:
                tokens = redeem(request, system, provider, server.redirect_uri, attempt, answer)
            except OidcLoginError as error:
                server.finish(Failed(error.message, error.hint))
                raise
        server.finish(
            SignedIn(person(tokens.id_token), tokens.expiry, request.issuer, request.open_url_after)
        )
        return tokens


def _send_person(
    request: SignInRequest, system: System, server: CallbackServer, printed: PrintedAddress, why: str
) -> bool:
    """Open the browser, or tell the person what to open where no browser can be; return whether one was opened."""
    terminal = system.terminal
    announce(request, system, why)
    if server.tried:
        terminal.say(
            f"{server.tried[0]} is {server.tried[0].reason}, so {server.redirect_uri} listens; if the provider refuses that redirect URI, "
            "register it there"
        )
    if server.exposed:
        terminal.need(f"warning: {server.exposed} can be reached from other machines while you sign in")
    if server.unserved:
        terminal.need(
            f"warning: the redirect URI leads to {server.unserved}, where this program does not listen; "
            "--listen-address and --oidc-redirect-url must lead to the same port"
        )
    browser = Browser.from_environment(
        command=request.browser_command, environ=system.environ, platform=sys.platform
    )
    reason = browser.available() if request.open_browser else "--skip-open-browser was given"
    if reason is None:
        if browser.open(server.start_url):
            terminal.say(f"The browser opens; if it does not, open {server.start_url}")
            return True
        reason = browser.failure()
    printed.show(f"Sign in needed ({reason}). Open this address in a browser")
    port, target = urlsplit(server.start_url).port or 0, urlsplit(server.redirect_uri)
    if is_loopback(target.hostname or ""):
        terminal.need(
            f"The browser then goes to {server.redirect_uri}, which must reach this machine. From another machine:\n"
            f"  {ssh_forward(port_of(target), port, system.environ)}\n"
        )
    else:
        terminal.need(
            f"The browser then goes to {server.redirect_uri}, which must lead to port {port} of this machine.\n"
        )
    return False


def ssh_forward(near: int, far: int, environ: Mapping[str, str]) -> str:
    """Return the command that makes this machine's port reachable as localhost on the person's own.

    Args:
        near: The port of the redirect URI.
        far: The port that is listened on here.
        environ: The environment, which knows the user's name and, over SSH, the address that was connected to.
    """
    user = environ.get("USER") or environ.get("LOGNAME") or environ.get("USERNAME") or "USER"
    # client address, client port, server address, server port (ssh(1))
    connection = environ.get("SSH_CONNECTION", "").split()
    host = connection[2] if len(connection) == 4 else gethostname()  # noqa: PLR2004 - the four
    return f"ssh -L {near}:localhost:{far} {shlex.quote(sanitize(f'{user}@{host}'))}"


class _Paste:
    """Where the address at which the browser ended can be pasted, when it did not reach this machine.

    Args:
        request: What is asked for.
        system: Clock, environment, terminal.
        keys: The person's keyboard.
        attempt: State, nonce and verifier.
        metadata: The provider's metadata.
    """

    def __init__(
        self,
        request: SignInRequest,
        system: System,
        keys: Keyboard,
        attempt: AuthorizationSecrets,
        metadata: Metadata,
    ) -> None:
        self._issuer = request.issuer
        self._iss_required = metadata.iss_parameter_supported
        self._terminal = system.terminal
        self._attempt = attempt
        self._keys = keys

    @contextmanager
    def offered(self) -> Iterator[None]:
        """Say it, and take what is typed while the block runs."""
        words = (
            "Or let the browser end at a page that it cannot reach, and paste the address of that page here "
            "(it is not shown), then press Enter.\n\n"
        )
        with self._keys.reading(words):
            yield

    def look(self) -> AuthorizationResponse | None:
        """Return the answer in a line that was pasted, or None; what is no answer is said to be none."""
        line = self._keys.poll(0)
        if not line:
            return None
        answer = pasted_response.read(
            line, self._attempt, issuer=self._issuer, iss_required=self._iss_required
        )
        if isinstance(answer, str):
            self._terminal.need(f"That is not it: {answer}")
            return None
        return answer


def _await_answer(
    request: SignInRequest,
    system: System,
    server: CallbackServer,
    deadline: Deadline,
    printed: PrintedAddress | None = None,
    paste: _Paste | None = None,
    *,
    provider: Provider | None = None,
) -> AuthorizationResponse:
    """Wait until the browser comes back, or its address is pasted; show on a terminal for what and for how long."""

    def words() -> str:
        return f"Waiting for the browser, {countdown(deadline.left())} left (Ctrl-C ends it)"

    with paste.offered() if paste else nullcontext(), system.terminal.waiting(words()):
        while not deadline.passed():
            answer = server.wait(min(SLICE if paste else 1.0, deadline.left()))
            if answer is None and paste:
                answer = paste.look()
            if answer is not None:
                return answer
            if provider:
                provider.check_reachable()
            if printed:
                printed.show_again_when_ended()
            system.terminal.tick(words())
    raise _too_late(request, server)


def _too_late(request: SignInRequest, server: CallbackServer) -> SignInTimeout:
    from kubectl_oidc.oidc.vendor_errors import registration

    if server.spoke_tls:
        return SignInTimeout(
            f"the browser came back with https, and {server.redirect_uri} is http",
            "make an exception for localhost in the browser's HTTPS-only mode, or in the extension or policy that turns http into https; "
            "or have https spoken here: --local-server-cert and --local-server-key",
        )
    if request.in_background:
        return SignInTimeout(
            f"nobody finished the sign-in within {request.timeout:.0f} s", sign_in_first(request)
        )
    where = registration(request.issuer)
    return SignInTimeout(
        f"nobody finished the sign-in within {request.timeout:.0f} s",
        f"try again; if the provider showed an error in the browser, check --oidc-client-id {sanitize(request.client_id, limit=100)} "
        f"and {_to_register(request, server)}{f' ({where})' if where else ''}; --authentication-timeout-sec sets the time",
    )


def _to_register(request: SignInRequest, server: CallbackServer) -> str:
    """Return what must be registered at the provider for the redirect URI to be taken, and why it is this one."""
    chosen = request.redirect_url is None and any(address.port == 0 for address in request.listen_addresses)
    if chosen and not any(
        server.redirect_uri.endswith(f":{address.port}") for address in request.listen_addresses
    ):
        return (
            f"the redirect URI {server.redirect_uri} there: choose a fixed port with --listen-address, unless the "
            "provider takes any port of localhost"
        )
    why = f" ({server.tried[0]} is {server.tried[0].reason})" if server.tried else ""
    return f"register the redirect URI {server.redirect_uri} there for it{why}"
