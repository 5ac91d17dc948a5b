"""Fake backends for the keyring library: one like Windows, one that hangs, one that raises. Integration tests use real ones."""

# ruff: noqa: ARG002 - the keyring library determines the signatures of a backend's methods

from __future__ import annotations

import contextlib
from threading import Event
from typing import TYPE_CHECKING, ClassVar

import keyring
from jaraco.classes import properties
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import PasswordDeleteError, PasswordSetError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def the_os_keyring(backend: KeyringBackend | None) -> Iterator[None]:
    """Make the keyring library find this keyring, or none, on any desktop."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend or NoKeyring())  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        keyring.set_keyring(before)


class Fake(KeyringBackend):
    """A backend that keeps entries in memory. The library does not find it by itself."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[str, tuple[str, str]] = {}

    @properties.classproperty
    def priority(cls) -> float:  # noqa: N805 - a property of the class
        raise RuntimeError("only for tests")

    def get_password(self, service: str, username: str) -> str | None:
        user, secret = self.kept.get(service, ("", ""))
        return secret if user == username else None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service] = (username, password)

    def delete_password(self, service: str, username: str) -> None:
        if self.get_password(service, username) is None:
            raise PasswordDeleteError("No such password!")
        del self.kept[service]


class WindowsLike(Fake):
    """The Credential Locker as keyring's backend uses it: 2,560 bytes, and another entry of the same service is moved to a second name."""

    def get_password(self, service: str, username: str) -> str | None:
        for target in (service, f"{username}@{service}"):
            user, secret = self.kept.get(target, ("", ""))
            if user == username:
                return secret
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password.encode("utf-16-le")) > 2_560:
            raise OSError(1783, "The stub received bad data", "CredWrite")
        if service in self.kept:
            user, secret = self.kept[service]
            self.kept[f"{user}@{service}"] = (user, secret)
        self.kept[service] = (username, password)

    def delete_password(self, service: str, username: str) -> None:
        targets = [t for t in (service, f"{username}@{service}") if self.kept.get(t, ("", ""))[0] == username]
        if not targets:
            raise PasswordDeleteError(service)
        for target in targets:
            del self.kept[target]


class SecretServiceLike(Fake):
    """A backend that accepts long secrets, recognized by its module's name."""

    __module__ = "keyring.backends.SecretService"


class Hanging(Fake):
    """A daemon that does not answer."""

    never: ClassVar = Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.never.wait(20)
        return super().get_password(service, username)


class Failing(Fake):
    """A backend that raises an error when it is read."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error


class ReadOnly(Fake):
    """A backend that refuses to write and to delete."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise PasswordSetError("Can't store password on keychain")

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError("Can't delete password in keychain")
