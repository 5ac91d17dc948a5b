"""The sessions that are most like one that is not kept here, for who mistyped its name."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from kubectl_oidc.errors import SignInNeeded
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kubectl_oidc.authentication.request import SignInRequest

    from .selection import Candidate

_MOST = 3  # sessions that are named


def near_sessions(cache_dir: Path, *, issuer: str, client_id: str, name: str) -> str:
    """Return the nearest sessions in words; empty where none is kept.

    Args:
        cache_dir: The cache directory.
        issuer: The issuer that was asked for; empty where none was.
        client_id: The client that was asked for, likewise.
        name: ``--session``, else empty.
    """
    kept = [entry for entry in index.read_all(cache_dir) if entry.storage]

    def likeness(entry: index.Entry) -> tuple[bool, bool, float]:
        alike = SequenceMatcher(None, entry.name.casefold(), name.casefold()).ratio()
        return entry.issuer == issuer, entry.client_id == client_id, alike

    nearest = sorted(kept, key=likeness, reverse=True)[:_MOST]
    return "; ".join(_named(entry) for entry in nearest)


def no_session(request: SignInRequest, login: str) -> SignInNeeded:
    """Return the error of a session that is not kept here, which names those that are.

    Args:
        request: What was asked for.
        login: The command that signs in for it.
    """
    named = f" with the name {sanitize(request.session_name)}" if request.session_name else ""
    near = near_sessions(
        request.cache_dir,
        issuer=request.issuer,
        client_id=request.client_id,
        name=request.session_name,
    )
    asked = (request.issuer, request.client_id, request.session_name)
    kept = [entry for entry in index.read_all(request.cache_dir) if entry.storage]
    alike = any((entry.issuer, entry.client_id, entry.name) == asked for entry in kept)
    like = " for these scopes and flags" if alike else ""
    return SignInNeeded(
        f"no session of client {sanitize(request.client_id)} at {sanitize(request.issuer)}{named}{like} is kept here",
        f"`{login}` signs in" + (f"; kept are {near}" if near else ""),
    )


def unknown_session(word: str, kept: Sequence[Candidate]) -> SignInNeeded:
    """Return the error of a ``--session`` that selects nothing, which names the sessions that are kept here.

    Args:
        word: What was given.
        kept: The sessions that are kept here.
    """
    entries = [one.entry for one in kept if one.entry]
    nearest = sorted(
        entries,
        key=lambda entry: SequenceMatcher(None, entry.name.casefold(), word.casefold()).ratio(),
        reverse=True,
    )
    near = "; ".join(_named(entry) for entry in nearest[:_MOST])
    lists = "`kubectl oidc-login status` lists the sessions"
    return SignInNeeded(
        f"no session with the name or ID {sanitize(word, limit=100)} is kept here",
        f"{lists}; kept are {near}" if near else lists,
    )


def _named(entry: index.Entry) -> str:
    extra = ",".join(scope for scope in entry.scopes if scope != "openid")
    scopes = f" --oidc-extra-scope={extra}" if extra else ""
    name = f" --session={entry.name}" if entry.name else ""
    words = (
        f"--oidc-issuer-url={entry.issuer} --oidc-client-id={entry.client_id}{scopes}{name} ({entry.person})"
    )
    return sanitize(words, limit=300)
