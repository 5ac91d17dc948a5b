"""A refresh that the provider failed with a 5xx and an OAuth error is remembered, so that a second one in a row is noticed.

One small file per session, in the directory of the failed sign-ins. It holds no word of the provider and no secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError
from kubectl_oidc.system import private_files

from .failed_sign_ins import DIRECTORY

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.system.log import Log

_SUFFIX = ".refresh"
_CONTENT = b'{"version": 1}\n'


class FailedRefreshes:
    """Whether the last refresh of one session failed with a 5xx and an OAuth error.

    Args:
        cache_dir: The cache directory. If it cannot be written, nothing is remembered.
        session_id: The session.
        log: What -v shows.
    """

    def __init__(self, cache_dir: Path, session_id: str, log: Log) -> None:
        self._cache_dir = cache_dir
        self._session_id = session_id
        self._log = log

    def last(self) -> bool:
        """Return whether the last refresh failed so."""
        return private_files.read(self._cache_dir / DIRECTORY, f"{self._session_id}{_SUFFIX}") == _CONTENT

    def remember(self) -> None:
        """Note that a refresh failed so."""
        try:
            directory = private_files.ensure_directory(self._cache_dir, DIRECTORY)
            private_files.write(directory, f"{self._session_id}{_SUFFIX}", _CONTENT)
        except StoreError as error:
            self._log.info(1, f"the failed refresh is not remembered: {error.message}")

    def forget(self) -> None:
        """Remove the note: a refresh ended in another way, or the person signed in."""
        forget(self._cache_dir, self._session_id, self._log)


def forget(cache_dir: Path, session_id: str, log: Log) -> None:
    """Remove the note about a session's last refresh, if there is one.

    Args:
        cache_dir: The cache directory.
        session_id: The session.
        log: What -v shows.
    """
    try:
        private_files.remove(cache_dir / DIRECTORY, f"{session_id}{_SUFFIX}")
    except StoreError as error:
        log.info(1, f"a failed refresh stays remembered: {error.message}")
