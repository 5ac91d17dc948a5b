"""Which backends of the ``keyring`` library are a keyring: those of known desktops, those that keep nothing, and any other."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError

from . import secret_service

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

CHAINER = "keyring.backends.chainer"
_EMPTY = ("keyring.backends.null", "keyring.backends.fail")

VARIABLE = "PYTHON_KEYRING_BACKEND"
"""The variable that chooses the keyring library's backend."""

# Backends that are known to take long secrets; any other may be as narrow as Windows.
ROOMY = (
    secret_service.BACKEND,
    "keyring.backends.libsecret",
    "keyring.backends.kwallet",
    "keyring.backends.macOS",
)
# Backends that ask nobody for entries of ours: the Credential Locker is open while its user is signed in, and so is the
# Keychain, which takes whoever made an entry for who may read it. Where it is locked, as over SSH, it fails.
WINDOWS = "keyring.backends.Windows"
SILENT = (WINDOWS, "keyring.backends.macOS")


def check(backend: KeyringBackend) -> None:
    """See that a backend is not one that keeps nothing, whatever it is given.

    Args:
        backend: The keyring library's backend.

    Raises:
        StoreError: It is its null backend, its fail backend, or a chain of such.
    """
    if keeps_nothing(backend):
        raise no_keyring(backend)


def no_keyring(backend: KeyringBackend) -> StoreError:
    """Return the error for a backend that does not return what it is given; the hint names what chose it."""
    kind = type(backend)
    chosen = os.environ.get(VARIABLE)
    return StoreError(
        f"the OS keyring backend {kind.__module__}.{kind.__qualname__} does not return what it is given",
        (
            f"unset {VARIABLE}, which chooses it"
            if chosen
            else f"look into the keyring library's configuration (keyringrc.cfg, {VARIABLE})"
        )
        + ", or choose --token-cache-storage=disk"
        + (" or kernel" if sys.platform == "linux" else ""),
        topic="os-keyring",
    )


def keeps_nothing(backend: KeyringBackend) -> bool:
    """Return whether a backend is the library's null or fail backend, or a chain of such."""
    module = type(backend).__module__
    if module == CHAINER:
        return all(keeps_nothing(inner) for inner in getattr(backend, "backends", ()))
    return module in _EMPTY


def is_desktops(backend: KeyringBackend) -> bool:
    """Return whether a backend speaks to the keyring of a desktop that is known."""
    module = type(backend).__module__
    if module == CHAINER:
        return any(is_desktops(inner) for inner in getattr(backend, "backends", ()))
    return module in (*ROOMY, *SILENT)
