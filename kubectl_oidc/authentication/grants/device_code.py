"""The Device Authorization grant (RFC 8628): the person signs in on any device, with a code that is shown here.

PKCE goes along (RFC 7636), though RFC 8628 does not ask for it: Keycloak refuses the flow without it where the client
requires it, and others ignore what they do not know (RFC 6749 §3.1).
"""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.authentication.accept import accept
from kubectl_oidc.authentication.request import OUR_PARAMETERS
from kubectl_oidc.errors import InvalidProviderResponse, OAuthErrorResponse, ProviderUnreachable
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.browser import Browser, may_be_opened
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.terminal import countdown

from .announcement import announce, sign_in_first, without_browser
from .authorization_request import code_challenge
from .device_authorization import DeviceAuthorization
from .device_polling import poll

if TYPE_CHECKING:
    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.oidc.metadata import Metadata
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
    from kubectl_oidc.system.system import System

VALIDATION_SECONDS = 30.0
"""The longest that fetching the key set may take once the tokens are there."""


class NotAllowedError(Exception):
    """The provider does not give this client a device code; nobody was asked for anything yet.

    Args:
        refusal: What it said.
    """

    def __init__(self, refusal: OAuthErrorResponse) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def sign_in(
    request: SignInRequest,
    system: System,
    provider: Provider,
    why: str,
    failures: FailedSignIns,
    *,
    no_browser: str | None = None,
) -> Tokens:
    """Return the tokens of a person who signs in on any device.

    Args:
        request: What is asked for.
        system: Clock, environment, terminal.
        provider: The OpenID provider.
        why: Why a sign-in is needed, for the person.
        failures: Where a sign-in that fails once the person was asked is remembered.
        no_browser: Why this grant was chosen for the person, who did not ask for it; None where they did.

    Raises:
        NotAllowedError: The provider refuses the grant, and the person did not ask for it.
        SignInRefused: The person or the provider said no.
        SignInTimeout: Nobody entered the code in time.
        ProviderError: The provider failed, or has no such grant.
        IdTokenError: Its ID token must not be believed.
    """
    deadline = Deadline.after(request.timeout)
    metadata = provider.metadata(deadline)
    verifier = Secret(secrets.token_urlsafe(32)) if request.pkce else None
    try:
        device = _authorization(request, provider, metadata, verifier, deadline)
    except (OAuthErrorResponse, InvalidProviderResponse, ProviderUnreachable) as error:
        if no_browser and isinstance(error, OAuthErrorResponse):
            raise NotAllowedError(error) from error
        raise
    with failures.counted():
        if not _show(request, system, device, why, no_browser):
            request = without_browser(request, system)
            deadline = Deadline.after(min(deadline.left(), request.timeout))
        end = _end(request, device, deadline)

        def words() -> str:
            return f"Waiting for the code, {countdown(end.left())} left (Ctrl-C ends it)"

        with system.terminal.waiting(words()):
            response = poll(
                lambda: provider.request_tokens(
                    device.GRANT_TYPE,
                    {"device_code": device.device_code, "code_verifier": verifier},
                    metadata,
                    end,
                ),
                system,
                interval=device.interval,
                end=end,
                tick=lambda: system.terminal.tick(words()),
                hint=sign_in_first(request) if request.in_background else "",
            )
        validation = Deadline.after(VALIDATION_SECONDS)
        return accept(response, provider, request, deadline=validation, now=system.clock())


def _end(request: SignInRequest, device: DeviceAuthorization, deadline: Deadline) -> Deadline:
    """Return when the wait ends: with the code (RFC 8628 §3.2), or sooner if a shorter time was asked for."""
    lives = device.expires_in
    if lives is None:  # which the standard requires
        return deadline
    shorter = request.timeout_given or request.in_background
    return Deadline.after(min(deadline.left(), lives) if shorter else lives)


def _authorization(
    request: SignInRequest,
    provider: Provider,
    metadata: Metadata,
    verifier: Secret | None,
    deadline: Deadline,
) -> DeviceAuthorization:
    """Ask for a device code (RFC 8628 §3.1)."""
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
    endpoint = provider.endpoint(url, metadata, "device authorization endpoint")
    return DeviceAuthorization.parse(endpoint.ask(parameters, deadline), local=urlsplit(url).scheme == "http")


def _show(
    request: SignInRequest, system: System, device: DeviceAuthorization, why: str, no_browser: str | None
) -> bool:
    """Show the code and where to enter it (RFC 8628 §3.3); open that page where there is a browser.

    Returns:
        Whether a page was opened that has the code in it, so that the person need not read it here.
    """
    terminal = system.terminal
    announce(request, system, why)
    because = f" ({no_browser})" if no_browser else ""
    terminal.need(f"Sign in needed{because}. On any device, open this address in a browser:\n")
    terminal.show(device.verification_uri)
    terminal.need("\nand enter this code:\n")
    terminal.show(device.user_code)
    complete = device.verification_uri_complete
    if complete:
        terminal.need(f"\nor open this address, which has the code in it:\n\n  {complete}")
    terminal.need("")
    page = complete or device.verification_uri
    browser = Browser.from_environment(
        command=request.browser_command, environ=system.environ, platform=sys.platform
    )
    opened = (
        request.open_browser
        and no_browser is None
        and browser.available() is None
        and may_be_opened(page)
        and browser.open(page)
    )
    if opened:
        terminal.say("The browser opens at that address; compare the code that it shows with this one")
    return opened and bool(complete)
