"""Where tokens are stored, and which store is used: chosen once for each session."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.system.containers import in_container
from kubectl_oidc.system.log import QUIET

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kubectl_oidc.system.log import Log

    from .base import Store
    from .kernel import KernelStore
    from .os_keyring import KeyringStore

CHOICES = ("auto", "keyring", "kernel", "disk", "none")


class SessionStorage(NamedTuple):
    """Where a session is stored.

    Attributes:
        choice: The value of --token-cache-storage.
        default_cache_dir: Whether the cache directory is the default one: neither a flag nor a variable names it.
    """

    cache_dir: Path
    choice: str = "auto"
    default_cache_dir: bool = True

    @property
    def own_cache_dir(self) -> Path | None:
        """The cache directory, if it is not the default one."""
        return None if self.default_cache_dir else self.cache_dir


def open_store(name: str, cache_dir: Path) -> Store:
    """Return the store of this name, any of CHOICES but ``auto``.

    Raises:
        StoreError: There is no such store on this machine.
    """
    if name == "disk":
        from .disk import DiskStore

        return DiskStore(cache_dir)
    if name == "kernel":
        return _open_kernel_keyring()
    if name == "keyring":
        return _open_os_keyring()
    from .no_store import NoStore

    return NoStore()


def _open_kernel_keyring() -> KernelStore:
    from .kernel import KernelStore

    store = KernelStore()
    if not store.usable():
        raise StoreError(
            "this process may not use the kernel keyring",
            "use --token-cache-storage=keyring or disk (containers block the kernel keyring)",
            topic="kernel-keyring",
        )
    return store


def _open_os_keyring() -> KeyringStore:
    from . import keyring_backends
    from .os_keyring import KeyringStore, find_backend

    backend = find_backend()
    if backend is None:
        raise StoreError(
            "no OS keyring found",
            "start one (Secret Service, KWallet), or use --token-cache-storage=disk"
            + (" or kernel" if sys.platform == "linux" else ""),
            topic="os-keyring",
        )
    if keyring_backends.keeps_nothing(backend):
        raise keyring_backends.no_keyring(backend)
    return KeyringStore(backend)


def first_store(cache_dir: Path, environ: Mapping[str, str], log: Log = QUIET) -> Store:
    """Return the store that ``auto`` chooses here: the first of keyring, kernel and disk that exists.

    A keyring exists if it returns what was stored in it. One that cannot be used now, such as a locked one, is chosen too. The error
    is reported when the session is read or stored, and another store is not used instead.

    Raises:
        StoreError: The search for a keyring did not end in time.
    """
    keyring, why = working_keyring()
    if why:
        log.info(1, "storage-unavailable", why.message)
    return keyring or kernel_store(environ) or open_store("disk", cache_dir)


def working_keyring() -> tuple[Store | None, StoreError | None]:
    """Return the OS keyring if there is one that returns what was stored in it; else None, and why a chosen one does not work.

    Raises:
        StoreError: The search for a keyring did not end in time.
    """
    from .os_keyring import KeyringStore, find_backend

    try:
        backend = find_backend()
    except StoreError as error:
        if error.__cause__ is None:
            raise  # it did not answer, so there may be one
        return None, error
    if backend is None:
        return None, None
    store = KeyringStore(backend)
    try:
        prove(store)
    except StoreError as error:
        return None, error
    return store, None


def prove(store: Store) -> None:
    """Check that a keyring returns what is stored in it, before a session is stored in it for the first time.

    Raises:
        StoreError: It does not. Other stores are not checked.
    """
    from .keyring_backends import no_keyring
    from .os_keyring import KeyringStore

    if not isinstance(store, KeyringStore):
        return
    try:
        works = store.works()
    except StoreError:
        return  # the error is reported when the session is read or stored
    if not works:
        raise no_keyring(store.backend)


def keeps_nothing(name: str) -> bool:
    """Return whether the store of this name is a keyring that stores nothing. ``auto`` of version 1.0.0 may have chosen it.

    Raises:
        StoreError: The search for a keyring did not end in time, or failed.
    """
    if name != "keyring":
        return False
    from . import keyring_backends, os_keyring

    backend = os_keyring.find_backend()
    return backend is not None and keyring_backends.keeps_nothing(backend)


def kernel_store(environ: Mapping[str, str]) -> KernelStore | None:
    """Return the kernel keyring if it exists and no other container can read it, else None."""
    if not kernel_is_private(environ):
        return None
    from .kernel import KernelStore

    store = KernelStore()
    return store if store.usable() else None


def kernel_is_private(environ: Mapping[str, str]) -> bool:
    """Return whether the kernel keyring is private here: on Linux, and neither in a container nor in CI.

    Processes with the same user id in another container can read the same keyring.
    """
    return sys.platform == "linux" and not (environ.get("CI") or in_container(environ))
