"""``keyring``: the OS keyring, through the ``keyring`` library and its configuration.

Secret Service and KWallet on Linux, the Keychain on macOS, the Credential Locker on Windows.
"""

from __future__ import annotations

import contextlib
import sys
from secrets import token_hex
from typing import TYPE_CHECKING, TypeVar

from kubectl_oidc.errors import StoreError
from kubectl_oidc.fast_path.keyring_session import ACCOUNT, SERVICE, configured
from kubectl_oidc.system.deadline import bounded
from kubectl_oidc.system.private_files import no_home
from kubectl_oidc.text import sanitize

from . import secret_service
from .keyring_backends import (
    MACOS,
    READ_DIRECTLY,
    SILENT,
    is_desktops,
    is_keyring,
    keep_on_this_machine,
    limit_of,
)
from .keyring_parts import ChunkedSecret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keyring.backend import KeyringBackend

SECONDS = 30.0
"""How long to wait for an answer: a person may be typing the keyring's password."""

T = TypeVar("T")


class KeyringStore:
    """Store each session in the OS keyring, divided by `ChunkedSecret`.

    A method that reads or writes raises StoreError if the keyring is locked, refuses, or does not answer.

    Args:
        seconds: How long to wait for an answer.
    """

    name = "keyring"

    def __init__(self, backend: KeyringBackend, seconds: float = SECONDS) -> None:
        self.backend = backend
        self._seconds = seconds
        self._unanswered: StoreError | None = None
        self._entries = _Entries(backend)
        keep_on_this_machine(backend)

    def where(self) -> str:
        """Return the keyring's name, for display."""
        return f"the OS keyring ({self.backend.name})"

    def asks(self) -> bool:
        """Return whether a person may be asked: not if the backend never asks, or the keyring is unlocked."""
        module = type(self.backend).__module__
        if module in SILENT:
            return False
        if module != secret_service.BACKEND:
            return True

        def locked() -> bool:
            import secretstorage

            with contextlib.closing(secretstorage.dbus_init()) as connection:
                return bool(secretstorage.get_default_collection(connection).is_locked())

        try:
            return _ask(locked, self._seconds)
        except StoreError:
            return True

    def works(self) -> bool:
        """Return whether the keyring returns what is stored in it. It is tried with an entry that holds no secret.

        A backend that loses what it accepts, or that has no keyring behind it, does not work.

        Raises:
            StoreError: There is a keyring that cannot be used now: it is locked, refuses, or does not answer.
        """
        from keyring.errors import InitError, KeyringLocked, NoKeyringError

        name = f"{SERVICE}/probe-{token_hex(8)}"

        def probe() -> bool:
            self._entries.get(name)  # raises KeyringLocked if it is locked
            self._entries.set(name, name)
            try:
                return self._entries.get(name) == name
            finally:
                with contextlib.suppress(Exception):
                    self._entries.delete(name)

        try:
            return _ask(probe, self._seconds)
        except StoreError as error:
            cause = error.__cause__  # None if it did not answer
            is_none = isinstance(cause, NoKeyringError | InitError)
            self._unanswered = error if cause is None else None
            just_now = cause is None or isinstance(cause, KeyringLocked) or is_desktops(self.backend)
            if just_now and not is_none:
                raise
            return False

    def is_read_directly(self, environ: Mapping[str, str]) -> bool:
        """Return whether `secret_service` or, on macOS and Windows, the fast path reads the same entries."""
        own = READ_DIRECTLY.get(sys.platform, secret_service.BACKEND)
        return type(self.backend).__module__ == own and not configured(environ)

    def load(self, session_id: str) -> bytes | None:
        """Return the session's record, or None."""
        if self._unanswered:
            raise self._unanswered  # do not wait a second time
        record = _ask(self._secret(session_id).load, self._seconds)
        return record.encode() if record and record.isascii() else None

    def damage(self, session_id: str) -> str:
        """Return why the entries are not a record, for display; empty if there are none."""
        there = _ask(self._secret(session_id).exists, self._seconds)
        return f"the session in {self.where()} is damaged or of another version" if there else ""

    def save(self, session_id: str, record: bytes) -> None:
        """Store the record."""
        text = record.decode("ascii")
        _ask(lambda: self._secret(session_id).save(text), self._seconds)

    def delete(self, session_id: str) -> bool:
        """Remove the record and return whether there was one."""
        return _ask(self._secret(session_id).delete, self._seconds)

    def _secret(self, session_id: str) -> ChunkedSecret:
        return ChunkedSecret(self._entries, f"{SERVICE}/{session_id}")


class _Entries:
    """The entries of the keyring, for `ChunkedSecret`."""

    def __init__(self, backend: KeyringBackend) -> None:
        self._backend = backend
        self.limit = limit_of(backend)

    def get(self, service: str) -> str | None:
        """Return one entry's secret, or None."""
        return self._backend.get_password(service, ACCOUNT)

    def set(self, service: str, secret: str) -> None:
        """Store one entry."""
        self._backend.set_password(service, ACCOUNT, secret)

    def delete(self, service: str) -> bool:
        """Remove one entry and return whether there was one.

        Raises:
            PasswordDeleteError: It is still there.
        """
        from keyring.errors import PasswordDeleteError

        try:
            self._backend.delete_password(service, ACCOUNT)
        except PasswordDeleteError:
            if self._remove_anothers(service):
                return True
            if self.get(service) is not None:
                raise
            return False
        return True

    def _remove_anothers(self, service: str) -> bool:
        """Remove an entry of the Keychain that another Python has made, and return whether there was one."""
        if type(self._backend).__module__ != MACOS:
            return False
        from kubectl_oidc.fast_path.keychain import remove_entry

        with contextlib.suppress(OSError, AttributeError):  # a later macOS may lack the deprecated call
            return remove_entry(service, ACCOUNT)
        return False


def _ask(work: Callable[[], T], seconds: float) -> T:
    """Return what the keyring answers, in bounded time.

    Raises:
        StoreError: The keyring raised any error or did not answer in time.
    """
    try:
        return bounded(
            work,
            seconds,
            lambda: StoreError(
                f"the OS keyring did not answer within {seconds:.0f} s", _hint(), topic="os-keyring"
            ),
        )
    except StoreError:
        raise
    except Exception as error:
        # Path.home(), in the keyring library
        if isinstance(error, RuntimeError) and "home directory" in str(error):
            raise no_home() from error
        # Backends raise KeyringError, D-Bus errors, OSError and others, so the message names the cause, not the type.
        raise StoreError(
            f"the OS keyring cannot be used: {sanitize(error) or type(error).__name__}",
            _hint(),
            topic="os-keyring",
        ) from error


def _hint() -> str:
    if sys.platform == "darwin":
        return "unlock the Keychain with `security unlock-keychain`, or choose --token-cache-storage=disk"
    return f"unlock the keyring, or choose --token-cache-storage=disk{' or kernel' if sys.platform == 'linux' else ''}"


def find_backend(seconds: float = SECONDS) -> KeyringBackend | None:
    """Return the keyring that the keyring library finds here, or None if there is none.

    Its null, fail and plain-text backends count only if the user chose one (PYTHON_KEYRING_BACKEND or keyringrc.cfg).

    Raises:
        StoreError: The search did not end in time.
    """

    def search() -> KeyringBackend | None:
        if sys.platform != "darwin":
            # The library imports its backend for the Keychain everywhere, and that runs ldconfig, gcc and ld to find Apple's libraries.
            sys.modules.setdefault(f"{MACOS}.api", None)  # type: ignore[arg-type]
        import keyring
        from keyring.core import load_config, load_env

        if load_env() or load_config():
            return keyring.get_keyring()
        backend = keyring.get_keyring()
        return backend if is_keyring(backend) else None

    return _ask(search, seconds)
