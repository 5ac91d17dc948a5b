"""Remove everything that is stored of a session: records, the current credential, what is remembered, the index entry."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from kubectl_oidc import fast_path
from kubectl_oidc.errors import StoreError
from kubectl_oidc.fast_path import refresh_ahead
from kubectl_oidc.fast_path.credential import CREDENTIALS_DIRECTORY as CREDENTIALS
from kubectl_oidc.sessions import failed_sign_ins, known_commands
from kubectl_oidc.system import private_files

from .session import GENERATION_STEP, Session
from .stores import disk, index, open_store
from .stores.host import this_host
from .stores.tombstones import bury

if TYPE_CHECKING:
    from pathlib import Path

    from .stores.base import Store

_ALONE = "set XDG_RUNTIME_DIR to a local directory that only you can use, or end every running kubectl"


class Removal:
    """The removal of one session: the places where something was removed, and the failures."""

    def __init__(self, session_id: str, cache_dir: Path) -> None:
        self._session_id = session_id
        self._cache_dir = cache_dir
        self._entries = index.read_host_entries(cache_dir, session_id)
        # Made from the record, if the index has lost the session.
        self._lost = index.Entry(session_id, this_host().name)
        self.places: list[str] = []
        self.failures: list[StoreError] = []

    def remove(self, *, exclusive: bool, locked: bool) -> None:
        """Remove everything, and make sure that no running command stores the session again.

        Args:
            exclusive: Whether no other process can hold the session's lock.
            locked: Whether the write lock is held.
        """
        for entry in self._entries:
            with contextlib.suppress(StoreError):
                raised = entry._replace(generation=entry.generation + GENERATION_STEP)
                index.write_entry(self._cache_dir, raised)  # what cannot be removed is not used again
        generation = self._newest_generation() + GENERATION_STEP
        self.remove_everything()
        if self.failures or not (self._entries or self.places):
            return
        if exclusive:
            try:
                index.remove_entries(self._cache_dir, self._session_id)
            except StoreError as error:
                self.failures.append(error)
            return
        try:
            bury(self._cache_dir, self.entry()._replace(generation=generation))
        except StoreError as error:
            self.failures.append(not_sure(error.message, error.hint))
            return
        if not locked:
            self.failures.append(
                not_sure("neither the cache directory nor the runtime directory can be locked", _ALONE)
            )

    def remove_everything(self) -> None:
        """Remove the records, the credential and what is remembered, from every place they may be in."""
        for store in _stores(self._entries, self._cache_dir, self.failures):
            try:
                if store.delete(self._session_id):
                    self.places.append(store.where())
            except StoreError as error:
                self.failures.append(error)
        on_disk = disk.DiskStore(self._cache_dir).where() in self.places
        try:
            self.places += _remove_credential(self._session_id, self._cache_dir, on_disk=on_disk)
        except StoreError as error:
            self.failures.append(error)
        known_commands.forget_commands(self._session_id)
        failed_sign_ins.forget_failed_sign_ins(self._cache_dir, self._session_id)

    def entry(self) -> index.Entry:
        """Return the session's index entry as it was; if the index has lost it, one made from the record."""
        return self._entries[0] if self._entries else self._lost

    def _newest_generation(self) -> int:
        """Return the newest known generation, from the index or from records that the index has lost."""
        generations = [entry.generation for entry in self._entries]
        for name in () if self._entries else ("kernel", "disk"):
            with contextlib.suppress(StoreError):
                record = open_store(name, self._cache_dir).load(self._session_id)
                session = Session.parse(record, self._session_id)
                if session:
                    # The first audience of an ID token may be another client.
                    self._lost = index.Entry.of(session, name)._replace(client_id="")
                    generations.append(session.generation)
        return max(generations, default=0)


def not_sure(why: str, hint: str) -> StoreError:
    """Return the error of a purge that cannot exclude that a running command stores the session again."""
    return StoreError(
        f"a running command may store the session again, because {why}",
        f"{hint}, and repeat the command",
        topic="purge",
    )


def _stores(entries: list[index.Entry], cache_dir: Path, failures: list[StoreError]) -> list[Store]:
    """Return the stores that the index names, else every store of this machine; the failures to open one are added.

    The kernel keyring and the disk are always included, for a copy that was left behind when the session was moved.
    """
    named = tuple(filter(None, (place for entry in entries for place in (entry.storage, *entry.former))))
    stores: list[Store] = []
    for name in dict.fromkeys((*(named or ("keyring",)), "kernel", "disk")):
        try:
            stores.append(open_store(name, cache_dir))
        except StoreError as error:
            if name in named:
                failures.append(error)
    return stores


def _remove_credential(session_id: str, cache_dir: Path, *, on_disk: bool) -> list[str]:
    """Remove the current credential and return where it was, for display. The files of a session on disk are not named again."""
    places = []
    if private_files.remove_private_file(cache_dir / CREDENTIALS, session_id, lasting=True) and not on_disk:
        places.append(str(cache_dir / CREDENTIALS))
    for directory in (fast_path.HANDOUTS_DIRECTORY, refresh_ahead.CLAIMS_DIRECTORY, disk.UNWRITTEN):
        private_files.remove_private_file(cache_dir / directory, session_id)
    if sys.platform == "linux":
        from .stores.kernel import KernelStore

        kernel = KernelStore()
        if kernel.usable() and kernel.withdraw(session_id):
            places.append(kernel.where())
    return places
