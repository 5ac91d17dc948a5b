"""Where tokens rest: one store for session and credential, chosen once and kept with the session."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError

from .disk import DiskStore
from .nowhere import NoStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .base import Store
    from .kernel import KernelStore

MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
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
        from .os_keyring import KeyringStore, find_backend

        backend = find_backend()
        if backend is None:
            raise StoreError(
                "there is no OS keyring here",
                "start one (Secret Service, KWallet), or choose --token-cache-storage=disk"
                + (" or kernel" if sys.platform == "linux" else ""),
                topic="os-keyring",
            )
        return KeyringStore(backend)
    return NoStore()


def first_store(cache_dir: Path, environ: Mapping[str, str]) -> Store:
    """Return the store that ``auto`` takes here: the first of keyring, kernel and disk that exists.

    A keyring that exists but fails just now is taken all the same: its failure is said, and is no reason to move.

    Args:
        cache_dir: The cache directory, for ``disk``.
        environ: The environment.
    """
    from .os_keyring import KeyringStore, find_backend

    backend = find_backend()
    if backend is not None:
        return KeyringStore(backend)
    return kernel_store(environ) or DiskStore(cache_dir)


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


def in_container(environ: Mapping[str, str], marks: Sequence[Path] = MARKS) -> bool:
    """Tell whether this is a container: Docker, Podman, Kubernetes, systemd-nspawn or LXC.

    Args:
        environ: The environment.
        marks: Files that only a container has.
    """
    return bool(environ.get("KUBERNETES_SERVICE_HOST") or environ.get("container")) or any(
        os.path.lexists(mark) for mark in marks
    )
