"""Remove a session from every place that it is stored in, so that nothing brings it back.

The session's own lock is waited for only shortly, because its holder may wait for a person. What decides is the write lock:
whoever stores something looks at the index entry under it. Under the same lock the generation is raised and everything is
removed. Unless nobody else can hold the session's lock, the entry stays as a tombstone, so that a refresh that is still on its way
stores nothing. A purge that is not sure of that says so.
"""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubectl_oidc import fast_path
from kubectl_oidc.errors import LockError, StoreError
from kubectl_oidc.fast_path import refresh_ahead
from kubectl_oidc.fast_path.credential import DIRECTORY as CREDENTIALS
from kubectl_oidc.sessions import failed_refreshes, failed_sign_ins, known_commands
from kubectl_oidc.system import private_files
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.file_lock import FileLock
from kubectl_oidc.system.log import QUIET
from kubectl_oidc.system.terminal import Terminal

from .lock_directory import every_lock_path
from .lock_wait import Waiting
from .lost_sessions import lost_sessions
from .session import RAISE, Session
from .stores import disk, index, open_store
from .write_lock import SECONDS, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kubectl_oidc.system.log import Log

    from .stores.base import Store

LOCK_SECONDS = 5.0
"""How long a refresh on its way is waited for."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What was removed of one session.

    Attributes:
        session_id: The session.
        person: Who was signed in, as far as the index knows.
        issuer: Where.
        client_id: For which client.
        places: The places it was removed from, in words.
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
    """Remove one session: its record, its current credential, its index entry and what is remembered of commands.

    Args:
        session_id: The session.
        cache_dir: The cache directory.
        patience: How long a refresh on its way is waited for, in seconds.
        write_patience: How long another process that is writing the session is waited for, in seconds.
        before: What is done first, while nobody else uses the session.

    Returns:
        What was removed from where, and what was not.
    """
    with _locked(session_id, cache_dir, patience) as alone:
        before()
        try:
            with writing(
                cache_dir,
                session_id,
                seconds=write_patience,
                waiting=lambda lock, end: Waiting(lock, Terminal(), end).look,
            ) as held:
                removal = _Removal(session_id, cache_dir)
                removal.remove(alone=alone, locked=held)
        except StoreError as error:
            # The write lock was not to be had: remove what can be removed, and say it.
            removal = _Removal(session_id, cache_dir)
            removal.failures.append(_not_sure(error.message, error.hint))
            removal.remove_everything()
    index.sweep(cache_dir, time.time())
    return removal.purged()


@contextlib.contextmanager
def _locked(session_id: str, cache_dir: Path, patience: float) -> Iterator[bool]:
    """Hold the session's lock if it can be had soon; yield whether nobody else can hold it, wherever the session is stored."""
    try:
        lock = FileLock(every_lock_path(session_id, cache_dir), needed=1)
        held = lock.acquire(Deadline.after(patience), lambda: False)
    except (LockError, OSError):
        yield False
        return
    with lock:
        yield held and lock.complete and len(lock.paths) > 1


class _Removal:
    """The removal of one session.

    Args:
        session_id: The session.
        cache_dir: The cache directory.
    """

    def __init__(self, session_id: str, cache_dir: Path) -> None:
        self._session_id = session_id
        self._cache_dir = cache_dir
        self._entries = index.read_each(cache_dir, session_id)
        self._lost: Session | None = None  # its record, if the index has lost it, and where it is
        self._storage = ""
        self._places: list[str] = []
        self.failures: list[StoreError] = []

    def remove(self, *, alone: bool, locked: bool) -> None:
        """Remove everything, and see to it that nothing brings it back.

        Args:
            alone: Whether nobody else can hold the session's lock.
            locked: Whether the write lock is held.
        """
        for entry in self._entries:
            with contextlib.suppress(StoreError):
                raised = replace(entry, generation=entry.generation + RAISE)
                index.write(self._cache_dir, raised)  # what cannot be removed is not used again
        generation = self._generation() + RAISE
        self.remove_everything()
        if self.failures or not (self._entries or self._places):
            return
        if alone:
            try:
                index.remove(self._cache_dir, self._session_id)
            except StoreError as error:
                self.failures.append(error)
            return
        tombstone = replace(self._entries[0] if self._entries else self._unknown(), generation=generation)
        try:
            index.bury(self._cache_dir, tombstone)
        except StoreError as error:
            self.failures.append(_not_sure(error.message, error.hint))
            return
        if not locked:
            self.failures.append(
                _not_sure("neither the cache directory nor the runtime directory can be locked", _ALONE)
            )

    def remove_everything(self) -> None:
        """Remove record, credential and what is remembered, wherever they are."""
        for store in _stores(self._entries, self._cache_dir, self.failures):
            try:
                if store.delete(self._session_id):
                    self._places.append(store.where())
            except StoreError as error:
                self.failures.append(error)
        on_disk = disk.DiskStore(self._cache_dir).where() in self._places
        try:
            self._places += _withdraw(self._session_id, self._cache_dir, on_disk=on_disk)
        except StoreError as error:
            self.failures.append(error)
        known_commands.forget(self._session_id)
        failed_sign_ins.forget(self._cache_dir, self._session_id)
        failed_refreshes.forget(self._cache_dir, self._session_id, QUIET)

    def _generation(self) -> int:
        """Return the newest generation that is known: of the index, or of records that the index has lost."""
        generations = [entry.generation for entry in self._entries]
        for name in () if self._entries else ("kernel", "disk"):
            with contextlib.suppress(StoreError):
                record = open_store(name, self._cache_dir).load(self._session_id)
                session = Session.parse(record, self._session_id)
                if session:
                    self._lost, self._storage = session, name
                    generations.append(session.generation)
        return max(generations, default=0)

    def _unknown(self) -> index.Entry:
        """Return the entry of a session that the index has lost."""
        lost = self._lost
        return index.Entry(
            session_id=self._session_id,
            issuer=lost.issuer if lost else "",
            client_id="",
            scopes=(),
            name="",
            person=lost.person if lost else "",
            storage=self._storage,
            credential="",
            generation=0,
            signed_in_at=0,
            refreshed_at=0,
            expiry=0,
            renewable=False,
            in_flight=0,
            host=index.hostname(),
        )

    def purged(self) -> Purged:
        """Return what was removed and what was not."""
        entry = self._entries[0] if self._entries else self._unknown()
        return Purged(
            self._session_id,
            entry.person,
            entry.issuer,
            entry.client_id,
            tuple(dict.fromkeys(self._places)),
            tuple(self.failures),
        )


_ALONE = "set XDG_RUNTIME_DIR to a local directory that is yours alone, or end every kubectl that runs now"


def _not_sure(why: str, hint: str) -> StoreError:
    return StoreError(
        f"a command that runs now may store the session again, because {why}",
        f"{hint}, and purge again",
        topic="purge",
    )


def _stores(entries: list[index.Entry], cache_dir: Path, failures: list[StoreError]) -> list[Store]:
    """Return the stores to look in: those that the index names, else every one that exists here.

    The cheap ones are looked into always, for a copy that was left behind when the session moved.
    """
    named = tuple(filter(None, (place for entry in entries for place in (entry.storage, *entry.former))))
    stores: list[Store] = []
    for name in dict.fromkeys((*(named or ("keyring",)), "kernel", "disk")):
        try:
            stores.append(open_store(name, cache_dir))
        except StoreError as error:
            if name in named:
                failures.append(error)
    return stores


def _withdraw(session_id: str, cache_dir: Path, *, on_disk: bool) -> list[str]:
    """Remove the current credential and return where it was, in words; beside a session on disk it goes without saying."""
    places = []
    if private_files.remove(cache_dir / CREDENTIALS, session_id, lasting=True) and not on_disk:
        places.append(str(cache_dir / CREDENTIALS))
    for directory in (fast_path.HANDED, refresh_ahead.DIRECTORY, disk.UNWRITTEN):
        private_files.remove(cache_dir / directory, session_id)
    if sys.platform == "linux":
        from .stores.kernel import KernelStore

        kernel = KernelStore()
        if kernel.usable() and kernel.withdraw(session_id):
            places.append(kernel.where())
    return places


def known_sessions(cache_dir: Path, log: Log = QUIET) -> list[str]:
    """Return the ids of every session that can be found: in the index, in files, and in keyrings whose entries can be listed.

    Args:
        cache_dir: The cache directory.
        log: What -v shows.
    """
    found = dict.fromkeys(entry.session_id for entry in index.read_all(cache_dir) if entry.storage)
    for directory in (disk.DIRECTORY, CREDENTIALS, disk.UNWRITTEN):
        found.update(dict.fromkeys(filter(_is_id, private_files.names(cache_dir / directory))))
    lost = lost_sessions(cache_dir, set(found), log)
    found.update(dict.fromkeys(one.session.session_id for one in lost))
    return list(found)


def _is_id(name: str) -> bool:
    return len(name) == 32 and all(c in "0123456789abcdef" for c in name)  # noqa: PLR2004 - `SessionKey.id`
