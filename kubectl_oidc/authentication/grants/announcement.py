"""What a person is told before they are asked to sign in: where, and why; and what happens if nobody can be told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_oidc.errors import SignInError
from kubectl_oidc.system.standard_error import is_muted
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.system.system import System


def announce(request: SignInRequest, system: System, why: str) -> None:
    """Say where the person signs in, and why, terminal or not: nobody is asked without a reason.

    Args:
        request: What is asked for.
        system: Clock, environment, terminal.
        why: Why a sign-in is needed.
    """
    system.terminal.need(f"Signing in at {request.host}: {sanitize(why)}")
    system.log.info(1, f"signing in at {request.host}: {why}")
    if request.tls.insecure:
        system.terminal.say("warning: the provider's certificate is not checked (--insecure-skip-tls-verify)")


UNSEEN_SECONDS = 30.0
"""How long the plugin waits for a person who has to read an address, if standard error is no terminal.

Many clients show it only after the plugin has ended.
"""


def without_browser(request: SignInRequest, system: System) -> SignInRequest:
    """Return the request for a sign-in whose address or code a person has to read: a short wait if nobody may see it in time.

    Args:
        request: What is asked for.
        system: Clock, environment, terminal.

    Raises:
        SignInError: Nothing can be shown, because other programs use the terminal.
    """
    if is_muted():
        raise SignInError(
            "a sign-in is needed, no browser can be opened here, and another program uses the terminal",
            sign_in_first(request),
            topic="no-terminal",
        )
    unseen = not (system.terminal.interactive or request.sign_in or request.timeout_given)
    return (
        replace(request, timeout=min(request.timeout, UNSEEN_SECONDS), in_background=True)
        if unseen
        else request
    )


def sign_in_first(request: SignInRequest) -> str:
    """Return the hint for a client that shows no words in time.

    Args:
        request: What is asked for.
    """
    return f"sign in from a terminal first: {request.command_line('login')}"
