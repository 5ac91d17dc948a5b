"""What a token store is."""

from __future__ import annotations

from typing import Protocol


class Store(Protocol):
    """A place where session records rest, one a session id.

    No call blocks without end. A record that is damaged is a miss, not an error.
    """

    name: str
    """The value of --token-cache-storage: ``keyring``, ``kernel``, ``disk`` or ``none``."""

    def where(self) -> str:
        """Return the place in words for people, such as "the kernel keyring"."""

    def asks(self) -> bool:
        """Tell whether reading it may show a person a prompt, such as for the keyring's password."""

    def load(self, session_id: str) -> bytes | None:
        """Return the session's record, or None.

        Raises:
            StoreError: The store exists and cannot be read just now.
        """

    def damage(self, session_id: str) -> str:
        """Return why what stands in the record's place is none, in words; empty where nothing stands there.

        For who has loaded None and wants to say more.
        """

    def save(self, session_id: str, record: bytes) -> None:
        """Put the record, so that a crash leaves the old one or the new one, whole.

        Raises:
            StoreError: The record is not stored; the old one still is.
        """

    def delete(self, session_id: str) -> bool:
        """Remove the record and tell whether there was one.

        Raises:
            StoreError: It may still be there.
        """
