"""Load a session that a command shows or uses, and renew its token if it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.authentication.authenticate import authenticate
from kubectl_oidc.errors import SignInNeeded

from .suggestions import no_session

if TYPE_CHECKING:
    from kubectl_oidc.sessions.session import Session
    from kubectl_oidc.system.system import System

    from .target import TargetSession


def stored_session(target: TargetSession, system: System) -> tuple[Session, str]:
    """Return the session as it is stored, and the name of the place.

    Raises:
        SignInNeeded: No session is stored.
    """
    session, place = target.load(system)
    if session is None:
        raise no_session(target.request, target.command_line("login"))
    return session, place


def session_with_valid_token(
    target: TargetSession, system: System, *, may_prompt: bool
) -> tuple[Session, str]:
    """Return the session with a valid token, and the name of the place where it is stored; empty if it is not stored.

    Args:
        may_prompt: Whether the user may be asked to sign in, as by get-token.

    Raises:
        OidcLoginError: A rule forbids the session, or there is no valid token.
    """
    if target.request.refusal:
        raise target.request.refusal
    if target.selected:  # its flags are unknown, so it cannot be renewed
        session, place = stored_session(target, system)
        if session.expiry > system.clock():
            return session, place
        raise SignInNeeded(
            "the token has expired, and no user of the kubeconfig has this session",
            "give all flags of its get-token",
        )
    try:
        request = target.request
        outcome = authenticate(
            request if may_prompt or not request.asks_a_person() else request.without_prompt(), system
        )
    except SignInNeeded as error:
        error.hint = f"run `{target.command_line('login')}`"
        raise
    return outcome.session, outcome.storage
