"""Where tokens rest: one store for session and credential, chosen once and kept with the session."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError
from kubectl_oidc.system.containers import in_container
from kubectl_oidc.system.log import QUIET

from .disk import DiskStore
from .no_store import NoStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kubectl_oidc.system.log import Log

    from .base import Store
    from .kernel import KernelStore

CHOICES = ("auto", "keyring", "kernel", "disk", "none")


def open_store(name: str, cache_dir: Path) -> Store:
    """Return the store of this name.

    Args:
        name: One of CHOICES but ``auto``.
        cache_dir: The cache directory, for ``disk``.

    Raises:
        StoreError: There is no such store on this machine.
    """
    if name == "disk":
        return DiskStore(cache_dir)
    if name == "kernel":
        from .kernel import KernelStore

        store = KernelStore()
        if not store.usable():
            raise StoreError(
                "there is no kernel keyring that this process may use",
                "choose --token-cache-storage=keyring or disk (containers forbid the kernel keyring by seccomp)",
                topic="kernel-keyring",
            )
        return store
    if name == "keyring":
        from .keyring_backends import check
        from .os_keyring import KeyringStore, find_backend

        backend = find_backend()
        if backend is not None:
            check(backend)
        else:
            raise StoreError(
                "there is no OS keyring here",
                "start one (Secret Service, KWallet), or choose --token-cache-storage=disk"
                + (" or kernel" if sys.platform == "linux" else ""),
                topic="os-keyring",
            )
        return KeyringStore(backend)
    return NoStore()


def first_store(cache_dir: Path, environ: Mapping[str, str], log: Log = QUIET) -> Store:
    """Return the store that ``auto`` takes here: the first of keyring, kernel and disk that exists.

    A keyring exists if it returns what it was given. One that cannot be used just now is taken all the same: its failure is said,
    and is no reason to move.

    Args:
        cache_dir: The cache directory, for ``disk``.
        environ: The environment.
        log: Where -v 1 shows why a keyring is not taken.

    Raises:
        StoreError: The search for a keyring did not end in time.
    """
    keyring, why = working_keyring()
    if why:
        log.info(1, why.message)
    return keyring or kernel_store(environ) or DiskStore(cache_dir)


def working_keyring() -> tuple[Store | None, StoreError | None]:
    """Return the OS keyring if there is one that returns what it is given; else None, and why not if one is chosen.

    Raises:
        StoreError: The search for a keyring did not end in time.
    """
    from .keyring_backends import no_keyring
    from .os_keyring import KeyringStore, find_backend

    try:
        backend = find_backend()
    except StoreError as error:
        if error.__cause__ is None:
            raise  # it did not answer: there may be one
        return None, error
    if backend is None:
        return None, None
    store = KeyringStore(backend)
    try:
        works = store.works()
    except StoreError:
        return store, None  # its failure is said when the session is read or stored
    return (store, None) if works else (None, no_keyring(backend))


def prove(store: Store) -> None:
    """See that a keyring that was asked for returns what it is given, before a session is stored in it for the first time.

    Args:
        store: Any store; only a keyring is tried.

    Raises:
        StoreError: It does not.
    """
    from .keyring_backends import no_keyring
    from .os_keyring import KeyringStore

    if not isinstance(store, KeyringStore):
        return
    try:
        works = store.works()
    except StoreError:
        return  # as in `first_store`
    if not works:
        raise no_keyring(store.backend)


def keeps_nothing(name: str) -> bool:
    """Return whether the keyring that ``auto`` chose once is one that keeps nothing, as 1.0.0 may have chosen it.

    Args:
        name: The store, as the index has it.

    Raises:
        StoreError: The search for a keyring did not end in time, or failed.
    """
    if name != "keyring":
        return False
    from . import keyring_backends, os_keyring

    backend = os_keyring.find_backend()
    return backend is not None and keyring_backends.keeps_nothing(backend)


def kernel_store(environ: Mapping[str, str]) -> KernelStore | None:
    """Return the kernel keyring where it exists and is ours alone, else None.

    Args:
        environ: The environment.
    """
    if not kernel_is_private(environ):
        return None
    from .kernel import KernelStore

    store = KernelStore()
    return store if store.usable() else None


def kernel_is_private(environ: Mapping[str, str]) -> bool:
    """Tell whether the kernel keyring is ours alone here: on Linux, and neither in a container nor in CI.

    Processes of the same user id in another container read the same keyring.

    Args:
        environ: The environment.
    """
    return sys.platform == "linux" and not (environ.get("CI") or in_container(environ))
