"""``none``: store nothing, so each command signs in again."""

from __future__ import annotations


class NoStore:
    """Store nothing."""

    name = "none"

    def where(self) -> str:
        """Return the name of this place, for display."""
        return "nowhere"

    def asks(self) -> bool:
        """Return False: it asks nobody."""
        return False

    def load(self, session_id: str) -> bytes | None:  # noqa: ARG002 - the protocol's signature
        """Return None."""
        return None

    def damage(self, session_id: str) -> str:  # noqa: ARG002 - the protocol's signature
        """Return an empty string: there is no record."""
        return ""

    def save(self, session_id: str, record: bytes) -> None:
        """Store nothing."""

    def delete(self, session_id: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return False: there is no record."""
        return False
