"""One session and all the places it rests in: the store, the index, the current credential and the lock.

A record is used only if the index knows no newer generation of it, so a copy that a crash, a backup or a purge left
behind is never taken for the session, and its refresh token is never sent.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError

from .current_credential import CurrentCredential
from .lock_directory import lock_paths, needed
from .moved_copies import MovedCopies
from .session import RAISE, Session, cache_mark
from .session_lock import SessionLock
from .stores import first_store, index, keeps_nothing, open_store, prove
from .write_lock import writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from kubectl_oidc.system.log import Log

    from .session import SessionKey
    from .stores.base import Store


PATIENCE = 2.0
"""How long the write lock is waited for, in seconds, where only the next call is quicker for it."""


class SessionRepository:
    """Read, keep and remove one session.

    Args:
        key: What identifies the session.
        storage: The value of --token-cache-storage.
        cache_dir: The cache directory.
        environ: The environment.
        log: What -v shows.

    Raises:
        StoreError: The store that was asked for does not exist on this machine.
    """

    def __init__(
        self, key: SessionKey, *, storage: str, cache_dir: Path, environ: Mapping[str, str], log: Log
    ) -> None:
        self.key = key
        self.session_id = key.id()
        self.cache_dir = cache_dir
        self._environ = environ
        self._log = log
        entry = index.read(cache_dir, self.session_id)
        self.decided_here = False
        self._auto = storage == "auto"
        self._use(self._open(storage, entry))
        self._known = entry is not None
        log.info(4, f"session {self.session_id} rests in {self.store.where()}")

    def _open(self, storage: str, entry: index.Entry | None) -> Store:
        """Return the store; ``auto`` decides for a new session, or for one whose keyring never kept it."""
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

    def _use(self, store: Store) -> None:
        self.store = store
        self._copies = MovedCopies(self.session_id, store, cache_dir=self.cache_dir, log=self._log)
        self._credential = CurrentCredential(
            self.session_id,
            storage=store.name,
            cache_dir=self.cache_dir,
            environ=self._environ,
            log=self._log,
        )

    def _decide_again(self, entry: index.Entry | None) -> None:
        """Choose another store if the one that ``auto`` chose, a keyring, does not return what it is given."""
        if not self._auto or self.decided_here or entry is None or entry.storage != "keyring":
            return
        try:
            prove(self.store)
        except StoreError as error:
            self._log.info(1, error.message)
            self.decided_here = True
            self._use(first_store(self.cache_dir, self._environ, self._log))

    def entry(self) -> index.Entry | None:
        """Return the session's entry in the index."""
        return index.read(self.cache_dir, self.session_id, self.store.name)

    def lock(self) -> SessionLock:
        """Return the session's lock, not yet taken.

        Raises:
            LockError: No directory can hold it.
        """
        return SessionLock(self.lock_paths(), needed=needed(self.store.name))

    def lock_paths(self) -> tuple[str, ...]:
        """Return the session's lock files.

        Raises:
            LockError: No directory can hold them.
        """
        return lock_paths(self.session_id, self.store.name, self.cache_dir)

    def load(self) -> Session | None:
        """Return the session, or None when there is none that may be used.

        Raises:
            StoreError: The store exists and cannot be read just now.
        """
        entry = self._look()
        session = self._copies.newest(entry)
        if session is None:
            self._log.info(1, f"no session in {self.store.where()}")
            self._decide_again(entry)
            return None
        if entry and entry.generation > session.generation:
            self._log.info(1, "the stored session is older than the index knows; it is not used")
            return None
        return session

    def _look(self) -> index.Entry | None:
        """Return the session's entry, and remember whether there was one."""
        entry = self.entry()
        self._known = entry is not None
        if entry is None and self._log.level >= 1:
            damage = index.damage(self.cache_dir, self.session_id)
            if damage:
                self._log.info(1, f"{damage}: it is not used")
        return entry

    def next_generation(self, session: Session | None, *, by: int = 1) -> int:
        """Return the generation of the tokens that replace ``session``'s.

        Args:
            session: The session, where there is one.
            by: How many generations later.
        """
        entries = index.read_each(self.cache_dir, self.session_id)
        if session is None or by >= RAISE:
            self._known = bool(entries)  # a sign-in that ends after a purge is kept
        return by + max(session.generation if session else 0, *(entry.generation for entry in entries), 0)

    def mark_in_flight(self, now: int, session: Session | None = None) -> bool:
        """Record that a refresh is about to be sent, or that it has been answered.

        Args:
            now: Epoch seconds; 0 when it has been answered.
            session: The session, of which an index entry is made if that was lost.

        Returns:
            Whether that could be recorded. If it could not, what replaces a refresh token on disk cannot be kept either, or the
            session was purged meanwhile.
        """

        def change(entry: index.Entry | None) -> index.Entry | None:
            if now and entry and entry.in_flight:
                self._log.info(
                    1, "the answer to the last refresh never came: the same refresh token is sent once more"
                )
            if entry is None and session and not self._known:
                entry = self._entry_for(session, now, ())
            return replace(entry, in_flight=now) if entry else None

        return self._update(change)

    def _update(self, change: Callable[[index.Entry | None], index.Entry | None]) -> bool:
        """Change the entry and tell whether that could be done and there is one."""
        if self.store.name == "none":
            return False
        try:
            return index.update(self.cache_dir, self.session_id, change, self.store.name) is not None
        except StoreError as error:
            self._log.info(1, f"the index cannot be written: {error.message}")
            return False

    def forget_entry(self) -> None:
        """Remove the session's index entry: nothing is stored, and nothing ever was. The session's lock is held."""
        try:
            with writing(self.cache_dir, self.session_id):
                entry = self.entry()
                if entry and not entry.purged():
                    index.remove(self.cache_dir, self.session_id)
        except StoreError as error:
            self._log.info(1, f"the index entry stays: {error.message}")
        self._known = False

    def settled(self) -> bool:
        """Tell whether the session rests where it was asked for and the index knows of it."""
        entry = self.entry()
        return self.store.name == "none" or (entry is not None and entry.storage == self.store.name)

    def settle(self, session: Session, now: int) -> None:
        """Move the session to the store that was asked for, or tell the index of it. The session's lock is held.

        Args:
            session: The session, as it was just read.
            now: Epoch seconds.

        Raises:
            StoreError: The store refused.
        """
        if self.entry() is None:
            self._update(lambda entry: entry or self._entry_for(session, now, ()))
        else:
            self.save(session, now)

    def save(self, session: Session, now: int) -> bool:
        """Keep the session, and leave nothing of it in the store it rested in before.

        Args:
            session: What to keep.
            now: Epoch seconds.

        Returns:
            Whether it was kept. A purge, a sign-out or another sign-in that went by meanwhile is not undone.

        Raises:
            StoreError: The store refused; where the old record's refresh token was used up, or it is another person's, the
                index then knows the generation, so that it is not used again. Or another process is still writing the session.
        """
        if self.store.name == "none":
            return True
        with writing(self.cache_dir, self.session_id):
            kept = self._save(replace(session, cache=cache_mark(self.cache_dir)), now)
        index.sweep(self.cache_dir, now)
        return kept

    def _save(self, session: Session, now: int) -> bool:
        """As `save`; the write lock is held."""
        before = self.entry()
        if before.generation > session.generation if before else self._known:
            self._log.info(1, "the session was purged or replaced meanwhile; nothing is stored")
            return False
        anew = before is not None and before.signed_in_at != session.signed_in_at
        if before and (anew or before.person != session.person):
            self._withdraw()  # what is handed out is the former person's until the new one is published
        former = self._copies.others(before)
        moves = before is not None and before.storage in former
        if before and moves:
            # Before anything is moved: wherever that is cut short, the newest copy is found, and each one purged.
            self._index(replace(before, storage=self.store.name, former=former))
        try:
            self.store.save(self.session_id, session.record())
        except StoreError:
            if before:
                self._refused(before, session)
            raise
        entry = self._entry_for(session, now, former)
        self._index(entry)
        if before and former:
            left = self._copies.remove(entry, moved_from=before.storage, anew=anew)
            if moves:
                self._withdraw()
            self._index(replace(entry, former=left))
        return True

    def _refused(self, before: index.Entry, session: Session) -> None:
        """See to it that the old record is not used where it must not be: its refresh token is used up, or it is another's.

        That of a person who has only signed in once more is as good as it was.
        """
        used_up = before.signed_in_at == session.signed_in_at and before.generation < session.generation
        over = used_up or before.person != session.person
        generation = max(before.generation, session.generation) if over else before.generation
        if self._index(replace(before, generation=generation, in_flight=0)) or not over:
            return
        try:
            open_store(before.storage, self.cache_dir).delete(self.session_id)  # even on a full disk
        except StoreError as error:
            self._log.info(1, f"the old session stays where it is: {error.message}")

    def _entry_for(self, session: Session, now: int, former: tuple[str, ...]) -> index.Entry:
        return index.Entry(
            session_id=self.session_id,
            issuer=session.issuer,
            client_id=self.key.client_id,
            scopes=self.key.scopes,
            name=self.key.name,
            person=session.person,
            storage=self.store.name,
            credential=self.credential_place(),
            generation=session.generation,
            signed_in_at=session.signed_in_at,
            refreshed_at=now,
            expiry=session.expiry,
            renewable=session.refresh_token is not None,
            in_flight=0,
            host=index.hostname(),
            former=former,
            trust=self.key.trust,
        )

    def _index(self, entry: index.Entry) -> bool:
        """Write the entry and tell whether that could be done; the write lock is held."""
        try:
            index.write(self.cache_dir, entry)
        except StoreError as error:
            self._log.info(1, f"the index cannot be written: {error.message}")
            return False
        return True

    def _withdraw(self) -> None:
        try:
            self.withdraw()
        except StoreError as error:
            self._log.info(1, f"the former credential stays where it is: {error.message}")

    def credential_place(self) -> str:
        """Return where the current credential rests: beside the session, or in the kernel keyring for ``keyring``."""
        return self._credential.place()

    def publish(self, session: Session, now: int) -> str:
        """Put the session's current credential where the hot half finds it.

        Args:
            session: The session, good and stored.
            now: Epoch seconds.

        Returns:
            Where it is, or an empty string if the hot half cannot find it. A purge or another sign-in that went by since the
            session was read is not undone.
        """
        if self._credential.place() in ("", "keyring"):
            return ""
        try:
            with writing(self.cache_dir, self.session_id, seconds=PATIENCE) as locked:
                place = self._credential.put(session, now) if self._is_there(session) else ""
                if place and not locked and not self._is_there(session):
                    self._withdraw()
                    place = ""
        except StoreError as error:
            self._log.info(1, f"the credential is not published: {error.message}")
            return ""
        return place

    @contextlib.contextmanager
    def newest(self, session: Session) -> Iterator[bool]:
        """Hold the write lock and yield whether nothing has replaced or removed the session.

        Args:
            session: The session, as it was read or stored.

        Raises:
            StoreError: Another process is still writing the session.
        """
        with writing(self.cache_dir, self.session_id, seconds=PATIENCE):
            yield self._is_newest(session, self.entry())

    def _is_newest(self, session: Session, entry: index.Entry | None) -> bool:
        """Tell whether the index knows of nothing that has replaced or removed a session."""
        newest = not self._known if entry is None else entry.generation <= session.generation
        if not newest:
            self._log.info(1, "the session was purged or replaced meanwhile; its credential is not published")
        return newest

    def _is_there(self, session: Session) -> bool:
        """Tell the same for a session that is to be published: if the index has lost it, its record must be there.

        Raises:
            StoreError: The record cannot be read.
        """
        entry = self.entry()
        if entry is None and not self._known:
            return Session.parse(self.store.load(self.session_id), self.session_id) == session
        return self._is_newest(session, entry)

    def withdraw(self) -> bool:
        """Remove the current credential from wherever it may rest and tell whether there was one.

        Raises:
            StoreError: It stays there.
        """
        return self._credential.withdraw()
