"""The session's current credential, where the hot half finds it: beside the session, or in the kernel keyring."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError
from kubectl_oidc.exec_credential import credential
from kubectl_oidc.fast_path import kernel_keyring
from kubectl_oidc.fast_path.credential import DIRECTORY, parse_credential
from kubectl_oidc.system import private_files

from .stores import kernel_store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kubectl_oidc.system.log import Log

    from .session import Session


class CurrentCredential:
    """Put and remove one session's current credential.

    Args:
        session_id: The session.
        storage: Where the session rests.
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
        """Return where it rests: beside the session, or in the kernel keyring for ``keyring``."""
        if self._storage != "keyring":
            return "" if self._storage == "none" else self._storage
        return "kernel" if kernel_store(self._environ) else "keyring"

    def put(self, session: Session, now: int) -> str:
        """Put it in its place.

        Args:
            session: The session, good and stored.
            now: Epoch seconds.

        Returns:
            Where it rests, or an empty string where the hot half cannot find it.
        """
        place = self.place()
        record = credential(session.token(), session.expiry, session.issued_at(now)).record()
        if self._log.level >= 1:
            self._say_damage(place)
        try:
            if place == "disk":
                directory = private_files.ensure_directory(self._cache_dir, DIRECTORY)
                private_files.write(directory, self._session_id, record)
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
        """Remove it from wherever it may rest and tell whether there was one.

        Raises:
            StoreError: It stays there.
        """
        found = private_files.remove(self._cache_dir / DIRECTORY, self._session_id)
        if sys.platform == "linux":
            from .stores.kernel import KernelStore

            store = KernelStore()
            found = (store.usable() and store.withdraw(self._session_id)) or found
        return found

    def _say_damage(self, place: str) -> None:
        """Say that what stands in the place cannot be used; the hot half has taken it for a miss without a word."""
        directory = self._cache_dir / DIRECTORY
        record, where, refusal = None, str(directory / self._session_id), ""
        if place == "disk":
            record = private_files.read(directory, self._session_id)
            refusal = private_files.refusal(directory, self._session_id)
        elif place == "kernel":
            record = kernel_keyring.read(f"kubectl-oidc:credential:{self._session_id}")
            where = "the kernel keyring"
        if record is not None and parse_credential(record) is None:
            refusal = f"the credential in {where} is damaged or of another version"
        if refusal:
            self._log.info(1, f"{refusal}: it is not used")
