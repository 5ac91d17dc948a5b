"""The errors for a session that is not stored here; each names the stored sessions with the closest names."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from kubectl_oidc.errors import SignInNeeded
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.text import sanitize

from .selection import SHORT, Candidate, selecting_commands

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kubectl_oidc.authentication.request import SignInRequest

_MOST = 3  # sessions that an error names
_START_OF_AN_ID = re.compile(f"[0-9a-fA-F]{{1,{SHORT - 1}}}")


def near_sessions(cache_dir: Path, *, issuer: str, client_id: str, name: str) -> tuple[str, ...]:
    """Return the closest stored sessions, one line each: same issuer first, then same client, then similar names.

    What was not requested is empty.
    """
    return _closest(indexed_sessions(cache_dir), name, issuer=issuer, client_id=client_id)


def no_session(request: SignInRequest, login: str) -> SignInNeeded:
    """Return the error for a request without a stored session; ``login`` is the command that signs in for it."""
    name = request.session_name
    named = f" with the name {sanitize(name)}" if name else ""
    kept = indexed_sessions(request.storage.cache_dir)
    asked = (request.issuer, request.client_id, name)
    alike = any((*one.client, one.name) == asked for one in kept)
    what = "has the requested scopes and flags" if alike else "is stored here"
    return SignInNeeded(
        f"no session of client {sanitize(request.client_id)} at {sanitize(request.issuer)}{named} {what}{_if_short(name)}",
        f"run `{login}` to sign in{', or one of these commands to use another session' if kept else ''}",
        lines=_closest(kept, name, issuer=request.issuer, client_id=request.client_id),
    )


def unknown_session(
    kept: Sequence[Candidate], *, word: str = "", issuer: str = "", client_id: str = "", login: str = ""
) -> SignInNeeded:
    """Return the error for flags that select nothing; it lists the closest of the sessions that are stored here.

    Args:
        word: The value of ``--session``, or empty; then the issuer or the client was given.
        login: The command that makes a session of this name; empty if the name is surely mistyped.
    """
    lines = _closest([one for one in kept if one.entry], word, issuer=issuer, client_id=client_id)
    ways = [
        *([f"`{login}` for a new session"] if login else []),
        *(["one of these commands"] if lines else []),
        "`kubectl oidc-login status` to list the sessions",
    ]
    of_flag = f"at {sanitize(issuer)}" if issuer else f"of client {sanitize(client_id)}"
    what = f"with the name or ID {sanitize(word, limit=100)}" if word else of_flag
    return SignInNeeded(
        f"no session {what} is stored here{_if_short(word)}", f"run {', or '.join(ways)}", lines=lines
    )


def _if_short(word: str) -> str:
    """Return that an ID needs more digits, for a message, if a value of ``--session`` may be the start of one; else nothing."""
    return f"; an ID needs at least {SHORT} digits" if _START_OF_AN_ID.fullmatch(word) else ""


def indexed_sessions(cache_dir: Path) -> list[Candidate]:
    """Return the sessions that the index says are stored."""
    entries = index.read_entries(cache_dir)
    return [Candidate(entry.session_id, cache_dir, entry) for entry in entries if entry.storage]


def _closest(
    kept: Sequence[Candidate], word: str, *, issuer: str = "", client_id: str = ""
) -> tuple[str, ...]:
    """Return a line each for the closest sessions: the command that selects it, and what it is."""

    def likeness(one: Candidate) -> tuple[bool, bool, bool, float]:
        ratio = SequenceMatcher(None, one.name.casefold(), word.casefold()).ratio()
        by_id = bool(word) and one.session_id.startswith(word.lower())
        return by_id, one.client[0] == issuer, one.client[1] == client_id, ratio

    nearest = sorted(kept, key=likeness, reverse=True)[:_MOST]
    return selecting_commands(nearest, kept)
