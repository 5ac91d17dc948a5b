"""Sign out at the provider, in the browser (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kubectl_oidc.errors import NoFreeListenAddress
from kubectl_oidc.loopback.listen_address import ListenAddress
from kubectl_oidc.loopback.redirect_uri import browser_host_and_port
from kubectl_oidc.loopback.server import CallbackServer
from kubectl_oidc.oidc.vendors import Vendor, vendor_of
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.times import remaining
from kubectl_oidc.urls import with_parameters

if TYPE_CHECKING:
    from kubectl_oidc.system.system import System

    from .request import SignInRequest

BROWSER_SECONDS = 30.0
"""How long to wait for the browser, which a desktop may have to start first."""

_ANY_PORT = (ListenAddress("127.0.0.1", 0),)
_NO_STATE = Secret("not waiting for an answer")


def end_session_url(endpoint: str, request: SignInRequest, id_token: Secret | None) -> str:
    """Return the address that ends the session at the provider (§2). Amazon Cognito requires other parameters.

    Args:
        endpoint: The ``end_session_endpoint`` of the provider's metadata.
        id_token: Tells the provider which session to end, so that it need not ask. Okta requires it.
    """
    parameters = [("client_id", request.client_id)]
    if vendor_of(request.issuer) is Vendor.COGNITO:
        # Cognito accepts only a callback URL of the client, and then shows its sign-in page.
        callback = (
            request.redirect.url or f"http://{browser_host_and_port(request.redirect.listen_addresses[0])}"
        )
        cognito = (("response_type", "code"), ("redirect_uri", callback), ("scope", " ".join(request.scopes)))
        parameters.extend(cognito)
    elif id_token:
        parameters.append(("id_token_hint", id_token.reveal()))
    return with_parameters(endpoint, parameters)


def send_browser(endpoint: str, request: SignInRequest, system: System, id_token: Secret) -> str | None:
    """Open the provider's sign-out page in the browser, and return None, or why it could not be opened.

    The browser opens a local address, which redirects to the provider. So the ID token is in no command line.

    Args:
        endpoint: The ``end_session_endpoint`` of the provider's metadata.
    """
    if not request.browser.open:
        return "--skip-open-browser was given"
    browser = request.browser.find(system.environ)
    reason = browser.available()
    if reason:
        return reason
    redirected = threading.Event()

    def url() -> str:
        redirected.set()
        return end_session_url(endpoint, request, id_token)

    server = CallbackServer(
        _ANY_PORT,
        redirect_url=None,
        state=_NO_STATE,
        issuer=request.issuer,
        iss_required=True,
        log=system.log,
    )
    try:
        with server:
            server.expect(url)
            if not browser.open(server.start_url):
                return browser.failure()
            _wait_for_redirect(server, redirected, system)
            return None if redirected.is_set() else "no browser opened its page in time"
    except NoFreeListenAddress as error:
        return error.message


def _wait_for_redirect(server: CallbackServer, redirected: threading.Event, system: System) -> None:
    deadline = Deadline.after(BROWSER_SECONDS)
    with system.terminal.waiting(f"Waiting for the browser, at most {remaining(deadline.left())}"):
        while not redirected.is_set() and not deadline.passed():
            server.wait(min(0.2, deadline.left()))
