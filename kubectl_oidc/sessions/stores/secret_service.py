"""Read the Secret Service without the ``keyring`` library, which is slow to load.

This is used only if that library would read the same entries. It must have chosen its Secret Service backend without configuration
when the session was stored, and not have been configured since. Entries are found in the default collection by the attributes that the
backend gives them. Nobody is asked for a password here: locked entries are skipped.

A function that cannot ask the service raises SecretStorageException.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from kubectl_oidc.fast_path.keyring_session import ACCOUNT, SERVICE

from .keyring_parts import read_record

if TYPE_CHECKING:
    from collections.abc import Mapping

BACKEND = "keyring.backends.SecretService"


def load(session_id: str) -> bytes | None:
    """Return the session's record, or None if it is missing or locked."""
    from secretstorage.exceptions import LockedException

    try:
        return load_unlocked(session_id)
    except LockedException:
        return None


def load_unlocked(session_id: str) -> bytes | None:
    """Return the session's record, or None if it is missing.

    Raises:
        LockedException: The keyring is locked.
    """
    import secretstorage
    from secretstorage.exceptions import LockedException

    with closing(secretstorage.dbus_init()) as connection:
        collection = secretstorage.Collection(connection)
        if collection.is_locked():
            raise LockedException("it is locked")

        def get(service: str) -> str | None:
            for item in collection.search_items({"username": ACCOUNT, "service": service}):
                if not item.is_locked():
                    return str(item.get_secret().decode())
            return None

        record = read_record(get, f"{SERVICE}/{session_id}")
    return record.encode() if record and record.isascii() else None


def session_ids() -> list[str]:
    """Return the ids of this user's sessions, locked or not, of all cache directories.

    If there is no Secret Service, there are none.
    """
    import secretstorage

    try:
        with closing(secretstorage.dbus_init()) as connection:
            items = secretstorage.search_items(connection, {"username": ACCOUNT})
            services = [str(item.get_attributes().get("service", "")).split("/") for item in items]
    except (secretstorage.SecretServiceNotAvailableException, FileNotFoundError):
        return []
    return sorted({names[1] for names in services if names[0] == SERVICE and len(names) > 1})


def search(attributes: Mapping[str, str]) -> list[tuple[dict[str, str], bytes | None]]:
    """Return all entries with these attributes, in any collection: their attributes, and their secrets unless they are locked.

    If there is no Secret Service, there are no entries.
    """
    import secretstorage

    try:
        with closing(secretstorage.dbus_init()) as connection:
            return [
                (dict(item.get_attributes()), None if item.is_locked() else bytes(item.get_secret()))
                for item in secretstorage.search_items(connection, dict(attributes))
            ]
    except (secretstorage.SecretServiceNotAvailableException, FileNotFoundError):
        return []


def delete(attributes: Mapping[str, str]) -> None:
    """Remove all unlocked entries with these attributes."""
    import secretstorage

    with closing(secretstorage.dbus_init()) as connection:
        for item in secretstorage.search_items(connection, dict(attributes)):
            if not item.is_locked():
                item.delete()
