"""The index: one file a session, without secrets, because a keyring cannot be listed.

It makes ``purge`` and ``purge --all`` possible and counts generations where the session's own record may have gone.
Losing it loses no session that is used again.
"""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from kubectl_oidc.stores import private_files

if TYPE_CHECKING:
    from pathlib import Path

DIRECTORY = "sessions"
VERSION = 1
PLACES = ("", "keyring", "kernel", "disk")

_KINDS: dict[str, type] = {"str": str, "int": int, "bool": bool, "tuple[str, ...]": list}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of a session without its secrets.

    Attributes:
        session_id: The session.
        issuer: Its issuer.
        client_id: Its client.
        scopes: The scopes asked for.
        name: ``--session``, else empty.
        person: Who is signed in, in words for people; empty after a purge.
        storage: Where the session rests; empty after a purge.
        credential: Where its current credential rests: ``kernel``, ``disk`` or ``keyring``.
        generation: The newest generation; an older record is not used.
        signed_in_at: Epoch seconds.
        refreshed_at: Epoch seconds.
        expiry: Of the current token, epoch seconds.
        renewable: Whether there is a refresh token.
        in_flight: When a refresh was sent that has had no answer yet, epoch seconds; 0 otherwise.
        host: The machine that wrote this.
        former: Other stores that may still hold a copy: the session is being moved, or could not be removed there.
        trust: Who was trusted when it was obtained (``trust.identity``); None in what version 1.0.0 wrote.
    """

    session_id: str
    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    name: str
    person: str
    storage: str
    credential: str
    generation: int
    signed_in_at: int
    refreshed_at: int
    expiry: int
    renewable: bool
    in_flight: int
    host: str
    former: tuple[str, ...] = ()
    trust: tuple[str, ...] | None = None


def hostname() -> str:
    """Return this machine's name."""
    return socket.gethostname()


def read(base: Path, session_id: str) -> Entry | None:
    """Return the session's entry, or None when there is none that can be understood.

    Args:
        base: The cache directory.
        session_id: The session.
    """
    content = private_files.read(base / DIRECTORY, f"{session_id}.json")
    try:
        values = json.loads(content or b"")
        if values.pop("version") != VERSION or values["session_id"] != session_id:
            return None
        if values["storage"] not in PLACES or values["credential"] not in PLACES:
            return None
        trust = _trust(values.pop("trust", None))
        kinds = {f.name: _KINDS[str(f.type)] for f in fields(Entry) if f.name != "trust"}
        if any(type(values[name]) is not kind for name, kind in kinds.items()):
            return None
        if any(place not in PLACES for place in values["former"]):
            return None
        lists = {name: tuple(map(str, values[name])) for name in ("scopes", "former")}
        return Entry(**{**values, **lists}, trust=trust)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _trust(kept: object) -> tuple[str, ...] | None:
    """Return the trust that an entry names; None where it names none.

    Raises:
        TypeError: It is no list of words.
    """
    if kept is None:
        return None
    if not isinstance(kept, list) or not all(isinstance(word, str) for word in kept):
        raise TypeError
    return tuple(kept)


def damage(base: Path, session_id: str) -> str:
    """Return why what stands in the place of the session's entry cannot be used, in words, or an empty string.

    Args:
        base: The cache directory.
        session_id: The session.
    """
    directory, name = base / DIRECTORY, f"{session_id}.json"
    if private_files.read(directory, name) is None:
        return private_files.refusal(directory, name)
    return (
        ""
        if read(base, session_id)
        else f"the index entry {directory / name} is damaged or of another version"
    )


def read_all(base: Path) -> list[Entry]:
    """Return every entry under the cache directory.

    Args:
        base: The cache directory.
    """
    names = private_files.names(base / DIRECTORY)
    found = [read(base, name.removesuffix(".json")) for name in names if name.endswith(".json")]
    return [entry for entry in found if entry is not None]


def write(base: Path, entry: Entry) -> None:
    """Put the session's entry.

    Args:
        base: The cache directory.
        entry: What to write.

    Raises:
        StoreError: The file cannot be written.
    """
    content = json.dumps({"version": VERSION, **asdict(entry)}, indent=1).encode()
    private_files.write(private_files.ensure_directory(base, DIRECTORY), f"{entry.session_id}.json", content)


def remove(base: Path, session_id: str) -> bool:
    """Remove the session's entry and tell whether there was one.

    Args:
        base: The cache directory.
        session_id: The session.

    Raises:
        StoreError: The file stays there.
    """
    return private_files.remove(base / DIRECTORY, f"{session_id}.json")
