"""One session and all the places it rests in: the store, the index, the current credential and the lock.

A record is used only if the index knows no newer generation of it, so a copy that a crash, a backup or a purge left
behind is never taken for the session, and its refresh token is never sent.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError
from kubectl_oidc.exec_credential import credential
from kubectl_oidc.hot.credential import DIRECTORY as CREDENTIALS
from kubectl_oidc.lock import SessionLock
from kubectl_oidc.lock_directory import lock_paths
from kubectl_oidc.session import Session
from kubectl_oidc.stores import first_store, index, kernel_is_private, open_store, private_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kubectl_oidc.log import Log
    from kubectl_oidc.session import SessionKey
    from kubectl_oidc.stores.base import Store


class SessionKeeper:
    """Read, keep and remove one session.

    Args:
        key: What identifies the session.
        storage: The value of --token-cache-storage.
        cache_dir: The cache directory.
        environ: The environment.
        log: What -v shows.

    Raises:
        StoreError: The store that was asked for does not exist on this machine.
    """

    def __init__(
        self, key: SessionKey, *, storage: str, cache_dir: Path, environ: Mapping[str, str], log: Log
    ) -> None:
        self.key = key
        self.session_id = key.id()
        self.cache_dir = cache_dir
        self._environ = environ
        self._log = log
        entry = index.read(cache_dir, self.session_id)
        self.decided_here = storage == "auto" and not (entry and entry.storage)
        self.store = self._open(storage, entry)
        log.info(4, f"session {self.session_id} rests in {self.store.where()}")

    def _open(self, storage: str, entry: index.Entry | None) -> Store:
        if storage != "auto":
            return open_store(storage, self.cache_dir)
        if entry and entry.storage:
            return open_store(entry.storage, self.cache_dir)
        return first_store(self.cache_dir, self._environ)

    def entry(self) -> index.Entry | None:
        """Return the session's entry in the index."""
        return index.read(self.cache_dir, self.session_id)

    def lock(self) -> SessionLock:
        """Return the session's lock, not yet taken.

        Raises:
            LockError: No directory can hold it.
        """
        return SessionLock(self.lock_paths())

    def lock_paths(self) -> tuple[str, ...]:
        """Return the session's lock files.

        Raises:
            LockError: No directory can hold them.
        """
        return lock_paths(self.session_id, self.store.name, self.cache_dir)

    def load(self) -> Session | None:
        """Return the session, or None when there is none that may be used.

        Raises:
            StoreError: The store exists and cannot be read just now.
        """
        session = Session.parse(self.store.load(self.session_id), self.session_id)
        entry = self.entry()
        if entry and self._rests_elsewhere(entry) and (not session or session.generation < entry.generation):
            session = self._fetch_from(entry.storage)  # a copy that was left behind here is older
        if session is None:
            self._log.info(1, f"no session in {self.store.where()}")
            return None
        if entry and entry.generation > session.generation:
            self._log.info(1, "the stored session is older than the index knows; it is not used")
            return None
        return session

    def _rests_elsewhere(self, entry: index.Entry) -> bool:
        """Tell whether another store was asked for before; ``none`` neither reads nor renews what rests there."""
        return entry.storage not in {"", self.store.name} and self.store.name != "none"

    def _fetch_from(self, storage: str) -> Session | None:
        """Return the session from the store it rested in before another was asked for."""
        try:
            before = open_store(storage, self.cache_dir)
            return Session.parse(before.load(self.session_id), self.session_id)
        except StoreError as error:
            self._log.info(1, f"the session's former store cannot be read: {error.message}")
            return None

    def next_generation(self, session: Session | None) -> int:
        """Return the generation of the tokens that replace ``session``'s."""
        entry = self.entry()
        return 1 + max(session.generation if session else 0, entry.generation if entry else 0)

    def mark_in_flight(self, now: int) -> None:
        """Record that a refresh is about to be sent.

        Args:
            now: Epoch seconds.
        """
        entry = self.entry()
        if entry:
            self._index(replace(entry, in_flight=now))

    def save(self, session: Session, now: int) -> bool:
        """Keep the session, and leave nothing of it in the store it rested in before.

        Args:
            session: What to keep.
            now: Epoch seconds.

        Returns:
            Whether it was kept. A purge that went by meanwhile, unseen by the lock, is not undone.

        Raises:
            StoreError: The store refused; the index then knows the generation, so the old record is not used again.
        """
        before = self.entry()
        if before and before.generation > session.generation:
            self._log.info(1, "the session was purged meanwhile; nothing is stored")
            return False
        try:
            self.store.save(self.session_id, session.record())
        except StoreError:
            if before:
                self._index(replace(before, generation=session.generation, in_flight=0))
            raise
        self._index(self._entry_for(session, now))
        if before and self._rests_elsewhere(before):
            self._leave(before.storage)
        return True

    def _entry_for(self, session: Session, now: int) -> index.Entry:
        return index.Entry(
            session_id=self.session_id,
            issuer=session.issuer,
            client_id=self.key.client_id,
            scopes=self.key.scopes,
            name=self.key.name,
            person=session.person,
            storage=self.store.name,
            credential=self.credential_place(),
            generation=session.generation,
            signed_in_at=session.signed_in_at,
            refreshed_at=now,
            expiry=session.expiry,
            renewable=session.refresh_token is not None,
            in_flight=0,
            host=index.hostname(),
        )

    def _index(self, entry: index.Entry) -> None:
        if self.store.name == "none":
            return
        try:
            index.write(self.cache_dir, entry)
        except StoreError as error:
            self._log.info(1, f"the index cannot be written: {error.message}")

    def _leave(self, storage: str) -> None:
        for remove in (self.withdraw, lambda: open_store(storage, self.cache_dir).delete(self.session_id)):
            try:
                remove()
            except StoreError as error:
                self._log.info(1, f"the session's former store still holds it: {error.message}")

    def credential_place(self) -> str:
        """Return where the current credential rests: beside the session, or in the kernel keyring for ``keyring``."""
        if self.store.name != "keyring":
            return "" if self.store.name == "none" else self.store.name
        if sys.platform == "linux" and kernel_is_private(self._environ):
            from kubectl_oidc.stores.kernel import KernelStore

            return "kernel" if KernelStore().usable() else "keyring"
        return "keyring"

    def publish(self, session: Session, now: int) -> str:
        """Put the session's current credential where the hot half finds it.

        Args:
            session: The session, good and stored.
            now: Epoch seconds.

        Returns:
            Where it rests, or an empty string where the hot half cannot find it.
        """
        place = self.credential_place()
        record = credential(session.token(), session.expiry).record()
        try:
            if place == "disk":
                private_files.write(
                    private_files.ensure_directory(self.cache_dir, CREDENTIALS), self.session_id, record
                )
            elif place == "kernel":
                from kubectl_oidc.stores.kernel import KernelStore

                KernelStore().publish(self.session_id, record, session.expiry - now)
            else:
                return ""
        except StoreError as error:
            self._log.info(1, f"the credential is not published: {error.message}")
            return ""
        return place

    def withdraw(self) -> bool:
        """Remove the current credential from wherever it may rest and tell whether there was one."""
        found = private_files.remove(self.cache_dir / CREDENTIALS, self.session_id)
        if sys.platform == "linux":
            from kubectl_oidc.stores.kernel import KernelStore

            store = KernelStore()
            found = (store.usable() and store.withdraw(self.session_id)) or found
        return found
