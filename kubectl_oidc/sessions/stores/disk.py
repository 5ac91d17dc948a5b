"""``disk``: private files under --token-cache-dir."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubectl_oidc.system import private_files

if TYPE_CHECKING:
    from pathlib import Path

DIRECTORY = "tokens"
UNWRITTEN = "unwritten"
"""The directory of tokens that could not be written into the kubeconfig they belong to."""

_ID = re.compile("[0-9a-f]{32}")


def is_session_id(name: str) -> bool:
    """Return whether a file's name is a session's id."""
    return bool(_ID.fullmatch(name))


class DiskStore:
    """Store each session in a file of mode 0600 in a directory of mode 0700."""

    name = "disk"

    def __init__(self, base: Path) -> None:
        self._base = base

    def where(self) -> str:
        """Return the directory."""
        if self._base == private_files.NO_HOME_DIRECTORY:
            return private_files.shown_directory(self._base)
        return str(self._base / DIRECTORY)

    def asks(self) -> bool:
        """Return False: reading files asks nobody."""
        return False

    def load(self, session_id: str) -> bytes | None:
        """Return the session's record, or None."""
        return private_files.read_private_file(self._base / DIRECTORY, session_id)

    def session_ids(self) -> list[str]:
        """Return the ids of the sessions that have a file here, damaged or not."""
        return list(filter(is_session_id, private_files.private_file_names(self._base / DIRECTORY)))

    def damage(self, session_id: str) -> str:
        """Return why the session's file cannot be used, for display; empty if there is none."""
        return private_files.reason_not_private(self._base / DIRECTORY, session_id)

    def save(self, session_id: str, record: bytes) -> None:
        """Store the record."""
        directory = private_files.ensure_directory(self._base, DIRECTORY)
        private_files.write_private_file(directory, session_id, record, lasting=True)

    def delete(self, session_id: str) -> bool:
        """Remove the record and return whether there was one."""
        return private_files.remove_private_file(self._base / DIRECTORY, session_id, lasting=True)
