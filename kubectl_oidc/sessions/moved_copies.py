"""A session's copies: where it was moved from one store to another, and where a move was cut short.

The index says where a session rests and which other stores may still hold a copy of it. It says so before anything is
moved, so that the newest copy is found and each one can be purged, wherever the move ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError

from .session import Session
from .stores import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.system.log import Log

    from .stores.base import Store
    from .stores.index import Entry


class MovedCopies:
    """Find the newest copy, and remove those that were left behind.

    Args:
        session_id: The session.
        store: Where it rests from now on.
        cache_dir: The cache directory.
        log: What -v shows.
    """

    def __init__(self, session_id: str, store: Store, *, cache_dir: Path, log: Log) -> None:
        self._session_id = session_id
        self._store = store
        self._cache_dir = cache_dir
        self._log = log

    def others(self, entry: Entry | None) -> tuple[str, ...]:
        """Return the other stores that may hold the session; ``none`` neither reads nor renews what rests there.

        Args:
            entry: What the index knows.
        """
        if self._store.name == "none" or entry is None:
            return ()
        named = (entry.storage, *entry.former)
        return tuple(dict.fromkeys(storage for storage in named if storage not in {"", self._store.name}))

    def newest(self, entry: Entry | None) -> Session | None:
        """Return the newest copy, or None.

        Args:
            entry: What the index knows.

        Raises:
            StoreError: The session's own store cannot be read just now.
        """
        session = self._read(self._store)
        cut_short = entry is not None and self._store.name in entry.former
        if entry is None or (session and session.generation >= entry.generation and not cut_short):
            return session
        for storage in self.others(entry):
            try:
                other = self._read(open_store(storage, self._cache_dir))
            except StoreError as error:
                self._log.info(1, f"the session's other store cannot be read: {error.message}")
                if cut_short:
                    return None  # a newer one may be there
                continue
            if other and (session is None or other.generation > session.generation):
                session = other
        return session

    def _read(self, store: Store) -> Session | None:
        """Return the session that a store holds; what is damaged is a miss, and said."""
        record = store.load(self._session_id)
        session = Session.parse(record, self._session_id)
        if session is None and self._log.level >= 1:
            damage = (
                store.damage(self._session_id)
                if record is None
                else f"the session in {store.where()} is damaged or of another version"
            )
            if damage:
                self._log.info(1, f"{damage}: it is not used")
        return session

    def remove(self, entry: Entry, *, moved_from: str, anew: bool) -> tuple[str, ...]:
        """Remove what other stores hold and return the stores that may hold it still.

        An OS keyring that did not let go of it once is asked again only when a person signs in: it may hang.

        Args:
            entry: What the index knows.
            moved_from: The store that the session rested in until now.
            anew: Whether a person has signed in.
        """
        left = []
        for storage in self.others(entry):
            if storage == "keyring" and storage != moved_from and not anew:
                left.append(storage)
                continue
            try:
                open_store(storage, self._cache_dir).delete(self._session_id)
            except StoreError as error:
                self._log.info(1, f"the session's former store still holds it: {error.message}")
                left.append(storage)
        return tuple(left)
