"""The index: one file per session, without secrets, because a keyring cannot be listed.

It makes ``purge`` and ``purge --all`` possible and counts generations where the session's own record may have gone.
Losing it loses no session that is used again.

A session on disk or in the OS keyring has the file ``ID.json``. A kernel keyring belongs to one host, and several hosts may
share this directory, so a session in it has the file ``ID.HOST.json`` and each host counts its own generations. Version 1.0.0
wrote ``ID.json`` for kernel sessions too: such an entry is used on the host that it names, and replaced there.

Entries change only under the session's write lock (`write_lock`). `update` does that for one entry.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError
from kubectl_oidc.system import private_files

from .host import Host, this_host

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DIRECTORY = "sessions"
VERSION = 1
PLACES = ("", "keyring", "kernel", "disk")
KERNEL = "kernel"
TOMBSTONE_SECONDS = 7 * 24 * 3600
"""How long the entry of a purged session stays: longer than any command runs that could bring the session back."""

_NAME = re.compile(r"([0-9a-f]{32})(\.[0-9a-f]{16})?\.json")

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

    def purged(self) -> bool:
        """Tell whether this is a tombstone: the session was removed, and what is still on its way is older."""
        return not (self.storage or self.person or self.former)


def hostname() -> str:
    """Return this machine's name."""
    return this_host().name


def read(base: Path, session_id: str, storage: str = "", *, host: Host | None = None) -> Entry | None:
    """Return the session's entry on this host, or None if there is none that can be understood.

    Args:
        base: The cache directory.
        session_id: The session.
        storage: Where the session is asked for. If this host knows it in the kernel keyring and also elsewhere, the entry of
            this storage is returned; by default the kernel's.
        host: Another host than this one.
    """
    names = (_of_kernel, _of_others) if storage in ("", KERNEL) else (_of_others, _of_kernel)
    found = (_read(base, name(session_id, host), session_id, host) for name in names)
    return next((entry for entry in found if entry is not None), None)


def read_each(base: Path, session_id: str, *, host: Host | None = None) -> list[Entry]:
    """Return every entry of the session that counts on this host: at most the kernel's and one for the other storages."""
    found = (_read(base, name, session_id, host) for name in _names(session_id, host))
    return [entry for entry in found if entry is not None]


def _of_others(session_id: str, _host: Host | None = None) -> str:
    """Return the name of the file for a session outside the kernel keyring."""
    return f"{session_id}.json"


def _of_kernel(session_id: str, host: Host | None) -> str:
    """Return the name of the file for a session in a host's kernel keyring; only Linux has one."""
    return f"{session_id}.{(host or this_host()).mark}.json" if sys.platform == "linux" else ""


def _names(session_id: str, host: Host | None) -> list[str]:
    return list(filter(None, (_of_kernel(session_id, host), _of_others(session_id))))


def _name(entry: Entry, host: Host | None) -> str:
    kernel = entry.storage == KERNEL and _of_kernel(entry.session_id, host)
    return kernel or _of_others(entry.session_id)


def _read(base: Path, name: str, session_id: str, host: Host | None) -> Entry | None:
    content = private_files.read(base / DIRECTORY, name) if name else None
    entry = None if content is None else _parse(content, session_id)
    if entry and name == _of_others(session_id) and _is_foreign(entry, host):
        return None
    return entry


def _is_foreign(entry: Entry, host: Host | None) -> bool:
    """Tell whether an entry in ``ID.json`` is version 1.0.0's for another host's kernel keyring."""
    return entry.storage == KERNEL and entry.host != (host or this_host()).name


def _parse(content: bytes, session_id: str) -> Entry | None:
    try:
        values = json.loads(content)
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
    """Return why the session's entry cannot be used, in words, or an empty string.

    Args:
        base: The cache directory.
        session_id: The session.
    """
    directory = base / DIRECTORY
    for name in _names(session_id, None):
        content = private_files.read(directory, name)
        refusal = private_files.refusal(directory, name) if content is None else ""
        if content is not None and _parse(content, session_id) is None:
            refusal = f"the index entry {directory / name} is damaged or of another version"
        if refusal:
            return refusal
    return ""


def read_all(base: Path, *, host: Host | None = None) -> list[Entry]:
    """Return the entries under the cache directory that count on this host, one per session.

    Args:
        base: The cache directory.
        host: Another host than this one.
    """
    names = filter(None, map(_NAME.fullmatch, private_files.names(base / DIRECTORY)))
    found = [read(base, session_id, host=host) for session_id in dict.fromkeys(name[1] for name in names)]
    return [entry for entry in found if entry is not None]


def write(base: Path, entry: Entry, *, host: Host | None = None) -> None:
    """Put the session's entry; the caller holds the session's write lock.

    The session's other file on this host is removed if this entry replaces it: the session was moved out of that storage, the
    file is a tombstone, or version 1.0.0 wrote it.

    Args:
        base: The cache directory.
        entry: What to write.
        host: Another host than this one.

    Raises:
        StoreError: The file cannot be written.
    """
    _put(base, _name(entry, host), entry)
    for name in _names(entry.session_id, host):
        other = None if name == _name(entry, host) else _read(base, name, entry.session_id, host)
        if other and (other.purged() or other.storage in (entry.storage, *entry.former)):
            private_files.remove(base / DIRECTORY, name, lasting=True)


def _put(base: Path, name: str, entry: Entry) -> None:
    content = json.dumps({"version": VERSION, **asdict(entry)}, indent=1).encode()
    private_files.write(private_files.ensure_directory(base, DIRECTORY), name, content, lasting=True)


def update(
    base: Path,
    session_id: str,
    change: Callable[[Entry | None], Entry | None],
    storage: str = "",
) -> Entry | None:
    """Change the session's entry under its write lock.

    Args:
        base: The cache directory.
        session_id: The session.
        change: Gets the entry as it is now and returns the new one, or None to leave it as it is.
        storage: As for `read`.

    Returns:
        What ``change`` returned.

    Raises:
        StoreError: The lock could not be had in time, or the file cannot be written.
    """
    from kubectl_oidc.sessions.write_lock import writing

    with writing(base, session_id):
        entry = change(read(base, session_id, storage))
        if entry is not None:
            write(base, entry)
    return entry


def bury(base: Path, entry: Entry) -> None:
    """Leave a tombstone for a session that was removed; the caller holds the session's write lock.

    It takes the place of every entry of the session that counts on this host.

    Args:
        base: The cache directory.
        entry: What was known of the session, with the generation below which nothing is stored any more.

    Raises:
        StoreError: It cannot be written.
    """
    names = {_name(one, None) for one in (entry, *read_each(base, entry.session_id))}
    for name in names:
        _put(base, name, replace(entry, storage="", person="", former=()))


def sweep(base: Path, now: float) -> None:
    """Remove old tombstones; no command is still on its way from before them.

    Args:
        base: The cache directory.
        now: Epoch seconds.
    """
    from kubectl_oidc.sessions.write_lock import writing

    for name in filter(None, map(_NAME.fullmatch, private_files.names(base / DIRECTORY))):
        path = base / DIRECTORY / name[0]
        with contextlib.suppress(OSError, StoreError):
            if now - path.lstat().st_mtime < TOMBSTONE_SECONDS or not _is_tombstone(path, name[1]):
                continue
            with writing(base, name[1], seconds=0):
                if _is_tombstone(path, name[1]):
                    private_files.remove(path.parent, path.name)


def _is_tombstone(path: Path, session_id: str) -> bool:
    entry = _parse(private_files.read(path.parent, path.name) or b"", session_id)
    return entry is not None and entry.purged()


def remove(base: Path, session_id: str) -> bool:
    """Remove the session's entries on this host and tell whether there was one; the caller holds the session's write lock.

    Args:
        base: The cache directory.
        session_id: The session.

    Raises:
        StoreError: A file stays there.
    """
    found = False
    for name in _names(session_id, None):
        content = private_files.read(base / DIRECTORY, name)
        entry = _parse(content or b"", session_id)
        if not (entry and name == _of_others(session_id) and _is_foreign(entry, None)):
            found = private_files.remove(base / DIRECTORY, name, lasting=True) or found
    return found
