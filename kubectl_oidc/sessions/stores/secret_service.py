"""The Secret Service read without the ``keyring`` library, which takes longer to load than the whole answer may take.

Only where that library would come to the same entries: it chose its Secret Service backend by itself when the session was
stored, and nothing has been configured since. An entry is found by the attributes that its backend gives it, in the default
collection. Nobody is asked anything here: what is locked is left to the library.
"""

from __future__ import annotations

import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from .keyring_parts import read

if TYPE_CHECKING:
    from collections.abc import Mapping

BACKEND = "keyring.backends.SecretService"
SERVICE = "kubectl-oidc"
ACCOUNT = "session"


def configured(environ: Mapping[str, str], *, platform: str = sys.platform) -> bool:
    """Tell whether the ``keyring`` library has a configuration, or may have one: then it alone knows what is read.

    Args:
        environ: The environment.
        platform: As ``sys.platform`` has it.
    """
    if any(name == "PYTHON_KEYRING_BACKEND" or name.startswith("KEYRING_PROPERTY_") for name in environ):
        return True
    if platform == "win32":
        place = f"{environ.get('LOCALAPPDATA', environ.get('PROGRAMDATA', '.'))}/Python Keyring"
    else:
        root = environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 - no pathlib on this way
        place = f"{root}/python_keyring"
    return os.path.lexists(f"{place}/keyringrc.cfg")


def load(session_id: str) -> bytes | None:
    """Return the session's record, or None where it is not there or a person would have to be asked.

    Args:
        session_id: The session.

    Raises:
        SecretStorageException: The service cannot be asked.
    """
    import secretstorage

    with closing(secretstorage.dbus_init()) as connection:
        collection = secretstorage.Collection(connection)
        if collection.is_locked():
            return None

        def get(service: str) -> str | None:
            for item in collection.search_items({"username": ACCOUNT, "service": service}):
                if not item.is_locked():
                    return str(item.get_secret().decode())
            return None

        record = read(get, f"{SERVICE}/{session_id}")
    return record.encode() if record and record.isascii() else None


def session_ids() -> list[str]:
    """Return the ids of every session that this user has there, locked or not, whichever cache directory knows it.

    Raises:
        SecretStorageException: The service cannot be asked.
    """
    import secretstorage

    with closing(secretstorage.dbus_init()) as connection:
        items = secretstorage.search_items(connection, {"username": ACCOUNT})
        services = [str(item.get_attributes().get("service", "")).split("/") for item in items]
    return sorted({names[1] for names in services if names[0] == SERVICE and len(names) > 1})


def search(attributes: Mapping[str, str]) -> list[tuple[dict[str, str], bytes | None]]:
    """Return every entry with these attributes, in any collection: its attributes, and its secret unless it is locked.

    Where there is no service there is no entry.

    Args:
        attributes: What the entries have in common.

    Raises:
        SecretStorageException: The service cannot be asked.
    """
    import secretstorage

    try:
        with closing(secretstorage.dbus_init()) as connection:
            return [
                (dict(item.get_attributes()), None if item.is_locked() else bytes(item.get_secret()))
                for item in secretstorage.search_items(connection, dict(attributes))
            ]
    except secretstorage.SecretServiceNotAvailableException:
        return []


def delete(attributes: Mapping[str, str]) -> None:
    """Remove every unlocked entry with these attributes.

    Args:
        attributes: What names the entries.

    Raises:
        SecretStorageException: The service cannot be asked.
    """
    import secretstorage

    with closing(secretstorage.dbus_init()) as connection:
        for item in secretstorage.search_items(connection, dict(attributes)):
            if not item.is_locked():
                item.delete()
