"""Keyrings that are given in: one like Windows, one that hangs, one that raises. Real ones are the integration tests'."""

# ruff: noqa: ARG002 - a backend's methods have the shape that the keyring library calls

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
    """Have the keyring library find this keyring, or none, whatever desktop the tests run on."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend or NoKeyring())  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        keyring.set_keyring(before)


class Fake(KeyringBackend):
    """A backend that is only used where it is given: the library does not find it by itself."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[str, tuple[str, str]] = {}

    @properties.classproperty
    def priority(cls) -> float:  # noqa: N805 - a property of the class
        raise RuntimeError("for tests alone")

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
    """The Credential Locker as keyring's backend uses it: 2,560 bytes, and a second home for entries that stand in the way."""

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
    """A backend that takes long secrets, known by its module's name."""

    __module__ = "keyring.backends.SecretService"


class Hanging(Fake):
    """A daemon that does not answer."""

    never: ClassVar = Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.never.wait(20)
        return super().get_password(service, username)


class Failing(Fake):
    """A backend that raises.

    Args:
        error: What it raises.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error


class ReadOnly(Fake):
    """A backend that lets nobody write or delete."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise PasswordSetError("Can't store password on keychain")

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError("Can't delete password in keychain")
