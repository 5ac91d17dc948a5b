"""The index: what is known of each session without its secrets, one file each, because a keyring cannot always be listed.

``purge`` finds sessions by it, and it counts generations even if a record has disappeared. If it is lost, it is written again.

The entry of a session on disk or in the OS keyring is the file ``ID.json``. A kernel keyring belongs to one host, and several
hosts may share this directory. So the entry of a session in it is ``ID.HOST.json``, and each host counts its own generations.
Version 1.0.0 wrote ``ID.json`` for kernel sessions too. Such an entry is used only on the host that it names, and replaced there.

Entries change only under the session's write lock (`write_lock`); `update_entry` acquires it.
"""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.sessions.session_record import texts
from kubectl_oidc.system import private_files

from .host import this_host

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kubectl_oidc.sessions.session import Session

DIRECTORY = "sessions"
VERSION = 1
PLACES = ("", "keyring", "kernel", "disk")
KERNEL = "kernel"
FILE_NAME = re.compile(r"([0-9a-f]{32})(\.[0-9a-f]{16})?\.json")

_JSON_KINDS: dict[type, type] = {str: str, int: int, bool: bool, tuple: list}


class Entry(NamedTuple):
    """What is known of a session without its secrets.

    Attributes:
        name: ``--session``, else empty.
        person: Who is signed in, for display; empty after a purge.
        storage: The session's store; empty after a purge.
        credential: The place of its current credential: ``kernel``, ``disk`` or ``keyring``.
        generation: The newest generation; an older record is not used.
        signed_in_at: Epoch seconds.
        refreshed_at: Epoch seconds.
        expiry: When the current token expires, epoch seconds.
        renewable: Whether there is a refresh token.
        in_flight: When a refresh was sent that was not answered yet, epoch seconds; 0 otherwise.
        host: The name of the host that wrote this.
        former: Other stores that may still hold a copy: the session is being moved, or could not be removed there.
        trust: Who was trusted when the session was obtained (``trust.trust_identity``); None if version 1.0.0 wrote this.
        flags: The flags that lead to this session, with placeholders for secrets; none if version 1.0.0 wrote this.
    """

    session_id: str
    host: str
    issuer: str = ""
    client_id: str = ""
    scopes: tuple[str, ...] = ()
    name: str = ""
    person: str = ""
    storage: str = ""
    credential: str = ""
    generation: int = 0
    signed_in_at: int = 0
    refreshed_at: int = 0
    expiry: int = 0
    renewable: bool = False
    in_flight: int = 0
    former: tuple[str, ...] = ()
    trust: tuple[str, ...] | None = None
    flags: tuple[str, ...] = ()

    @classmethod
    def of(cls, session: Session, storage: str) -> Entry:
        """Return what the record of a session in ``storage`` says: neither its scopes nor its name."""
        return cls(
            session_id=session.session_id,
            host=this_host().name,
            issuer=session.issuer,
            client_id=session.audience[0] if session.audience else "",
            person=session.person,
            storage=storage,
            generation=session.generation,
            signed_in_at=session.signed_in_at,
            refreshed_at=session.signed_in_at,
            expiry=session.expiry,
            renewable=session.refresh_token is not None,
        )

    def obtained_at(self) -> int:
        """Return when the provider last issued tokens for it, epoch seconds."""
        return max(self.signed_in_at, self.refreshed_at)

    def purged(self) -> bool:
        """Return whether this is a tombstone: the session was removed, and no older one is stored again."""
        return not (self.storage or self.person or self.former)


def read_entry(base: Path, session_id: str, storage: str = "") -> Entry | None:
    """Return the session's entry in the cache directory ``base`` on this host, or None if there is none that can be used.

    Args:
        storage: Which entry to return if the session is both in the kernel keyring and in another store; by default the kernel's.
    """
    entries = read_host_entries(base, session_id)
    return entries[0 if storage in ("", KERNEL) else -1] if entries else None


def read_host_entries(base: Path, session_id: str) -> list[Entry]:
    """Return the session's entries on this host: at most one for the kernel keyring, then at most one for the other stores."""
    found = (_read_file(base, name, session_id) for name in _file_names(session_id))
    return [entry for entry in found if entry is not None]


def _shared_file(session_id: str) -> str:
    """Return the name of the file for a session outside the kernel keyring."""
    return f"{session_id}.json"


def _kernel_file(session_id: str) -> str:
    """Return the name of the file for a session in this host's kernel keyring; only Linux has one."""
    return f"{session_id}.{this_host().mark}.json" if sys.platform == "linux" else ""


def _file_names(session_id: str) -> list[str]:
    return list(filter(None, (_kernel_file(session_id), _shared_file(session_id))))


def file_name(entry: Entry) -> str:
    """Return the name of the entry's file."""
    kernel = entry.storage == KERNEL and _kernel_file(entry.session_id)
    return kernel or _shared_file(entry.session_id)


def _read_file(base: Path, name: str, session_id: str) -> Entry | None:
    entry = parse_entry(private_files.read_private_file(base / DIRECTORY, name) or b"", session_id)
    return None if entry and name == _shared_file(session_id) and _is_foreign(entry) else entry


def _is_foreign(entry: Entry) -> bool:
    """Return whether an entry in ``ID.json`` is version 1.0.0's for another host's kernel keyring."""
    return entry.storage == KERNEL and entry.host != this_host().name


def _json_kinds() -> dict[str, type]:
    """Return the type of each member of a file that every version writes, as JSON has it."""
    samples = {"host": "", **Entry._field_defaults}
    del samples["trust"], samples["flags"]
    return {name: _JSON_KINDS[type(sample)] for name, sample in samples.items()}


def parse_entry(content: bytes, session_id: str) -> Entry | None:
    """Return the entry in a file, or None if it is damaged, of another version or of another session."""
    try:
        values = json.loads(content)
        if values.pop("version") != VERSION or values["session_id"] != session_id:
            return None
        trust, flags = values.pop("trust", None), values.pop("flags", [])
        if any(type(values[name]) is not kind for name, kind in _json_kinds().items()):
            return None
        if any(place not in PLACES for place in (values["storage"], values["credential"], *values["former"])):
            return None
        lists = {name: tuple(map(str, values[name])) for name in ("scopes", "former")}
        return Entry(**{**values, **lists}, trust=None if trust is None else texts(trust), flags=texts(flags))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def damage(base: Path, session_id: str) -> str:
    """Return why the session's entry cannot be used, for display; empty if there is none."""
    directory = base / DIRECTORY
    for name in _file_names(session_id):
        content = private_files.read_private_file(directory, name)
        refusal = private_files.reason_not_private(directory, name) if content is None else ""
        if content is not None and parse_entry(content, session_id) is None:
            refusal = f"the index entry {directory / name} is damaged or of another version"
        if refusal:
            return refusal
    return ""


def read_entries(base: Path) -> list[Entry]:
    """Return the entries of the cache directory ``base`` on this host, one for each session."""
    names = filter(None, map(FILE_NAME.fullmatch, private_files.private_file_names(base / DIRECTORY)))
    found = [read_entry(base, session_id) for session_id in dict.fromkeys(name[1] for name in names)]
    return [entry for entry in found if entry is not None]


def write_entry(base: Path, entry: Entry) -> None:
    """Write the session's entry. The caller holds the session's write lock.

    If the session has another file on this host that this entry replaces, that is removed. Such a file is a tombstone, was written by
    version 1.0.0, or belongs to a store that the session was moved out of.

    Raises:
        StoreError: The file cannot be written.
    """
    write_file(base, file_name(entry), entry)
    for name in _file_names(entry.session_id):
        other = None if name == file_name(entry) else _read_file(base, name, entry.session_id)
        if other and (other.purged() or other.storage in (entry.storage, *entry.former)):
            private_files.remove_private_file(base / DIRECTORY, name, lasting=True)


def write_file(base: Path, name: str, entry: Entry) -> None:
    """Write an entry to the file of this name. Raise StoreError if it cannot be written."""
    content = json.dumps({"version": VERSION, **entry._asdict()}, indent=1).encode()
    directory = private_files.ensure_directory(base, DIRECTORY)
    private_files.write_private_file(directory, name, content, lasting=True)


def update_entry(
    base: Path, session_id: str, change: Callable[[Entry | None], Entry | None], storage: str = ""
) -> Entry | None:
    """Change the session's entry under its write lock, and return the new entry.

    Args:
        change: Receives the current entry and returns the new one, or None to change nothing.

    Raises:
        StoreError: The lock was not free in time, or the file cannot be written.
    """
    from kubectl_oidc.sessions.write_lock import writing

    with writing(base, session_id):
        entry = change(read_entry(base, session_id, storage))
        if entry is not None:
            write_entry(base, entry)
    return entry


def remove_entries(base: Path, session_id: str) -> bool:
    """Remove the session's entries on this host and return whether there was one. The caller holds the session's write lock.

    Raises:
        StoreError: A file cannot be removed.
    """
    found = False
    for name in _file_names(session_id):
        content = private_files.read_private_file(base / DIRECTORY, name)
        entry = parse_entry(content or b"", session_id)
        if not (entry and name == _shared_file(session_id) and _is_foreign(entry)):
            found = private_files.remove_private_file(base / DIRECTORY, name, lasting=True) or found
    return found
