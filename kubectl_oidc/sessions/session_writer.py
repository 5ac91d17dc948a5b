"""Write one session: its record, its index entry, and the removal from the store that held it before.

The order of the writes makes a crash at any point harmless.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError

from .session import GENERATION_STEP
from .stores import index, open_store
from .write_lock import writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kubectl_oidc.system.log import Log

    from .current_credential import CurrentCredential
    from .moved_copies import MovedCopies
    from .session import Session, SessionKey
    from .stores.base import Store


class SessionWriter:
    """Write one session to its store and to the index.

    An index entry that was there and is gone was purged meanwhile. Then nothing is stored any more. ``known`` is whether the entry
    was there when this process last looked.
    """

    def __init__(
        self,
        key: SessionKey,
        *,
        store: Store,
        copies: MovedCopies,
        credential: CurrentCredential,
        cache_dir: Path,
        log: Log,
        known: bool,
    ) -> None:
        self._key = key
        self._session_id = key.id()
        self._store = store
        self._copies = copies
        self._credential = credential
        self._cache_dir = cache_dir
        self._log = log
        self.known = known

    def entry(self) -> index.Entry | None:
        """Return the index entry, or None if there is none that can be used."""
        return index.read_entry(self._cache_dir, self._session_id, self._store.name)

    def next_generation(self, session: Session | None, *, by: int) -> int:
        """Return the generation of the tokens that replace ``session``'s, as `SessionRepository.next_generation` does."""
        entries = index.read_host_entries(self._cache_dir, self._session_id)
        if session is None or by >= GENERATION_STEP:
            self.known = bool(entries)  # a sign-in that ends after a purge is stored
        return by + max(session.generation if session else 0, *(entry.generation for entry in entries), 0)

    def mark_in_flight(self, now: int, session: Session | None) -> bool:
        """Record that a refresh is about to be sent or was answered, as `SessionRepository.mark_in_flight` does."""

        def change(entry: index.Entry | None) -> index.Entry | None:
            if now and entry and entry.in_flight:
                self._log.info(
                    1, "the answer to the last refresh never came: the same refresh token is sent once more"
                )
            if entry is None and session and not self.known:
                entry = self._new_entry(session, now)
            return replace(entry, in_flight=now) if entry else None

        return self._update(change)

    def add_entry(self, session: Session, now: int) -> None:
        """Write an entry for a stored session that has none."""
        self._update(lambda entry: entry or self._new_entry(session, now))

    def _update(self, change: Callable[[index.Entry | None], index.Entry | None]) -> bool:
        """Change the entry and return whether it was written."""
        if self._store.name == "none":
            return False
        try:
            return index.update_entry(self._cache_dir, self._session_id, change, self._store.name) is not None
        except StoreError as error:
            self._log.info(1, f"the index cannot be written: {error.message}")
            return False

    def _write_entry(self, entry: index.Entry) -> bool:
        """Write the entry and return whether that worked. The caller holds the write lock."""
        try:
            index.write_entry(self._cache_dir, entry)
        except StoreError as error:
            self._log.info(1, f"the index cannot be written: {error.message}")
            return False
        return True

    def forget_entry(self) -> None:
        """Remove the entry, unless it is a tombstone. The caller holds the session's lock."""
        try:
            with writing(self._cache_dir, self._session_id):
                entry = self.entry()
                if entry and not entry.purged():
                    index.remove_entries(self._cache_dir, self._session_id)
        except StoreError as error:
            self._log.info(1, f"the index entry cannot be removed: {error.message}")
        self.known = False

    def is_superseded(self, entry: index.Entry | None, session: Session) -> bool:
        """Return whether a newer session replaced ``session``, or a purge removed it, according to ``entry``."""
        return self.known if entry is None else entry.generation > session.generation

    def write(self, session: Session, now: int) -> bool:
        """Store the session and return whether it was stored, as `SessionRepository.save` does. The caller holds the write lock.

        Raises:
            StoreError: The store refused. If the old record must not be used again, the index knows that.
        """
        before = self.entry()
        if self.is_superseded(before, session):
            self._log.info(1, "the session was purged or replaced meanwhile; nothing is stored")
            return False
        signed_in_again = before is not None and before.signed_in_at != session.signed_in_at
        if before and (signed_in_again or before.person != session.person):
            self._credential.try_withdraw()  # until the new credential is published, the old one may be another person's
        former = self._copies.others(before)
        moves = before is not None and before.storage in former
        if before and moves:
            # Written before the move, so that a crash at any point leaves every copy findable, the newest one too.
            self._write_entry(replace(before, storage=self._store.name, former=former))
        try:
            self._store.save(self._session_id, session.record())
        except StoreError:
            if before:
                self._invalidate(before, session)
            raise
        entry = self._new_entry(session, now, former)
        self._write_entry(entry)
        if before and former:
            left = self._copies.remove(entry, moved_from=before.storage, signed_in_again=signed_in_again)
            if moves:
                self._credential.try_withdraw()
            self._write_entry(replace(entry, former=left))
        return True

    def _invalidate(self, before: index.Entry, session: Session) -> None:
        """Make the old record unusable if its refresh token is used up or it is another person's.

        If the same person only signed in again, the old record is still valid.
        """
        used_up = before.signed_in_at == session.signed_in_at and before.generation < session.generation
        invalid = used_up or before.person != session.person
        generation = max(before.generation, session.generation) if invalid else before.generation
        if self._write_entry(replace(before, generation=generation, in_flight=0)) or not invalid:
            return
        try:
            open_store(before.storage, self._cache_dir).delete(self._session_id)  # works on a full disk too
        except StoreError as error:
            self._log.info(1, f"the old session cannot be removed: {error.message}")

    def _new_entry(self, session: Session, now: int, former: tuple[str, ...] = ()) -> index.Entry:
        """Return the entry that describes a session in its store.

        Args:
            session: The session.
            now: Epoch seconds.
            former: Other stores that may still hold a copy of it.
        """
        return index.Entry(
            session_id=self._session_id,
            issuer=session.issuer,
            client_id=self._key.client_id,
            scopes=self._key.scopes,
            name=self._key.name,
            person=session.person,
            storage=self._store.name,
            credential=self._credential.place(),
            generation=session.generation,
            signed_in_at=session.signed_in_at,
            refreshed_at=now,
            expiry=session.expiry,
            renewable=session.refresh_token is not None,
            former=former,
            trust=self._key.trust,
        )
