"""The Device Authorization grant (RFC 8628): the user signs in on any device with a code that this program shows.

PKCE (RFC 7636) is sent too, although RFC 8628 does not require it. Keycloak refuses this grant without PKCE if the client
requires it; other providers ignore parameters that they do not know (RFC 6749 §3.1).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.authentication.request import OUR_PARAMETERS
from kubectl_oidc.errors import InvalidProviderResponse, OAuthErrorResponse
from kubectl_oidc.oidc.token_response import DEVICE_CODE
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.browser import may_be_opened
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.times import countdown

from .announcement import announce, show_address_as_qr_code, sign_in_first, without_browser
from .authorization_request import code_challenge
from .device_authorization import DeviceAuthorization
from .device_polling import poll

if TYPE_CHECKING:
    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.oidc.metadata import Metadata
    from kubectl_oidc.oidc.token_response import TokenResponse
    from kubectl_oidc.oidc.tokens import Tokens

    from .sign_in import SignIn

VALIDATION_SECONDS = 30.0
"""The time limit for fetching the key set, once the tokens have come."""


class NotAllowedError(Exception):
    """The provider refuses this client a device code. The user was not asked for anything yet."""

    def __init__(self, refusal: OAuthErrorResponse) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def sign_in_with_device_code(sign_in: SignIn, *, no_browser: str | None = None) -> Tokens:
    """Return the tokens of a user who signs in on any device.

    Args:
        no_browser: Why no browser can be opened, if that is why this grant was chosen; None if the user chose it.

    Raises:
        NotAllowedError: The provider refuses the grant, and the user did not choose it.
        SignInRefused: The user or the provider refused.
        SignInTimeout: The user did not enter the code in time.
        InvalidProviderResponse: The provider does not offer the grant.
    """
    request = sign_in.request
    deadline = request.timeout.deadline()
    metadata = sign_in.provider.metadata(deadline)
    verifier = Secret(secrets.token_urlsafe(32)) if request.pkce else None
    try:
        device = _request_device_code(sign_in, metadata, verifier, deadline)
    except OAuthErrorResponse as error:
        if no_browser:
            raise NotAllowedError(error) from error
        raise
    with sign_in.failures.counted():
        if not _show(sign_in, device, no_browser):
            sign_in = without_browser(sign_in)
            deadline = sign_in.request.timeout.deadline(deadline.left())
        response = _poll(sign_in, metadata, device, verifier, _end(sign_in.request, device, deadline))
        return sign_in.accept(response, Deadline.after(VALIDATION_SECONDS))


def _poll(
    sign_in: SignIn, metadata: Metadata, device: DeviceAuthorization, verifier: Secret | None, end: Deadline
) -> TokenResponse:
    """Poll the token endpoint while the terminal shows the time that is left."""
    request, system = sign_in.request, sign_in.system

    def status() -> str:
        return f"Waiting for the code, {countdown(end.left())} left (Ctrl-C cancels)"

    with system.terminal.waiting(status()):
        return poll(
            lambda: sign_in.provider.request_tokens(
                DEVICE_CODE,
                {"device_code": device.device_code, "code_verifier": verifier},
                metadata,
                end,
            ),
            system,
            interval=device.interval,
            end=end,
            tick=lambda: system.terminal.tick(status()),
            hint=sign_in_first(request) if request.timeout.in_background else "",
        )


def _end(request: SignInRequest, device: DeviceAuthorization, deadline: Deadline) -> Deadline:
    """Return when polling ends: when the code expires (RFC 8628 §3.2), or at the deadline if the user set a time-out."""
    lives = device.expires_in
    if lives is None:  # although the standard requires it
        return deadline
    shorter = request.timeout.given or request.timeout.in_background
    return Deadline.after(min(deadline.left(), lives) if shorter else lives)


def _request_device_code(
    sign_in: SignIn, metadata: Metadata, verifier: Secret | None, deadline: Deadline
) -> DeviceAuthorization:
    """Send the device authorization request (RFC 8628 §3.1)."""
    request = sign_in.request
    url = metadata.device_authorization_endpoint
    if url is None:
        raise InvalidProviderResponse(
            "the provider's metadata names no device_authorization_endpoint, which --grant-type=device-code needs",
            "allow the device authorization grant at the provider, or use --grant-type=authcode",
            topic="device-code",
        )
    parameters: dict[str, str | Secret | None] = {
        name: value for name, value in request.extra_params if name not in OUR_PARAMETERS
    }
    parameters["scope"] = " ".join(request.scopes)
    if verifier:
        parameters["code_challenge"] = code_challenge(verifier)
        parameters["code_challenge_method"] = "S256"
    endpoint = sign_in.provider.endpoint(url, metadata, "device authorization endpoint")
    return DeviceAuthorization.parse(
        endpoint.post(parameters, deadline), local=urlsplit(url).scheme == "http"
    )


def _show(sign_in: SignIn, device: DeviceAuthorization, no_browser: str | None) -> bool:
    """Show the code and the page to enter it (RFC 8628 §3.3), and open that page if there is a browser.

    Returns:
        Whether a page opened that has the code filled in, so that the user need not read the code here.
    """
    request, terminal = sign_in.request, sign_in.system.terminal
    announce(sign_in)
    because = f" ({no_browser})" if no_browser else ""
    terminal.need(f"Sign-in needed{because}. On any device, open this address in a browser:\n")
    terminal.show(device.verification_uri)
    terminal.need("\nand enter this code:\n")
    terminal.show(device.user_code, large=True)
    complete = device.verification_uri_complete
    if complete:
        terminal.need(f"\nor open this address, which contains the code:\n\n  {complete}")
    terminal.need("")
    page = complete or device.verification_uri
    browser = sign_in.browser()
    opened = (
        request.browser.open
        and no_browser is None
        and browser.available() is None
        and may_be_opened(page)
        and browser.open(page)
    )
    if opened:
        terminal.say("Opening the browser at that address. Compare the code that it shows with this one.")
    else:
        show_address_as_qr_code(
            sign_in, f"Or scan this with a phone and compare the code: {device.user_code}", page, below=1
        )
    return opened and bool(complete)
