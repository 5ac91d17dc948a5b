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


def near_sessions(cache_dir: Path, *, issuer: str, client_id: str, name: str) -> str:
    """Return the closest stored sessions as text: same issuer first, then same client, then similar names.

    What was not requested is empty.
    """
    return _closest(_stored(cache_dir), name, issuer=issuer, client_id=client_id)


def no_session(request: SignInRequest, login: str) -> SignInNeeded:
    """Return the error for a request without a stored session; ``login`` is the command that signs in for it."""
    named = f" with the name {sanitize(request.session_name)}" if request.session_name else ""
    kept = _stored(request.storage.cache_dir)
    asked = (request.issuer, request.client_id, request.session_name)
    alike = any((entry.issuer, entry.client_id, entry.name) == asked for entry in kept)
    like = " for these scopes and flags" if alike else ""
    near = _closest(kept, request.session_name, issuer=request.issuer, client_id=request.client_id)
    return SignInNeeded(
        f"no session of client {sanitize(request.client_id)} at {sanitize(request.issuer)}{named}{like} is kept here",
        f"`{login}` signs in" + (f"; kept are {near}" if near else ""),
    )


def unknown_session(word: str, kept: Sequence[Candidate]) -> SignInNeeded:
    """Return the error for a ``--session`` that selects nothing; it names those of the sessions that are stored here."""
    near = _closest([one.entry for one in kept if one.entry], word)
    lists = "`kubectl oidc-login status` lists the sessions"
    return SignInNeeded(
        f"no session with the name or ID {sanitize(word, limit=100)} is kept here",
        f"{lists}; kept are {near}" if near else lists,
    )


def _stored(cache_dir: Path) -> list[index.Entry]:
    return [entry for entry in index.read_entries(cache_dir) if entry.storage]


def _closest(entries: Iterable[index.Entry], name: str, *, issuer: str = "", client_id: str = "") -> str:
    def likeness(entry: index.Entry) -> tuple[bool, bool, float]:
        ratio = SequenceMatcher(None, entry.name.casefold(), name.casefold()).ratio()
        return entry.issuer == issuer, entry.client_id == client_id, ratio

    return "; ".join(_flags_of(entry) for entry in sorted(entries, key=likeness, reverse=True)[:_MOST])


def _flags_of(entry: index.Entry) -> str:
    """Return the flags that select a session, and who signed in."""
    extra = ",".join(scope for scope in entry.scopes if scope != "openid")
    scopes = f" --oidc-extra-scope={extra}" if extra else ""
    name = f" --session={entry.name}" if entry.name else ""
    flags = (
        f"--oidc-issuer-url={entry.issuer} --oidc-client-id={entry.client_id}{scopes}{name} ({entry.person})"
    )
    return sanitize(flags, limit=300)
