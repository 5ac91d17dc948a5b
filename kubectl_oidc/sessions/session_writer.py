"""Write one session: its record, its index entry, and the removal from the store that held it before.

The order of the writes makes a crash at any point harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError

from .stores import open_store

if TYPE_CHECKING:
    from .current_credential import CurrentCredential
    from .moved_copies import MovedCopies
    from .session import Session
    from .session_entry import SessionEntry
    from .stores import index
    from .stores.base import Place


class SessionWriter:
    """Write one session to its store and to the index."""

    def __init__(
        self, place: Place, entry: SessionEntry, copies: MovedCopies, credential: CurrentCredential
    ) -> None:
        self._place = place
        self._entry = entry
        self._copies = copies
        self._credential = credential

    def write(self, session: Session, now: int) -> bool:
        """Store the session and return whether it was stored, as `SessionRepository.save` does. The caller holds the write lock.

        Raises:
            StoreError: The store refused. If the old record must not be used again, the index knows that.
        """
        before = self._entry.read()
        if self._entry.is_superseded(before, session):
            self._place.log.info(
                1, "session-replaced", "the session was purged or replaced meanwhile; nothing is stored"
            )
            return False
        signed_in_again = before is not None and before.signed_in_at != session.signed_in_at
        if before and (signed_in_again or before.person != session.person):
            self._credential.withdraw()  # until the new credential is published, the old one may be another person's
        former = self._copies.others(before)
        moves = before is not None and before.storage in former
        if before and moves:
            # Written before the move, so that a crash at any point leaves every copy findable, the newest one too.
            self._entry.write(before._replace(storage=self._place.store.name, former=former))
        try:
            self._place.store.save(self._place.session_id, session.record())
        except StoreError:
            if before:
                self._invalidate(before, session)
            raise
        entry = self._entry.describe(session, now, former)
        self._entry.write(entry)
        if before and former:
            left = self._copies.remove(entry, moved_from=before.storage, signed_in_again=signed_in_again)
            if moves:
                self._credential.withdraw()
            self._entry.write(entry._replace(former=left))
        return True

    def _invalidate(self, before: index.Entry, session: Session) -> None:
        """Make the old record unusable if its refresh token is used up or it is another person's.

        If the same person only signed in again, the old record is still valid.
        """
        used_up = before.signed_in_at == session.signed_in_at and before.generation < session.generation
        invalid = used_up or before.person != session.person
        generation = max(before.generation, session.generation) if invalid else before.generation
        if self._entry.write(before._replace(generation=generation, in_flight=0)) or not invalid:
            return
        try:
            # This works on a full disk too.
            open_store(before.storage, self._place.cache_dir).delete(self._place.session_id)
        except StoreError as error:
            self._place.log.info(
                1, "session-not-removed", f"the old session cannot be removed: {error.message}"
            )
