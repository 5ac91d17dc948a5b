"""Read the Keychain or the Credential Locker through the ``keyring`` library's backend, without its slow search for backends.

macOS and Windows have one backend each. This is used only if the library chose it without configuration when the session was
stored, and has not been configured since.
"""

from __future__ import annotations

import sys
from importlib import import_module

from .keyring_parts import read_record
from .secret_service import ACCOUNT, SERVICE

BACKENDS = {
    "darwin": ("keyring.backends.macOS", "Keyring"),
    "win32": ("keyring.backends.Windows", "WinVaultKeyring"),
}
"""The backend of an operating system: its module and its class."""

SECONDS = 30.0
"""How long to wait: macOS may ask a person for a password."""


def load(session_id: str) -> bytes | None:
    """Return the session's record, or None.

    Raises:
        KeyringError: The keyring refuses. The Windows backend raises errors of the operating system.
    """
    module, name = BACKENDS[sys.platform]
    backend = getattr(import_module(module), name)()
    record = read_record(lambda service: backend.get_password(service, ACCOUNT), f"{SERVICE}/{session_id}")
    return record.encode() if record and record.isascii() else None
