"""Why a sign-in is needed: one line for whoever is asked to sign in, or is told that they must."""

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
    """Return the reason where the command signs in on purpose.

    Args:
        authentication: Where we are.
        session: The session that is there.
    """
    why = authentication.request.reason or "you asked for it"
    return f"{why}; the session of {session.person} stays until the new one is there" if session else why


def no_session(authentication: Authentication) -> str:
    """Return why there is no session that could be used.

    Args:
        authentication: Where we are.
    """
    entry = authentication.repository.entry()
    if authentication.unreadable:
        return "the stored session cannot be read"
    if authentication.repository.store.name == "none":
        return "no session is kept"
    if entry is None:
        return "first use of this session"
    return "the stored session is gone or damaged" if entry.storage else "the session was removed"


def not_refreshed(authentication: Authentication, session: Session) -> str:
    """Return why a session is not refreshed, or nothing where it can be.

    Args:
        authentication: Where we are; the session's lock is held, if it could be had.
        session: The session, whose token does not do any more.
    """
    now, wishes = authentication.now(), authentication.request.account
    if session.refresh_token is None and authentication.request.force_refresh:
        return "--force-refresh, and the session has no refresh token"
    if session.refresh_token is None and session.expiry > now + MARGIN:
        return f"the session ends at {clock(session.expiry, now)}, sooner than {TTL_FLAG}={written(wishes.min_ttl)} wants"
    if session.refresh_token is None:
        return f"the session ended at {clock(session.expiry, now)}"
    if authentication.is_too_old(session):
        longest, signed_in = written(wishes.max_age or 0), clock(session.authenticated_at(), now)
        return f"you signed in at {signed_in}, longer ago than {AGE_FLAG}={longest} allows"
    return "" if authentication.lock.held else UNLOCKED


def clock(moment: float, now: float) -> str:
    """Return a moment in local time: ``14:02``, with the date where that is not today's.

    Args:
        moment: Epoch seconds.
        now: Epoch seconds.
    """
    then, today = time.localtime(moment), time.localtime(now)
    return time.strftime("%H:%M" if then[:3] == today[:3] else "%H:%M on %Y-%m-%d", then)
