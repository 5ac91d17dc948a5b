"""Purge a session: lock it, remove it from every place, and leave a tombstone so that no running command brings it back.

The session's own lock is waited for only briefly, because its holder may be waiting for a person. The write lock decides:
every process that stores something reads the index entry while holding it. The purge holds it while it raises the generation and
removes everything. The entry stays as a tombstone, so that a refresh that was sent before stores nothing. Only if no other
process can hold the session's lock is it removed too. A purge that cannot be sure of that reports it.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.errors import LockError, StoreError
from kubectl_oidc.fast_path.credential import CREDENTIALS_DIRECTORY as CREDENTIALS
from kubectl_oidc.system import private_files
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.file_lock import FileLock
from kubectl_oidc.system.log import QUIET
from kubectl_oidc.system.terminal import Terminal

from .lock_directory import every_lock_path
from .lock_wait import LockWait
from .lost_sessions import lost_sessions
from .removal import Removal, not_sure
from .stores import disk, index
from .stores.tombstones import sweep
from .write_lock import SECONDS, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kubectl_oidc.system.log import Log

LOCK_SECONDS = 5.0
"""How long to wait for a refresh that is in flight."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What was removed of one session.

    Attributes:
        person: Who was signed in, if the index knew it.
        issuer: The issuer, likewise.
        client_id: The client, likewise.
        places: The places it was removed from, for display.
        failures: What could not be removed, and why.
    """

    session_id: str
    person: str
    issuer: str
    client_id: str
    places: tuple[str, ...]
    failures: tuple[StoreError, ...]


def purge_session(
    session_id: str,
    cache_dir: Path,
    *,
    patience: float = LOCK_SECONDS,
    write_patience: float = SECONDS,
    before: Callable[[], None] = lambda: None,
) -> Purged:
    """Remove one session from every place, and return what was removed and what was not.

    Args:
        patience: How long to wait for a refresh that is in flight, in seconds.
        write_patience: How long to wait for another process that is writing the session, in seconds.
        before: Called first, while no other process uses the session.
    """
    with _locked(session_id, cache_dir, patience) as exclusive:
        before()
        try:
            with writing(
                cache_dir,
                session_id,
                seconds=write_patience,
                waiting=lambda lock, end: LockWait(lock, Terminal(), end).tell_when_due,
            ) as held:
                removal = Removal(session_id, cache_dir)
                removal.remove(exclusive=exclusive, locked=held)
        except StoreError as error:
            # Another process kept the write lock: remove what can be removed, and report it.
            removal = Removal(session_id, cache_dir)
            removal.failures.append(not_sure(error.message, error.hint))
            removal.remove_everything()
    sweep(cache_dir, time.time())
    entry, places = removal.entry(), tuple(dict.fromkeys(removal.places))
    return Purged(session_id, entry.person, entry.issuer, entry.client_id, places, tuple(removal.failures))


@contextlib.contextmanager
def _locked(session_id: str, cache_dir: Path, patience: float) -> Iterator[bool]:
    """Hold the session's lock if possible. Yield whether no other process can hold it, wherever the session is stored."""
    try:
        lock = FileLock(every_lock_path(session_id, cache_dir), needed=1)
        held = lock.acquire(Deadline.after(patience), lambda: False)
    except (LockError, OSError):
        yield False
        return
    with lock:
        yield held and lock.complete and len(lock.paths) > 1


def known_sessions(
    cache_dir: Path, log: Log = QUIET, *, failures: list[StoreError] | None = None
) -> list[str]:
    """Return the ids of all sessions that can be found: in the index, in files, and in keyrings that can be listed.

    Args:
        failures: Gets an error for each keyring that may hold more sessions, because it could not be read.
    """
    found = dict.fromkeys(entry.session_id for entry in index.read_entries(cache_dir) if entry.storage)
    for directory in (disk.DIRECTORY, CREDENTIALS, disk.UNWRITTEN):
        found.update(
            dict.fromkeys(filter(disk.is_session_id, private_files.private_file_names(cache_dir / directory)))
        )
    lost = lost_sessions(cache_dir, set(found), log, failures=failures)
    found.update(dict.fromkeys(entry.session_id for entry in lost))
    return list(found)
