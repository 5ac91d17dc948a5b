"""The Authorization Code grant with PKCE through the browser (OpenID Connect Core 3.1, RFC 7636, RFC 8252)."""

from __future__ import annotations

import shlex
from contextlib import nullcontext
from socket import gethostname
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.errors import OidcLoginError, SignInTimeout
from kubectl_oidc.http.reachability import PATIENCE
from kubectl_oidc.http.tls import server_context
from kubectl_oidc.loopback.pages import Failed, SignedIn
from kubectl_oidc.loopback.server import CallbackServer
from kubectl_oidc.sessions.session import person_of
from kubectl_oidc.system.keyboard import SLICE, keyboard
from kubectl_oidc.text import sanitize
from kubectl_oidc.times import countdown
from kubectl_oidc.urls import is_loopback, port_of

from .announcement import announce, sign_in_first, without_browser
from .authorization_request import AuthorizationSecrets, redeem
from .pasted_response import PastedResponseReader
from .pushed_authorization import AuthorizationRequest, PrintedAddress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.loopback.authorization_response import AuthorizationResponse
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.system.deadline import Deadline

    from .sign_in import SignIn


def sign_in_with_browser(sign_in: SignIn) -> Tokens:
    """Return the tokens of a user who signs in through the browser.

    Raises:
        NoFreeListenAddress: No listen address is free.
        SignInRefused: The provider sent the browser back with an error.
        SignInTimeout: The browser did not come back in time.
    """
    request, provider = sign_in.request, sign_in.provider
    deadline = request.timeout.deadline()
    metadata = provider.metadata(deadline)
    secrets = AuthorizationSecrets.generate(pkce=request.pkce)
    server = CallbackServer(
        request.redirect.listen_addresses,
        redirect_url=request.redirect.url,
        state=secrets.state,
        issuer=request.issuer,
        iss_required=metadata.iss_parameter_supported,
        log=sign_in.system.log,
        tls=server_context(request.redirect.local_server) if request.redirect.local_server else None,
        support_link=request.support_link,
    )
    provider.check_reachable(PATIENCE)
    with server:
        authorization = AuthorizationRequest(sign_in, secrets, metadata, server.redirect_uri)
        server.expect(lambda: authorization.now().url)
        with sign_in.failures.counted():
            response = _get_response(sign_in, server, authorization, deadline)
            try:
                tokens = redeem(sign_in, server.redirect_uri, secrets, response)
            except OidcLoginError as error:
                server.finish(Failed(error.message, error.hint))
                raise
        server.finish(
            SignedIn(
                person_of(tokens.id_token), tokens.expiry, request.issuer, request.browser.open_url_after
            )
        )
        return tokens


def _get_response(
    sign_in: SignIn, server: CallbackServer, authorization: AuthorizationRequest, deadline: Deadline
) -> AuthorizationResponse:
    """Open the browser, or show the address to open, and return the authorization response."""
    system = sign_in.system
    printed = PrintedAddress(authorization, sign_in)
    opened = _open_browser(sign_in, server, printed)
    sign_in.provider.import_libraries(
        authorization.metadata
    )  # takes less time than the user needs in the browser
    if opened:
        return _await_response(sign_in, server, deadline)
    sign_in = without_browser(sign_in)
    deadline = sign_in.request.timeout.deadline()
    with keyboard(system.terminal, system.environ) as keys:
        reader = PastedResponseReader(sign_in, keys, authorization) if keys else None
        return _await_response(sign_in, server, deadline, printed, reader)


def _open_browser(sign_in: SignIn, server: CallbackServer, printed: PrintedAddress) -> bool:
    """Open the browser and return True. If that is not possible, show the address to open and return False."""
    request, terminal = sign_in.request, sign_in.system.terminal
    announce(sign_in)
    _report_listeners(sign_in, server)
    browser = sign_in.browser()
    reason = browser.available() if request.browser.open else "--skip-open-browser was given"
    if reason is None:
        if browser.open(server.start_url):
            terminal.say(f"Opening the browser. If it does not open, go to {server.start_url}")
            return True
        reason = browser.failure()
    printed.show(f"Sign-in needed ({reason}). Open this address in a browser")
    port, target = urlsplit(server.start_url).port or 0, urlsplit(server.redirect_uri)
    if is_loopback(target.hostname or ""):
        terminal.need(
            f"After the sign-in, the browser opens {server.redirect_uri}. If the browser is on another machine, first run there:\n"
            f"  {ssh_forward(port_of(target), port, sign_in.system.environ)}\n"
        )
    else:
        terminal.need(
            f"After the sign-in, the browser opens {server.redirect_uri}. Forward it to port {port} of this machine.\n"
        )
    return False


def _report_listeners(sign_in: SignIn, server: CallbackServer) -> None:
    """Show the user if another port listens than the first, if other machines reach it, or if the redirect URI misses it."""
    terminal = sign_in.system.terminal
    if server.tried:
        terminal.say(
            f"{server.tried[0]} is {server.tried[0].reason}; using {server.redirect_uri}. "
            "If your provider rejects that redirect URI, add it to the client."
        )
    if server.exposed:
        terminal.need(f"warning: other machines can reach {server.exposed} while you sign in")
    if server.unserved:
        terminal.need(
            f"warning: the redirect URI leads to {server.unserved}, where this program does not listen; "
            "use the same port in --listen-address and --oidc-redirect-url"
        )


def ssh_forward(near: int, far: int, environ: Mapping[str, str]) -> str:
    """Return the ssh command that forwards a port from the user's machine to this one.

    Args:
        near: The port of the redirect URI, on the user's machine.
        far: The port that listens on this machine.
        environ: Contains the user's name and, over SSH, the address of this machine.
    """
    user = environ.get("USER") or environ.get("LOGNAME") or environ.get("USERNAME") or "USER"
    # client address, client port, server address, server port (ssh(1))
    connection = environ.get("SSH_CONNECTION", "").split()
    host = connection[2] if len(connection) == 4 else gethostname()  # noqa: PLR2004 - the four
    return f"ssh -L {near}:localhost:{far} {shlex.quote(sanitize(f'{user}@{host}'))}"


def _await_response(
    sign_in: SignIn,
    server: CallbackServer,
    deadline: Deadline,
    printed: PrintedAddress | None = None,
    reader: PastedResponseReader | None = None,
) -> AuthorizationResponse:
    """Wait until the browser comes back, or the user pastes its address. A terminal shows the time that is left."""

    def status() -> str:
        return f"Waiting for the browser, {countdown(deadline.left())} left (Ctrl-C cancels)"

    with reader.offered() if reader else nullcontext(), sign_in.system.terminal.waiting(status()):
        while not deadline.passed():
            response = server.wait(min(SLICE if reader else 1.0, deadline.left()))
            if response is None and reader:
                response = reader.poll()
            if response is not None:
                return response
            sign_in.provider.check_reachable()
            if printed:
                printed.show_again_when_ended()
            sign_in.system.terminal.tick(status())
    raise _timeout(sign_in.request, server)


def _timeout(request: SignInRequest, server: CallbackServer) -> SignInTimeout:
    from kubectl_oidc.oidc.vendor_errors import redirect_uri_settings

    if server.spoke_tls:
        return SignInTimeout(
            f"the browser used https, but {server.redirect_uri} is http",
            "exclude localhost from the browser's HTTPS-only mode, extension or policy, or give --local-server-cert and --local-server-key",
        )
    if request.timeout.in_background:
        return SignInTimeout(
            f"nobody finished the sign-in within {request.timeout.seconds:.0f} s", sign_in_first(request)
        )
    where = redirect_uri_settings(request.issuer)
    return SignInTimeout(
        f"nobody finished the sign-in within {request.timeout.seconds:.0f} s",
        f"try again; if the browser showed an error, check --oidc-client-id {sanitize(request.client_id, limit=100)} "
        f"and {_to_register(request, server)}{f' ({where})' if where else ''}; for more time, raise --authentication-timeout-sec",
    )


def _to_register(request: SignInRequest, server: CallbackServer) -> str:
    """Return the part of the hint that names the redirect URI to register at the provider."""
    ports = {address.port for address in request.redirect.listen_addresses}
    any_port = request.redirect.url is None and 0 in ports
    if any_port and not any(server.redirect_uri.endswith(f":{port}") for port in ports):
        return (
            f"register the redirect URI {server.redirect_uri} for it; if the provider does not accept every port, "
            "choose one with --listen-address"
        )
    why = f" ({server.tried[0]} is {server.tried[0].reason})" if server.tried else ""
    return f"register the redirect URI {server.redirect_uri} for it{why}"
