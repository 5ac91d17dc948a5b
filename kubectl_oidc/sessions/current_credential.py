"""Publish a session's current credential for the fast path, and withdraw it: a file, or a key in the kernel keyring."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError
from kubectl_oidc.exec_credential import credential
from kubectl_oidc.fast_path import kernel_keyring
from kubectl_oidc.fast_path.credential import CREDENTIALS_DIRECTORY, parse_credential
from kubectl_oidc.system import private_files

from .stores import kernel_store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kubectl_oidc.system.log import Log

    from .session import Session


class CurrentCredential:
    """The current credential of one session.

    Args:
        session_id: The session.
        storage: The session's store.
        cache_dir: The cache directory.
        environ: The environment.
        log: What -v shows.
    """

    def __init__(
        self, session_id: str, *, storage: str, cache_dir: Path, environ: Mapping[str, str], log: Log
    ) -> None:
        self._session_id = session_id
        self._storage = storage
        self._cache_dir = cache_dir
        self._environ = environ
        self._log = log

    def place(self) -> str:
        """Return where it is stored: in the session's store; for ``keyring`` in the kernel keyring, if that is private."""
        if self._storage != "keyring":
            return "" if self._storage == "none" else self._storage
        return "kernel" if kernel_store(self._environ) else "keyring"

    def put(self, session: Session, now: int) -> str:
        """Store it in its place.

        Args:
            session: The session, valid and stored.
            now: Epoch seconds.

        Returns:
            Where it is, or an empty string if the fast path cannot read it.
        """
        place = self.place()
        record = credential(session.token(), session.expiry, session.issued_at(now)).record()
        if self._log.level >= 1:
            self._log_damage(place)
        try:
            if place == "disk":
                directory = private_files.ensure_directory(self._cache_dir, CREDENTIALS_DIRECTORY)
                private_files.write_private_file(directory, self._session_id, record)
            elif place == "kernel":
                from .stores.kernel import KernelStore

                KernelStore().publish(self._session_id, record, session.expiry - now)
            else:
                return ""
        except StoreError as error:
            self._log.info(1, f"the credential is not published: {error.message}")
            return ""
        return place

    def withdraw(self) -> bool:
        """Remove it from every place it may be in, and return whether there was one.

        Raises:
            StoreError: It cannot be removed.
        """
        found = private_files.remove_private_file(self._cache_dir / CREDENTIALS_DIRECTORY, self._session_id)
        if sys.platform == "linux":
            from .stores.kernel import KernelStore

            store = KernelStore()
            found = (store.usable() and store.withdraw(self._session_id)) or found
        return found

    def try_withdraw(self) -> None:
        """Do what `withdraw` does, but only log an error."""
        try:
            self.withdraw()
        except StoreError as error:
            self._log.info(1, f"the former credential cannot be removed: {error.message}")

    def _log_damage(self, place: str) -> None:
        """Log why the credential in its place cannot be used. The fast path treated it as missing and logged nothing."""
        directory = self._cache_dir / CREDENTIALS_DIRECTORY
        record, where, refusal = None, str(directory / self._session_id), ""
        if place == "disk":
            record = private_files.read_private_file(directory, self._session_id)
            refusal = private_files.reason_not_private(directory, self._session_id)
        elif place == "kernel":
            record = kernel_keyring.read_key(kernel_keyring.CREDENTIAL + self._session_id)
            where = "the kernel keyring"
        if record is not None and parse_credential(record) is None:
            refusal = f"the credential in {where} is damaged or of another version"
        if refusal:
            self._log.info(1, f"{refusal}: it is not used")
