"""The interface of a token store, and the place of one session in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kubectl_oidc.named_tuple import NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.system.log import Log


class Store(Protocol):
    """A place that holds session records, one for each session id.

    No call blocks without end. A damaged record is treated as missing, not as an error.
    """

    name: str
    """The value of --token-cache-storage: ``keyring``, ``kernel``, ``disk`` or ``none``."""

    def where(self) -> str:
        """Return the place for display, such as "the kernel keyring"."""

    def asks(self) -> bool:
        """Return whether reading it may show a prompt, such as for the keyring's password."""

    def load(self, session_id: str) -> bytes | None:
        """Return the session's record, or None.

        Raises:
            StoreError: The store exists and cannot be read now.
        """

    def damage(self, session_id: str) -> str:
        """Return why `load` returned None, for display; empty if the store has nothing for this session."""

    def save(self, session_id: str, record: bytes) -> None:
        """Store the record. After a crash the old or the new one is there, whole.

        Raises:
            StoreError: The record is not stored; the old one still is.
        """

    def delete(self, session_id: str) -> bool:
        """Remove the record and return whether there was one.

        Raises:
            StoreError: It may still be there.
        """


class Place(NamedTuple):
    """One session in its store.

    Attributes:
        cache_dir: The directory of the index, whatever the store is.
        log: Receives why something in this place is not used.
    """

    session_id: str
    store: Store
    cache_dir: Path
    log: Log
