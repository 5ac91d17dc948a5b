"""What is known of the ``keyring`` library's backends: which are usable, how long a secret may be, whether they ask a person."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import StoreError

from . import secret_service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyring.backend import KeyringBackend

CHAINER = "keyring.backends.chainer"
_EMPTY = ("keyring.backends.null", "keyring.backends.fail")

VARIABLE = "PYTHON_KEYRING_BACKEND"
"""The variable that chooses the keyring library's backend."""

# Backends that are known to accept long secrets; any other may be as limited as Windows.
ROOMY = (
    secret_service.BACKEND,
    "keyring.backends.libsecret",
    "keyring.backends.kwallet",
    "keyring.backends.macOS",
)
# Backends that ask nobody for this program's entries: the Credential Locker and the Keychain are open while their user is signed
# in, and the Keychain lets the program that made an entry read it. If it is locked, as over SSH, it fails.
WINDOWS, MACOS = "keyring.backends.Windows", "keyring.backends.macOS"
SILENT = (WINDOWS, MACOS)

READ_DIRECTLY = {"darwin": MACOS, "win32": WINDOWS}
"""The backend whose entries the fast path reads, by `sys.platform`. On other systems it is the Secret Service's."""

WINDOWS_LIMIT = 1_250  # UTF-16 characters; the Credential Locker accepts 2,560 bytes
_ROOMY_LIMIT = 60_000
_ROAMS = 3  # CRED_PERSIST_ENTERPRISE


def no_keyring(backend: KeyringBackend) -> StoreError:
    """Return the error for a backend that does not return what was stored in it. The hint names what chose it."""
    kind = type(backend)
    chosen = os.environ.get(VARIABLE)
    return StoreError(
        f"the OS keyring backend {kind.__module__}.{kind.__qualname__} does not return what was stored",
        (
            f"unset {VARIABLE}, which selects it"
            if chosen
            else f"check the keyring library's configuration (keyringrc.cfg, {VARIABLE})"
        )
        + ", or choose --token-cache-storage=disk"
        + (" or kernel" if sys.platform == "linux" else ""),
        topic="os-keyring",
    )


def keeps_nothing(backend: KeyringBackend) -> bool:
    """Return whether a backend is the library's null or fail backend, or a chain of such."""
    return all(module in _EMPTY for module in _modules(backend))


def is_desktops(backend: KeyringBackend) -> bool:
    """Return whether a backend uses the keyring of a known desktop."""
    return any(module in (*ROOMY, *SILENT) for module in _modules(backend))


def is_keyring(backend: KeyringBackend) -> bool:
    """Return whether a backend that the library chose by itself is a keyring: not its null, fail or plain-text backend."""
    unfit = ("null", "fail", "plain", "file", "insecure")
    return any(not any(word in module.lower() for word in unfit) for module in _modules(backend))


def _modules(backend: KeyringBackend) -> list[str]:
    """Return the module of a backend, or the modules of those that a chain consists of."""
    module = type(backend).__module__
    if module != CHAINER:
        return [module]
    return [inner for one in getattr(backend, "backends", ()) for inner in _modules(one)]


def limit_of(backend: KeyringBackend) -> int:
    """Return the longest secret that fits one entry, in characters."""
    return _ROOMY_LIMIT if type(backend).__module__ in ROOMY else WINDOWS_LIMIT


def keep_on_this_machine(backend: KeyringBackend) -> None:
    """Make the Windows backend write entries that do not roam.

    The lock and the index stay on this machine, so two machines would use one refresh token. The library's default is
    CRED_PERSIST_ENTERPRISE (CREDENTIAL structure, wincred.h). The next write of such an entry replaces all of it.
    """
    backends: Sequence[Any] = getattr(backend, "backends", None) or (backend,)
    for one in backends:
        if type(one).__module__ == WINDOWS and one.persist == _ROAMS:
            one.persist = "local machine"
