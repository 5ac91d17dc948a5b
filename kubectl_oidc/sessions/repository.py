"""Load, store, move and publish one session: its record, its index entry, its current credential and its lock.

A record that is older than its index entry is never used. It is a copy that a crash, a backup or a purge left behind, and
its refresh token must not be sent.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError

from .current_credential import CurrentCredential
from .lock_directory import lock_paths, needed_locks
from .moved_copies import MovedCopies
from .session import Session
from .session_entry import SessionEntry
from .session_lock import SessionLock
from .session_record import cache_mark
from .session_writer import SessionWriter
from .stores import first_store, index, keeps_nothing, open_store, prove
from .stores.base import Place
from .stores.tombstones import sweep
from .write_lock import writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kubectl_oidc.system.log import Log

    from .session_key import SessionKey
    from .stores.base import Store


PATIENCE = 2.0
"""Seconds to wait for the write lock when only the next call becomes faster by it."""


class SessionRepository:
    """One session in its store.

    Args:
        storage: The value of --token-cache-storage.
        flags: The flags that lead to this session, for the index; placeholders stand for secrets.

    Raises:
        StoreError: The requested store does not exist on this machine.
    """

    def __init__(
        self,
        key: SessionKey,
        *,
        storage: str,
        cache_dir: Path,
        environ: Mapping[str, str],
        log: Log,
        flags: tuple[str, ...] = (),
    ) -> None:
        self.key = key
        self._flags = flags
        self.session_id = key.id()
        self.cache_dir = cache_dir
        self._environ = environ
        self._log = log
        entry = index.read_entry(cache_dir, self.session_id)
        self.decided_here = self._missed = False
        self._auto = storage == "auto"
        self._use(self._open(storage, entry), known=entry is not None)
        log.info(4, "session-storage", f"session {self.session_id} is stored in {self.store.where()}")

    def _open(self, storage: str, entry: index.Entry | None) -> Store:
        """Return the store. ``auto`` keeps the session's store, unless that is a keyring that stores nothing."""
        known = entry.storage if entry else ""
        if storage != "auto":
            store = open_store(storage, self.cache_dir)
            if known != storage:
                prove(store)
            return store
        if known and not keeps_nothing(known):
            return open_store(known, self.cache_dir)
        self.decided_here = True
        return first_store(self.cache_dir, self._environ, self._log)

    def _use(self, store: Store, *, known: bool) -> None:
        self.store = store
        place = Place(self.session_id, store, self.cache_dir, self._log)
        self._copies = MovedCopies(place)
        self.credential = CurrentCredential(place, self._environ)
        self.index_entry = SessionEntry(place, self.key, self.credential, flags=self._flags, known=known)
        self._writer = SessionWriter(place, self.index_entry, self._copies, self.credential)

    def _decide_again(self, entry: index.Entry | None) -> None:
        """Choose another store if ``auto`` chose a keyring that does not return what was stored in it."""
        if not self._auto or self.decided_here or entry is None or entry.storage != "keyring":
            return
        try:
            prove(self.store)
        except StoreError as error:
            self._log.info(1, "storage-unavailable", error.message)
            self.decided_here = True
            self._use(first_store(self.cache_dir, self._environ, self._log), known=self.index_entry.known)

    def lock(self) -> SessionLock:
        """Return the session's lock, not yet acquired.

        Raises:
            LockError: No directory can hold it.
        """
        return SessionLock(self.lock_paths(), needed=needed_locks(self.store.name))

    def lock_paths(self) -> tuple[str, ...]:
        """Return the session's lock files.

        Raises:
            LockError: No directory can hold them.
        """
        return lock_paths(self.session_id, self.store.name, self.cache_dir)

    def load(self) -> Session | None:
        """Return the session, or None if there is none that may be used.

        Raises:
            StoreError: The store exists and cannot be read now.
        """
        entry = self.index_entry.look()
        session = self._copies.newest(entry)
        if session is None:
            if not self._missed:  # the second look, under the lock, finds the same
                self._missed = True
                self._log.info(1, "session-missing", f"no session in {self.store.where()}")
            self._decide_again(entry)
            return None
        if entry and entry.generation > session.generation:
            self._log.info(
                1, "session-outdated", "the stored session is older than the index knows; it is not used"
            )
            return None
        return session

    def is_settled(self) -> bool:
        """Return whether the session is in the requested store and the index knows it."""
        entry = self.index_entry.read()
        return self.store.name == "none" or (entry is not None and entry.storage == self.store.name)

    def move_or_index(self, session: Session, now: int) -> None:
        """Move a session that was just read to the requested store, or write its index entry. Its lock is held.

        Raises:
            StoreError: The store refused.
        """
        if self.index_entry.read() is None:
            self.index_entry.add(session, now)
        else:
            self.save(session, now)

    def save(self, session: Session, now: int) -> bool:
        """Store the session at ``now``, in epoch seconds, and remove it from the store that held it before.

        Returns:
            Whether it was stored. A purge, a sign-out or another sign-in that happened meanwhile is not undone.

        Raises:
            StoreError: The store refused, or another process is still writing the session. If the old record must not be used
                again, the index knows that.
        """
        if self.store.name == "none":
            return True
        with writing(self.cache_dir, self.session_id):
            stored = self._writer.write(session._replace(cache=cache_mark(self.cache_dir)), now)
        sweep(self.cache_dir, now)
        return stored

    def publish(self, session: Session, now: int) -> str:
        """Store the current credential of a valid, stored session for the fast path, as `CurrentCredential.put` does.

        A purge or another sign-in that happened since the session was read is not undone.
        """
        if self.credential.place() in ("", "keyring"):
            return ""
        try:
            with writing(self.cache_dir, self.session_id, seconds=PATIENCE) as locked:
                place = self.credential.put(session, now) if self._may_publish(session) else ""
                if place and not locked and not self._may_publish(session):
                    self.credential.withdraw()
                    place = ""
        except StoreError as error:
            self._log.info(1, "credential-not-published", f"the credential is not published: {error.message}")
            return ""
        return place

    @contextlib.contextmanager
    def lock_if_newest(self, session: Session) -> Iterator[bool]:
        """Hold the write lock and yield whether nothing has replaced or removed the session since it was read or stored.

        Raises:
            StoreError: Another process is still writing the session.
        """
        with writing(self.cache_dir, self.session_id, seconds=PATIENCE):
            yield self._is_newest(session, self.index_entry.read())

    def _is_newest(self, session: Session, entry: index.Entry | None) -> bool:
        """Return whether ``entry`` shows that nothing has replaced or removed the session."""
        newest = not self.index_entry.is_superseded(entry, session)
        if not newest:
            self._log.info(
                1,
                "session-replaced",
                "the session was purged or replaced meanwhile; its credential is not published",
            )
        return newest

    def _may_publish(self, session: Session) -> bool:
        """Return whether nothing has replaced or removed the session. If the index lost it, its record must be there.

        Raises:
            StoreError: The record cannot be read.
        """
        entry = self.index_entry.read()
        if entry is None and not self.index_entry.known:
            return Session.parse(self.store.load(self.session_id), self.session_id) == session
        return self._is_newest(session, entry)
