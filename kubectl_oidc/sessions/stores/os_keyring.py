"""``keyring``: the OS keyring through the keyring library, its configuration honoured.

Secret Service and KWallet on Linux, the Keychain on macOS, the Credential Locker on Windows.
"""

from __future__ import annotations

import contextlib
import sys
from secrets import token_hex
from typing import TYPE_CHECKING, Any, TypeVar

from kubectl_oidc.errors import StoreError
from kubectl_oidc.system.deadline import bounded
from kubectl_oidc.system.private_files import no_home
from kubectl_oidc.text import sanitize

from . import native_keyring, secret_service
from .keyring_backends import CHAINER, ROOMY, SILENT, WINDOWS, is_desktops
from .keyring_parts import ChunkedSecret
from .secret_service import ACCOUNT, SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keyring.backend import KeyringBackend

SECONDS = 30.0  # a person may be typing the keyring's password; a hanging daemon is not waited for longer
WINDOWS_LIMIT = 1_250  # UTF-16 characters; the Credential Locker takes 2,560 bytes

_ROOMY_LIMIT = 60_000

_ROAMS = 3  # CRED_PERSIST_ENTERPRISE

T = TypeVar("T")


class KeyringStore:
    """Keep each session in the OS keyring, in slots and parts.

    Args:
        backend: The keyring library's backend.
        seconds: How long an answer is waited for.
    """

    name = "keyring"

    def __init__(self, backend: KeyringBackend, seconds: float = SECONDS) -> None:
        self.backend = backend
        self._seconds = seconds
        self._unanswered: StoreError | None = None
        _keep_on_this_machine(backend)
        module = type(backend).__module__
        self.limit = _ROOMY_LIMIT if module in ROOMY else WINDOWS_LIMIT

    def where(self) -> str:
        """Return the keyring's name."""
        return f"the OS keyring ({self.backend.name})"

    def asks(self) -> bool:
        """Tell whether a person may be asked: yes, unless it is known that nobody is, or it says that it is unlocked."""
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
        """Return whether the keyring returns what it was given. It is tried with an entry that holds no secret.

        A backend that swallows what it takes, or that has no keyring behind it, does not work.

        Raises:
            StoreError: There is a keyring, and it cannot be used just now: it is locked, refuses, or does not answer.
        """
        from keyring.errors import InitError, KeyringLocked, NoKeyringError

        name = f"{SERVICE}/probe-{token_hex(8)}"

        def probe() -> bool:
            self.get(name)  # a keyring that is locked says so
            self.set(name, name)
            try:
                return self.get(name) == name
            finally:
                with contextlib.suppress(Exception):
                    self.delete_entry(name)

        try:
            return _ask(probe, self._seconds)
        except StoreError as error:
            cause = error.__cause__  # none for one that did not answer
            is_none = isinstance(cause, NoKeyringError | InitError)
            self._unanswered = error if cause is None else None
            just_now = cause is None or isinstance(cause, KeyringLocked) or is_desktops(self.backend)
            if just_now and not is_none:
                raise
            return False

    def light(self, environ: Mapping[str, str]) -> bool:
        """Tell whether `secret_service` or, on macOS and Windows, `desktop_keyring` reads the same entries.

        Args:
            environ: The environment.
        """
        own, _ = native_keyring.BACKENDS.get(sys.platform, (secret_service.BACKEND, ""))
        return type(self.backend).__module__ == own and not secret_service.configured(environ)

    def load(self, session_id: str) -> bytes | None:
        """Return the session's record, or None.

        Raises:
            StoreError: The keyring is locked, refuses, or does not answer.
        """
        if self._unanswered:
            raise self._unanswered  # it is not waited for twice
        record = _ask(self._slots(session_id).load, self._seconds)
        return record.encode() if record and record.isascii() else None

    def damage(self, session_id: str) -> str:
        """Return that the entries hold no record, where there are entries.

        Raises:
            StoreError: The keyring is locked, refuses, or does not answer.
        """
        there = _ask(self._slots(session_id).there, self._seconds)
        return f"the session in {self.where()} is damaged or of another version" if there else ""

    def save(self, session_id: str, record: bytes) -> None:
        """Put the record.

        Raises:
            StoreError: The keyring is locked, refuses, or does not answer.
        """
        text = record.decode("ascii")
        _ask(lambda: self._slots(session_id).save(text), self._seconds)

    def delete(self, session_id: str) -> bool:
        """Remove the record.

        Raises:
            StoreError: The keyring is locked, refuses, or does not answer.
        """
        return _ask(self._slots(session_id).delete, self._seconds)

    def get(self, service: str) -> str | None:
        """Return one entry's secret, or None."""
        return self.backend.get_password(service, ACCOUNT)

    def set(self, service: str, secret: str) -> None:
        """Put one entry."""
        self.backend.set_password(service, ACCOUNT, secret)

    def delete_entry(self, service: str) -> bool:
        """Remove one entry and tell whether there was one.

        Raises:
            PasswordDeleteError: It is still there.
        """
        from keyring.errors import PasswordDeleteError

        try:
            self.backend.delete_password(service, ACCOUNT)
        except PasswordDeleteError:
            if self.get(service) is not None:
                raise
            return False
        return True

    def _slots(self, session_id: str) -> ChunkedSecret:
        return ChunkedSecret(_Entries(self), f"{SERVICE}/{session_id}")


def _keep_on_this_machine(backend: KeyringBackend) -> None:
    """Have Windows write entries that do not roam: the lock and the index stay here, and two machines would share one refresh token.

    The library's default is CRED_PERSIST_ENTERPRISE (CREDENTIAL structure, wincred.h). An entry that was written with it is
    replaced at the next write, because a write replaces the whole entry.
    """
    backends: Sequence[Any] = getattr(backend, "backends", None) or (backend,)
    for one in backends:
        if type(one).__module__ == WINDOWS and one.persist == _ROAMS:
            one.persist = "local machine"


class _Entries:
    """The keyring as `Slots` sees it."""

    def __init__(self, store: KeyringStore) -> None:
        self.limit = store.limit
        self.get = store.get
        self.set = store.set
        self.delete = store.delete_entry


def _ask(work: Callable[[], T], seconds: float) -> T:
    """Return what the keyring answers, in bounded time, its errors turned into words."""
    try:
        return bounded(
            work,
            seconds,
            lambda: StoreError(
                f"the OS keyring did not answer within {seconds:.0f} s", _HINT, topic="os-keyring"
            ),
        )
    except StoreError:
        raise
    except Exception as error:
        if isinstance(error, RuntimeError) and "home directory" in str(
            error
        ):  # Path.home(), in the keyring library
            raise no_home() from error
        # Backends raise KeyringError, D-Bus errors, OSError and others of their own: the cause is named, not the type.
        raise StoreError(
            f"the OS keyring cannot be used: {sanitize(error) or type(error).__name__}",
            _HINT,
            topic="os-keyring",
        ) from error


_HINT = "unlock the keyring, or choose --token-cache-storage=disk" + (
    " or kernel" if sys.platform == "linux" else ""
)


def find_backend(seconds: float = SECONDS) -> KeyringBackend | None:
    """Return the keyring that the keyring library finds here, or None where there is none.

    Its null, fail and plain-text backends are not a keyring unless the user names one (PYTHON_KEYRING_BACKEND or
    keyringrc.cfg).

    Args:
        seconds: How long the search may take.

    Raises:
        StoreError: The search did not end in time.
    """

    def search() -> KeyringBackend | None:
        import keyring
        from keyring.core import load_config, load_env

        if load_env() or load_config():
            return keyring.get_keyring()
        backend = keyring.get_keyring()
        return backend if _is_keyring(backend) else None

    return _ask(search, seconds)


def _is_keyring(backend: KeyringBackend) -> bool:
    module = type(backend).__module__
    if module == CHAINER:
        return any(_is_keyring(inner) for inner in getattr(backend, "backends", ()))
    return not any(word in module.lower() for word in ("null", "fail", "plain", "file", "insecure"))
