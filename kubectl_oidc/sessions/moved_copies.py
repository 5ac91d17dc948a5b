"""Copies of a session in other stores: it was moved from one store to another, or a move was interrupted.

The index names the session's store and the other stores that may still hold a copy. It does so before anything is moved.
So wherever a move is interrupted, the newest copy is found and every copy can be purged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError

from .session import Session
from .stores import open_store

if TYPE_CHECKING:
    from .stores.base import Place, Store
    from .stores.index import Entry


class MovedCopies:
    """Find the newest copy of a session and remove those that are not in its place."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def others(self, entry: Entry | None) -> tuple[str, ...]:
        """Return the other stores that may hold the session, according to its index entry.

        With ``none`` there are no others: it neither reads nor renews a stored session.
        """
        if self._place.store.name == "none" or entry is None:
            return ()
        named = (entry.storage, *entry.former)
        return tuple(
            dict.fromkeys(storage for storage in named if storage not in {"", self._place.store.name})
        )

    def newest(self, entry: Entry | None) -> Session | None:
        """Return the newest copy, or None. ``entry`` is the session's index entry.

        Raises:
            StoreError: The session's own store cannot be read now.
        """
        session = self._load(self._place.store)
        interrupted = entry is not None and self._place.store.name in entry.former
        if entry is None or (session and session.generation >= entry.generation and not interrupted):
            return session
        for storage in self.others(entry):
            try:
                other = self._load(open_store(storage, self._place.cache_dir))
            except StoreError as error:
                self._place.log.info(
                    1, "storage-unavailable", f"the session's other store cannot be read: {error.message}"
                )
                if interrupted:
                    return None  # a newer copy may be there
                continue
            if other and (session is None or other.generation > session.generation):
                session = other
        return session

    def _load(self, store: Store) -> Session | None:
        """Return the session in a store. A damaged record is logged and treated as missing."""
        record = store.load(self._place.session_id)
        session = Session.parse(record, self._place.session_id)
        if session is None and self._place.log.level >= 1:
            damage = (
                store.damage(self._place.session_id)
                if record is None
                else f"the session in {store.where()} is damaged or of another version"
            )
            if damage:
                self._place.log.info(1, "record-damaged", f"{damage}: it is not used")
        return session

    def remove(self, entry: Entry, *, moved_from: str, signed_in_again: bool) -> tuple[str, ...]:
        """Remove the copies in other stores and return the stores that may still hold one.

        If an OS keyring failed to remove its copy once, it is asked again only at a sign-in, because it may hang.

        Args:
            moved_from: The session's store until now.
            signed_in_again: Whether a person has just signed in.
        """
        left = []
        for storage in self.others(entry):
            if storage == "keyring" and storage != moved_from and not signed_in_again:
                left.append(storage)
                continue
            try:
                open_store(storage, self._place.cache_dir).delete(self._place.session_id)
            except StoreError as error:
                self._place.log.info(
                    1, "session-not-removed", f"the session's former store still holds it: {error.message}"
                )
                left.append(storage)
        return tuple(left)
