"""Publish a session's current credential for the fast path, and withdraw it: a file, or a key in the kernel keyring."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError
from kubectl_oidc.exec_credential import credential
from kubectl_oidc.fast_path.credential import CREDENTIALS_DIRECTORY, parse_credential
from kubectl_oidc.system import private_files

from .stores import kernel_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .session import Session
    from .stores.base import Place


class CurrentCredential:
    """The current credential of the session in a place."""

    def __init__(self, place: Place, environ: Mapping[str, str]) -> None:
        self._session = place
        self._environ = environ

    def place(self) -> str:
        """Return where it is stored: in the session's store; for ``keyring`` in the kernel keyring, if that is private."""
        storage = self._session.store.name
        if storage != "keyring":
            return "" if storage == "none" else storage
        return "kernel" if kernel_store(self._environ) else "keyring"

    def put(self, session: Session, now: int) -> str:
        """Store the credential of a valid, stored session at ``now``, in epoch seconds.

        Returns:
            Its place, or an empty string if the fast path cannot read it.
        """
        place = self.place()
        record = credential(session.token(), session.expiry, session.issued_at(now)).record()
        if self._session.log.level >= 1:
            self._log_damage(place)
        try:
            if place == "disk":
                directory = private_files.ensure_directory(self._session.cache_dir, CREDENTIALS_DIRECTORY)
                private_files.write_private_file(directory, self._session.session_id, record)
            elif place == "kernel":
                from .stores.kernel import KernelStore

                KernelStore().publish(self._session.session_id, record, session.expiry - now)
            else:
                return ""
        except StoreError as error:
            self._session.log.info(
                1, "credential-not-published", f"the credential is not published: {error.message}"
            )
            return ""
        return place

    def withdraw(self) -> bool:
        """Remove it from every place it may be in, and return whether there was one. If it cannot be removed, that is logged."""
        directory, found = self._session.cache_dir / CREDENTIALS_DIRECTORY, False
        try:
            found = private_files.remove_private_file(directory, self._session.session_id)
            if sys.platform == "linux":
                from .stores.kernel import KernelStore

                store = KernelStore()
                found = (store.usable() and store.withdraw(self._session.session_id)) or found
        except StoreError as error:
            self._session.log.info(
                1, "credential-not-removed", f"the former credential cannot be removed: {error.message}"
            )
        return found

    def _log_damage(self, place: str) -> None:
        """Log why the credential in its place cannot be used. The fast path treated it as missing and logged nothing."""
        directory = self._session.cache_dir / CREDENTIALS_DIRECTORY
        record, where, refusal = None, str(directory / self._session.session_id), ""
        if place == "disk":
            record = private_files.read_private_file(directory, self._session.session_id)
            refusal = private_files.reason_not_private(directory, self._session.session_id)
        elif place == "kernel":
            from kubectl_oidc.fast_path import kernel_keyring

            record = kernel_keyring.read_key(kernel_keyring.CREDENTIAL + self._session.session_id)
            where = "the kernel keyring"
        if record is not None and parse_credential(record) is None:
            refusal = f"the credential in {where} is damaged or of another version"
        if refusal:
            self._session.log.info(1, "record-damaged", f"{refusal}: it is not used")
