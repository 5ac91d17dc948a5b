"""Why a sign-in is needed, in one line for the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.sessions.stores import index
from kubectl_oidc.times import duration_text, local_clock

from .account import AGE_FLAG, TTL_FLAG
from .request import MARGIN

if TYPE_CHECKING:
    from kubectl_oidc.sessions.session import Session

    from .authentication import Authentication

UNLOCKED = "the session cannot be locked, so it is not refreshed"


def asked(authentication: Authentication, session: Session | None) -> str:
    """Return the reason of a command that always signs in, perhaps empty. `session` is the current session."""
    reason = authentication.request.renewal.reason
    replaces = f"replaces the session of {session.person}" if session else ""
    return "; ".join(filter(None, (reason, replaces)))


def no_session(authentication: Authentication) -> str:
    """Return why there is no session."""
    entry = authentication.repository.index_entry.read()
    if authentication.unreadable:
        return "the stored session cannot be read"
    if authentication.repository.store.name == "none":
        return "sessions are not stored"
    if entry is None:
        return (
            "no stored session has these flags"
            if _has_others(authentication)
            else "no session is stored here"
        )
    return "the stored session is missing or damaged" if entry.storage else "the session was removed"


def _has_others(authentication: Authentication) -> bool:
    """Return whether another session of the same client is stored."""
    request = authentication.request
    client = (request.issuer, request.client_id)
    entries = index.read_entries(request.storage.cache_dir)
    return any(one.storage and (one.issuer, one.client_id) == client for one in entries)


def not_refreshed(authentication: Authentication, session: Session) -> str:
    """Return why a session cannot be refreshed, or an empty string if it can."""
    now, account = authentication.now(), authentication.request.account
    if session.refresh_token is None and authentication.request.renewal.force_refresh:
        return "--force-refresh, and the session has no refresh token"
    if session.refresh_token is None and session.expiry > now + MARGIN:
        return f"the session ends at {local_clock(session.expiry, now)}, sooner than {TTL_FLAG}={duration_text(account.min_ttl)} requires"
    if session.refresh_token is None:
        return f"the session ended at {local_clock(session.expiry, now)}"
    if authentication.is_too_old(session):
        max_age, signed_in = duration_text(account.max_age or 0), local_clock(session.authenticated_at(), now)
        return f"you signed in at {signed_in}, longer ago than {AGE_FLAG}={max_age} allows"
    return "" if authentication.lock.held else UNLOCKED
