"""Why a sign-in is needed, in one line for the user."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kubectl_oidc.times import written

from .account import AGE_FLAG, TTL_FLAG
from .request import MARGIN

if TYPE_CHECKING:
    from kubectl_oidc.sessions.session import Session

    from .state import Authentication

UNLOCKED = "the session cannot be locked, so it is not refreshed"


def asked(authentication: Authentication, session: Session | None) -> str:
    """Return the reason of a command that always signs in. `session` is the current session."""
    reason = authentication.request.reason or "you asked for it"
    return (
        f"{reason}; the session of {session.person} stays until the new one is there" if session else reason
    )


def no_session(authentication: Authentication) -> str:
    """Return why there is no session."""
    entry = authentication.repository.entry()
    if authentication.unreadable:
        return "the stored session cannot be read"
    if authentication.repository.store.name == "none":
        return "no session is kept"
    if entry is None:
        return "first use of this session"
    return "the stored session is gone or damaged" if entry.storage else "the session was removed"


def not_refreshed(authentication: Authentication, session: Session) -> str:
    """Return why a session cannot be refreshed, or an empty string if it can."""
    now, account = authentication.now(), authentication.request.account
    if session.refresh_token is None and authentication.request.force_refresh:
        return "--force-refresh, and the session has no refresh token"
    if session.refresh_token is None and session.expiry > now + MARGIN:
        return f"the session ends at {clock(session.expiry, now)}, sooner than {TTL_FLAG}={written(account.min_ttl)} wants"
    if session.refresh_token is None:
        return f"the session ended at {clock(session.expiry, now)}"
    if authentication.is_too_old(session):
        max_age, signed_in = written(account.max_age or 0), clock(session.authenticated_at(), now)
        return f"you signed in at {signed_in}, longer ago than {AGE_FLAG}={max_age} allows"
    return "" if authentication.lock.held else UNLOCKED


def clock(moment: float, now: float) -> str:
    """Return a moment (epoch seconds) in local time: ``14:02``, with the date if it is not today."""
    then, today = time.localtime(moment), time.localtime(now)
    return time.strftime("%H:%M" if then[:3] == today[:3] else "%H:%M on %Y-%m-%d", then)
