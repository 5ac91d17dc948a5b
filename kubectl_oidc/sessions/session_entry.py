"""The index entry of one session: what it records, which generation comes next, and whether a purge removed it meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError

from .session import GENERATION_STEP
from .stores import index
from .write_lock import writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from .current_credential import CurrentCredential
    from .session import Session
    from .session_key import SessionKey
    from .stores.base import Place


class SessionEntry:
    """The index entry of one session in its store.

    An index entry that was there and is gone was purged meanwhile. Then nothing is stored any more. ``known`` is whether the entry
    was there when this process last looked.
    """

    def __init__(
        self,
        place: Place,
        key: SessionKey,
        credential: CurrentCredential,
        *,
        flags: tuple[str, ...],
        known: bool,
    ) -> None:
        self._place = place
        self._key = key
        self._flags = flags
        self._credential = credential
        self.known = known

    def read(self) -> index.Entry | None:
        """Return the index entry, or None if there is none that can be used."""
        return index.read_entry(self._place.cache_dir, self._place.session_id, self._place.store.name)

    def look(self) -> index.Entry | None:
        """Return the entry and remember whether there is one. A damaged one is logged."""
        entry = self.read()
        self.known = entry is not None
        if entry is None and self._place.log.level >= 1:
            damage = index.damage(self._place.cache_dir, self._place.session_id)
            if damage:
                self._place.log.info(1, "record-damaged", f"{damage}: it is not used")
        return entry

    def next_generation(self, session: Session | None, *, by: int = 1) -> int:
        """Return the generation of the tokens that replace ``session``'s, ``by`` higher than any that is known."""
        entries = index.read_host_entries(self._place.cache_dir, self._place.session_id)
        if session is None or by >= GENERATION_STEP:
            self.known = bool(entries)  # a sign-in that ends after a purge is stored
        return by + max(session.generation if session else 0, *(entry.generation for entry in entries), 0)

    def mark_in_flight(self, now: int, session: Session | None = None) -> bool:
        """Record that a refresh is about to be sent, or that it was answered.

        Args:
            now: Epoch seconds; 0 if it was answered.
            session: The session. If its index entry was lost, it gets a new one.

        Returns:
            Whether that was recorded. If not, the session was purged meanwhile, or the disk cannot be written. Then a new
            refresh token could not be stored on it either.
        """

        def change(entry: index.Entry | None) -> index.Entry | None:
            if now and entry and entry.in_flight:
                self._place.log.info(
                    1,
                    "refresh-repeated",
                    "the answer to the last refresh never came: the same refresh token is sent once more",
                )
            if entry is None and session and not self.known:
                entry = self.describe(session, now)
            return entry._replace(in_flight=now) if entry else None

        return self._update(change)

    def add(self, session: Session, now: int) -> None:
        """Write an entry for a stored session that has none."""
        self._update(lambda entry: entry or self.describe(session, now))

    def _update(self, change: Callable[[index.Entry | None], index.Entry | None]) -> bool:
        """Change the entry and return whether it was written."""
        if self._place.store.name == "none":
            return False
        try:
            return (
                index.update_entry(
                    self._place.cache_dir, self._place.session_id, change, self._place.store.name
                )
                is not None
            )
        except StoreError as error:
            self._place.log.info(1, "index-not-written", f"the index cannot be written: {error.message}")
            return False

    def write(self, entry: index.Entry) -> bool:
        """Write the entry and return whether that worked. The caller holds the write lock."""
        try:
            index.write_entry(self._place.cache_dir, entry)
        except StoreError as error:
            self._place.log.info(1, "index-not-written", f"the index cannot be written: {error.message}")
            return False
        return True

    def forget(self) -> None:
        """Remove the entry, unless it is a tombstone. The caller holds the session's lock."""
        try:
            with writing(self._place.cache_dir, self._place.session_id):
                entry = self.read()
                if entry and not entry.purged():
                    index.remove_entries(self._place.cache_dir, self._place.session_id)
        except StoreError as error:
            self._place.log.info(
                1, "index-not-written", f"the index entry cannot be removed: {error.message}"
            )
        self.known = False

    def is_superseded(self, entry: index.Entry | None, session: Session) -> bool:
        """Return whether a newer session replaced ``session``, or a purge removed it, according to ``entry``."""
        return self.known if entry is None else entry.generation > session.generation

    def describe(self, session: Session, now: int, former: tuple[str, ...] = ()) -> index.Entry:
        """Return the entry of a session at ``now``, in epoch seconds. ``former`` are other stores that may still hold a copy."""
        return index.Entry.of(session, self._place.store.name)._replace(
            client_id=self._key.client_id,
            scopes=self._key.scopes,
            name=self._key.name,
            credential=self._credential.place(),
            refreshed_at=now,
            former=former,
            trust=self._key.trust,
            flags=self._flags,
        )
