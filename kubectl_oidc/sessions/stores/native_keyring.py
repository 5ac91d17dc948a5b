"""The Keychain and the Credential Locker read by the ``keyring`` library's own backends, without its search for one.

What takes long in that library is to look for every backend that may be installed; macOS and Windows have one each. Only where
the library came to it by itself when the session was stored, and nothing has been configured since.
"""

from __future__ import annotations

import sys
from importlib import import_module

from .keyring_parts import read
from .secret_service import ACCOUNT, SERVICE

BACKENDS = {
    "darwin": ("keyring.backends.macOS", "Keyring"),
    "win32": ("keyring.backends.Windows", "WinVaultKeyring"),
}
"""The backend of a system: its module, and its name there."""

SECONDS = 30.0
"""macOS may ask a person; whoever is asked is not asked again meanwhile."""


def load(session_id: str) -> bytes | None:
    """Return the session's record, or None where it is not there.

    Args:
        session_id: The session.

    Raises:
        KeyringError: The keyring refuses; Windows' backend raises errors of the system's own.
    """
    module, name = BACKENDS[sys.platform]
    backend = getattr(import_module(module), name)()
    record = read(lambda service: backend.get_password(service, ACCOUNT), f"{SERVICE}/{session_id}")
    return record.encode() if record and record.isascii() else None
