"""Remember that a refresh failed with a 5xx status and an OAuth error, to notice a second such failure in a row.

One small file for each session, in the directory of the failed sign-ins. It holds nothing that the provider sent, and no secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError
from kubectl_oidc.system import private_files

from .failed_sign_ins import DIRECTORY

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.system.log import Log

_CONTENT = b'{"version": 1}\n'


class FailedRefreshes:
    """The note about one session's last refresh. If the cache directory cannot be written, nothing is remembered."""

    def __init__(self, cache_dir: Path, session_id: str, log: Log) -> None:
        self._cache_dir = cache_dir
        self._name = f"{session_id}.refresh"
        self._log = log

    def last(self) -> bool:
        """Return whether the last refresh failed in this way."""
        return private_files.read_private_file(self._cache_dir / DIRECTORY, self._name) == _CONTENT

    def remember(self) -> None:
        """Record that a refresh failed in this way."""
        try:
            directory = private_files.ensure_directory(self._cache_dir, DIRECTORY)
            private_files.write_private_file(directory, self._name, _CONTENT)
        except StoreError as error:
            self._log.info(1, f"the failed refresh is not remembered: {error.message}")

    def forget(self) -> None:
        """Remove the note: a refresh ended in another way, or the person signed in."""
        try:
            private_files.remove_private_file(self._cache_dir / DIRECTORY, self._name)
        except StoreError as error:
            self._log.info(1, f"the note about a failed refresh cannot be removed: {error.message}")
