"""Choose the grant: the one that --grant-type names, otherwise the best that this computer and the provider offer."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from kubectl_oidc.authentication.request import JWT_BEARER

if TYPE_CHECKING:
    from kubectl_oidc.oidc.tokens import Tokens

    from .sign_in import SignIn


_IMPORTING = Lock()
"""Held during an import that two threads may do: an import that fails in one of them would have another error in the other."""


def sign_in(context: SignIn) -> Tokens:
    """Return the tokens of a sign-in by the grant that fits.

    Raises:
        OidcLoginError: The sign-in failed.
    """
    for note in context.request.notes:
        context.system.terminal.say(f"note: {note}")
        context.system.log.info(1, "note", note)
    with context.failures.remembered():
        if context.request.grant == "client-credentials":
            from .client_credentials import sign_in_as_client

            return sign_in_as_client(context)
        if context.request.grant == JWT_BEARER:
            from .jwt_bearer import sign_in_with_platform_token

            return sign_in_with_platform_token(context)
        return _sign_in_user(context)


def _sign_in_user(sign_in: SignIn) -> Tokens:
    request, system, provider = sign_in.request, sign_in.system, sign_in.provider
    if system.terminal.interactive or request.renewal.sign_in:
        sign_in.failures.resume()
    else:
        sign_in.failures.check(request.command_line("login"))
    provider.check_trust()  # with cached metadata, the first request would come after the browser
    if request.grant != "device-code":  # that grant sends a request at once
        browser = request.grant in {"auto", "authcode"}
        metadata = provider.metadata(
            request.timeout.deadline(), meanwhile=_import_browser_grant if browser else None
        )
        provider.start_connecting(metadata)
    if request.grant == "password":
        from .password import sign_in_with_password

        return sign_in_with_password(sign_in)
    if request.grant == "authcode-keyboard":
        from .authorization_code_keyboard import sign_in_with_pasted_code

        return sign_in_with_pasted_code(sign_in)
    if request.grant == "device-code":
        from .device_code import sign_in_with_device_code

        return sign_in_with_device_code(sign_in)
    tokens = _device_code_tokens(sign_in) if request.grant == "auto" else None
    if tokens is None:
        _import_browser_grant()
        from .authorization_code import sign_in_with_browser

        tokens = sign_in_with_browser(sign_in)
    return tokens


def _import_browser_grant() -> None:
    """Import what a sign-in through the browser needs: about as long as the provider takes to answer."""
    with _IMPORTING:
        from kubectl_oidc.system import browser, browser_command  # noqa: F401

        from . import authorization_code  # noqa: F401


def _device_code_tokens(sign_in: SignIn) -> Tokens | None:
    """Sign in by device code if no browser can be opened and the provider offers that grant; otherwise return None.

    A provider may offer the grant and refuse it to this client. It says so before the user is asked.
    """
    request, system = sign_in.request, sign_in.system
    if not request.browser.open:
        return None  # the user has a browser and opens the address in it
    no_browser = sign_in.browser().available()
    if no_browser is None:
        return None
    if request.account.parameters().keys() - {"login_hint"}:
        return None  # a device authorization request has no such parameter (RFC 8628 §3.1)
    metadata = sign_in.provider.metadata(request.timeout.deadline())
    if metadata.device_authorization_endpoint is None:
        system.log.info(
            1,
            "device-code-unavailable",
            f"{no_browser}, and the provider's metadata names no device_authorization_endpoint",
        )
        return None
    from .device_code import NotAllowedError, sign_in_with_device_code

    try:
        return sign_in_with_device_code(sign_in, no_browser=no_browser)
    except NotAllowedError as error:
        system.log.info(1, "device-code-unavailable", error.refusal.message)
        system.terminal.say(
            f"The provider does not allow the device code for this client ({error.refusal.code})"
        )
        return None
