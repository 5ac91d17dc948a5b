"""``none``: nowhere. Each command signs in anew."""

from __future__ import annotations


class NoStore:
    """Keep nothing."""

    name = "none"

    def where(self) -> str:
        """Return the words for nowhere."""
        return "nowhere"

    def asks(self) -> bool:
        """Return False: nobody is asked."""
        return False

    def load(self, session_id: str) -> bytes | None:  # noqa: ARG002 - a store's shape
        """Return None."""
        return None

    def damage(self, session_id: str) -> str:  # noqa: ARG002 - a store's shape
        """Return nothing: there is nothing."""
        return ""

    def save(self, session_id: str, record: bytes) -> None:
        """Keep nothing."""

    def delete(self, session_id: str) -> bool:  # noqa: ARG002 - a store's shape
        """Return False: there is nothing."""
        return False
