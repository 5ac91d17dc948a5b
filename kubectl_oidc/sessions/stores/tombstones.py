"""Tombstones: index entries of purged sessions, which keep commands that still run from storing those sessions again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError
from kubectl_oidc.sessions.write_lock import writing
from kubectl_oidc.system import private_files

from .index import DIRECTORY, FILE_NAME, Entry, file_name, parse_entry, read_host_entries, write_file

if TYPE_CHECKING:
    from pathlib import Path

TOMBSTONE_SECONDS = 7 * 24 * 3600
"""How long a tombstone stays: no command that could store the session again runs that long."""


def bury(base: Path, entry: Entry) -> None:
    """Replace every entry of a purged session on this host by a tombstone. The caller holds the session's write lock.

    Args:
        entry: What was known of the session. No record below its generation is stored any more.

    Raises:
        StoreError: It cannot be written.
    """
    for name in {file_name(one) for one in (entry, *read_host_entries(base, entry.session_id))}:
        write_file(base, name, entry._replace(storage="", person="", former=(), flags=()))


def sweep(base: Path, now: float) -> None:
    """Remove the tombstones of the cache directory ``base`` that are old at ``now``, in epoch seconds."""
    for name in filter(None, map(FILE_NAME.fullmatch, private_files.private_file_names(base / DIRECTORY))):
        path = base / DIRECTORY / name[0]
        with contextlib.suppress(OSError, StoreError):
            if now - path.lstat().st_mtime < TOMBSTONE_SECONDS or not _is_tombstone(path, name[1]):
                continue
            with writing(base, name[1], seconds=0):
                if _is_tombstone(path, name[1]):
                    private_files.remove_private_file(path.parent, path.name)


def _is_tombstone(path: Path, session_id: str) -> bool:
    entry = parse_entry(private_files.read_private_file(path.parent, path.name) or b"", session_id)
    return entry is not None and entry.purged()
