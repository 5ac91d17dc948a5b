"""Which grant signs in: the one that --grant-type names, else the best that this machine and the provider offer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
from kubectl_oidc.system.browser import Browser
from kubectl_oidc.system.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.errors import OAuthErrorResponse
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.system.system import System


def sign_in(
    request: SignInRequest,
    system: System,
    provider: Provider,
    why: str,
    session_id: str,
    *,
    asks: Callable[[], None] = lambda: None,
) -> Tokens:
    """Return the tokens of a sign-in by the grant that is asked for.

    Args:
        request: What is asked for.
        system: Clock, environment, terminal.
        provider: The OpenID provider.
        why: Why a sign-in is needed, for the person.
        session_id: The session, whose failed sign-ins are remembered where a person was asked.
        asks: Is called when a person is asked.

    Raises:
        OidcLoginError: The sign-in failed.
    """
    for note in request.notes:
        system.terminal.say(f"note: {note}")
        system.log.info(1, note)
    failures = FailedSignIns(request.cache_dir, session_id, clock=system.clock, log=system.log, asks=asks)
    with failures.remembered():
        if request.grant == "client-credentials":
            from kubectl_oidc.authentication.grants import client_credentials

            return client_credentials.sign_in(request, system, provider)
        return _of_a_person(request, system, provider, why, failures)


def _of_a_person(
    request: SignInRequest, system: System, provider: Provider, why: str, failures: FailedSignIns
) -> Tokens:
    if system.terminal.interactive or request.sign_in:
        failures.resume()
    else:
        failures.check(request.command_line("login"))
    provider.check_trust()  # the metadata may be kept, and then the first request comes after the browser
    if request.grant != "device-code":  # which asks the provider at once
        provider.begin_to_reach(provider.metadata(Deadline.after(request.timeout)))
    if request.grant == "password":
        from kubectl_oidc.authentication.grants import password

        return password.sign_in(request, system, provider, why, failures)
    if request.grant == "authcode-keyboard":
        from kubectl_oidc.authentication.grants import authorization_code_keyboard

        return authorization_code_keyboard.sign_in(request, system, provider, why, failures)
    if request.grant == "device-code":
        from kubectl_oidc.authentication.grants import device_code

        return device_code.sign_in(request, system, provider, why, failures)
    tokens = _by_device_code(request, system, provider, why, failures) if request.grant == "auto" else None
    if tokens is None:
        from kubectl_oidc.authentication.grants import authorization_code

        tokens = authorization_code.sign_in(request, system, provider, why, failures)
    return tokens


def _by_device_code(
    request: SignInRequest, system: System, provider: Provider, why: str, failures: FailedSignIns
) -> Tokens | None:
    """Sign in by device code where no browser can be opened and the provider has that grant; else return None.

    A provider may have it and not allow it for this client, which is known once it is asked: then nobody was bothered yet.
    """
    if not request.open_browser:
        return None  # there is a browser, and a person who opens the address in it
    browser = Browser.from_environment(
        command=request.browser_command, environ=system.environ, platform=sys.platform
    )
    reason = browser.available()
    if reason is None:
        return None
    if request.account.prompt or request.account.max_age is not None:
        return None  # which the device code has no way to ask for (RFC 8628 §3.1)
    metadata = provider.metadata(Deadline.after(request.timeout))
    if metadata.device_authorization_endpoint is None:
        system.log.info(1, f"{reason}, and the provider's metadata names no device_authorization_endpoint")
        return None
    from kubectl_oidc.authentication.grants import device_code

    try:
        return device_code.sign_in(request, system, provider, why, failures, no_browser=reason)
    except device_code.NotAllowedError as error:
        refusal = error.refusal
    _say_refused(system, refusal)
    return None


def _say_refused(system: System, refusal: OAuthErrorResponse) -> None:
    system.log.info(1, refusal.message)
    system.terminal.say(f"The provider does not allow this client the device code ({refusal.code})")
