"""The errors for a session that is not stored here; each names the stored sessions with the closest names."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from kubectl_oidc.errors import SignInNeeded
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from kubectl_oidc.authentication.request import SignInRequest

    from .selection import Candidate

_MOST = 3  # sessions that an error names


def near_sessions(cache_dir: Path, *, issuer: str, client_id: str, name: str) -> tuple[str, ...]:
    """Return the closest stored sessions, one line each: same issuer first, then same client, then similar names.

    What was not requested is empty.
    """
    return _closest(_stored(cache_dir), name, issuer=issuer, client_id=client_id)


def no_session(request: SignInRequest, login: str) -> SignInNeeded:
    """Return the error for a request without a stored session; ``login`` is the command that signs in for it."""
    named = f" with the name {sanitize(request.session_name)}" if request.session_name else ""
    kept = _stored(request.storage.cache_dir)
    asked = (request.issuer, request.client_id, request.session_name)
    alike = any((entry.issuer, entry.client_id, entry.name) == asked for entry in kept)
    what = "has these scopes and flags" if alike else "is stored here"
    return SignInNeeded(
        f"no session of client {sanitize(request.client_id)} at {sanitize(request.issuer)}{named} {what}",
        f"run `{login}` to sign in, or give the flags of a stored session",
        lines=_closest(kept, request.session_name, issuer=request.issuer, client_id=request.client_id),
    )


def unknown_session(
    kept: Sequence[Candidate], *, word: str = "", issuer: str = "", client_id: str = ""
) -> SignInNeeded:
    """Return the error for flags that select nothing; it lists the closest of the sessions that are stored here.

    Args:
        word: The value of ``--session``, or empty; then the issuer or the client was given.
    """
    of_flag = f"at {sanitize(issuer)}" if issuer else f"of client {sanitize(client_id)}"
    what = f"with the name or ID {sanitize(word, limit=100)}" if word else of_flag
    return SignInNeeded(
        f"no session {what} is stored here",
        "run `kubectl oidc-login status` to list the sessions",
        lines=_closest([one.entry for one in kept if one.entry], word, issuer=issuer, client_id=client_id),
    )


def _stored(cache_dir: Path) -> list[index.Entry]:
    return [entry for entry in index.read_entries(cache_dir) if entry.storage]


def _closest(
    entries: Iterable[index.Entry], name: str, *, issuer: str = "", client_id: str = ""
) -> tuple[str, ...]:
    def likeness(entry: index.Entry) -> tuple[bool, bool, float]:
        ratio = SequenceMatcher(None, entry.name.casefold(), name.casefold()).ratio()
        return entry.issuer == issuer, entry.client_id == client_id, ratio

    return tuple(_flags_of(entry) for entry in sorted(entries, key=likeness, reverse=True)[:_MOST])


def _flags_of(entry: index.Entry) -> str:
    """Return the flags that select a session, and who signed in."""
    extra = ",".join(scope for scope in entry.scopes if scope != "openid")
    scopes = f" --oidc-extra-scope={extra}" if extra else ""
    name = f" --session={entry.name}" if entry.name else ""
    flags = (
        f"--oidc-issuer-url={entry.issuer} --oidc-client-id={entry.client_id}{scopes}{name} ({entry.person})"
    )
    return sanitize(flags, limit=300)
