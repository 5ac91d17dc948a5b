"""The end of a person's session at the provider, in the browser (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from kubectl_oidc.errors import NoFreeListenAddress
from kubectl_oidc.loopback.listen_address import ListenAddress
from kubectl_oidc.loopback.redirect_uri import reachable
from kubectl_oidc.loopback.server import CallbackServer
from kubectl_oidc.oidc.vendors import Vendor, vendor
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.browser import Browser
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.terminal import remaining

if TYPE_CHECKING:
    from kubectl_oidc.system.system import System

    from .request import SignInRequest

BROWSER_SECONDS = 30.0
"""How long the browser is waited for, which a desktop may have to start first."""

_ANY_PORT = (ListenAddress("127.0.0.1", 0),)
_NOBODY = Secret("no answer is awaited")


def end_session_url(endpoint: str, request: SignInRequest, id_token: Secret | None) -> str:
    """Return the address that ends the session at the provider (§2); at Amazon Cognito its logout endpoint's own form.

    Args:
        endpoint: The ``end_session_endpoint`` of its metadata.
        request: Whose session it is.
        id_token: The ID token, which tells the provider whose session ends so that it need not ask; some (Okta) want one.
    """
    from authlib.common.urls import add_params_to_uri

    parameters = [("client_id", request.client_id)]
    if vendor(request.issuer) is Vendor.COGNITO:
        # It has a way of its own, and an error page for any other: a callback URL of the client, and then its sign-in page.
        back = request.redirect_url or f"http://{reachable(request.listen_addresses[0])}"
        more = (("response_type", "code"), ("redirect_uri", back), ("scope", " ".join(request.scopes)))
        parameters.extend(more)
    elif id_token:
        parameters.append(("id_token_hint", id_token.reveal()))
    url: str = add_params_to_uri(endpoint, parameters)
    return url


def send_browser(endpoint: str, request: SignInRequest, system: System, id_token: Secret) -> str | None:
    """Send the browser to the provider's end of session and return None, or why it could not be sent, in words.

    It opens at an address of ours that leads on to the provider's: the ID token is in no argument list.

    Args:
        endpoint: The ``end_session_endpoint`` of the provider's metadata.
        request: Whose session it is, and how a browser is opened.
        system: Clock, environment, terminal.
        id_token: The session's ID token.
    """
    if not request.open_browser:
        return "--skip-open-browser was given"
    browser = Browser.from_environment(
        command=request.browser_command, environ=system.environ, platform=sys.platform
    )
    reason = browser.available()
    if reason:
        return reason
    came = threading.Event()

    def url() -> str:
        came.set()
        return end_session_url(endpoint, request, id_token)

    server = CallbackServer(
        _ANY_PORT, redirect_url=None, state=_NOBODY, issuer=request.issuer, iss_required=True, log=system.log
    )
    try:
        with server:
            server.expect(url)
            if not browser.open(server.start_url):
                return browser.failure()
            deadline = Deadline.after(BROWSER_SECONDS)
            with system.terminal.waiting(f"Waiting for the browser, at most {remaining(deadline.left())}"):
                while not came.is_set() and not deadline.passed():
                    server.wait(min(0.2, deadline.left()))
            return None if came.is_set() else "the browser did not come"
    except NoFreeListenAddress as error:
        return error.message
