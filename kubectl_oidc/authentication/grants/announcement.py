"""What the user reads before a sign-in: where, and why. Also what happens if the user can read nothing in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import SignInError
from kubectl_oidc.system.browser import may_be_opened
from kubectl_oidc.system.standard_error import is_muted
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from kubectl_oidc.authentication.request import SignInRequest

    from .sign_in import SignIn

UNSEEN_SECONDS = 30.0
"""How long the plugin waits for a user who must read an address or a code, if standard error is not a terminal.

Many clients show the plugin's output only after it has ended.
"""


def announce(sign_in: SignIn) -> None:
    """Show where the user signs in, and why, even if standard error is not a terminal."""
    request, system = sign_in.request, sign_in.system
    why = sanitize(sign_in.reason)
    system.terminal.need(f"Signing in to {request.host} ({why})" if why else f"Signing in to {request.host}")
    system.log.info(1, "sign-in-started", f"signing in at {request.host}{why and f': {why}'}")
    if request.tls.insecure:
        system.terminal.say("warning: the provider's certificate is not checked (--insecure-skip-tls-verify)")


def show_address_as_qr_code(sign_in: SignIn, words: str, url: str, *, below: int) -> None:
    """Show the QR code of an address that a phone can open, below a line of words, unless ``--no-qr`` is given.

    Args:
        below: How many lines the caller writes after it.
    """
    if sign_in.request.browser.qr_code and may_be_opened(url):
        from kubectl_oidc.system.qr_code import show_qr_code

        show_qr_code(sign_in.system.terminal, words, url, sign_in.system.environ, below=below)


def without_browser(sign_in: SignIn) -> SignIn:
    """Return the sign-in with a shorter time-out if the user may not see the address or code in time.

    Raises:
        SignInError: Nothing can be shown, because another program uses the terminal.
    """
    request = sign_in.request
    if is_muted():
        raise SignInError(
            "a sign-in is required, but no browser can be opened here and another program uses the terminal",
            sign_in_first(request),
            topic="no-terminal",
        )
    if sign_in.system.terminal.interactive or request.renewal.sign_in or request.timeout.given:
        return sign_in
    seconds = min(request.timeout.seconds, UNSEEN_SECONDS)
    timeout = request.timeout._replace(seconds=seconds, in_background=True)
    return sign_in._replace(request=request._replace(timeout=timeout))


def sign_in_first(request: SignInRequest) -> str:
    """Return the hint for a client that shows the plugin's output too late."""
    return f"first run `{request.command_line('login')}` in a terminal"
