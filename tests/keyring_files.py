"""Keyrings in files, which remain when a process is killed: one like Windows, one like macOS.

PYTHON_KEYRING_BACKEND=tests.keyring_files.WindowsFiles (or MacFiles) selects one, and PYTHONPATH must contain this repository. The
entries are files in the directory KEYRING_FILES.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from urllib.parse import quote, unquote

from jaraco.classes import properties
from keyring.errors import PasswordDeleteError

from . import parts
from .keyrings import Fake, WindowsLike

DIRECTORY = "KEYRING_FILES"


class Files(MutableMapping[str, tuple[str, str]]):
    """Entries by service name, each stored and removed in one step, as by the operating system's daemon."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def _path(self, service: str) -> Path:
        return self._directory / quote(service, safe="")

    def __getitem__(self, service: str) -> tuple[str, str]:
        try:
            user, secret = json.loads(self._path(service).read_text())
        except FileNotFoundError:
            raise KeyError(service) from None
        return user, secret

    def __setitem__(self, service: str, entry: tuple[str, str]) -> None:
        written = self._directory.with_suffix(".written")
        written.write_text(json.dumps(entry))
        written.replace(self._path(service))

    def __delitem__(self, service: str) -> None:
        self._path(service).unlink()

    def __iter__(self) -> Iterator[str]:
        return (unquote(path.name) for path in sorted(self._directory.iterdir()))

    def __len__(self) -> int:
        return len(list(self._directory.iterdir()))


def kept() -> Files:
    """Return the entries of the keyring that the environment names."""
    return Files(Path(os.environ[DIRECTORY]))


class WindowsFiles(WindowsLike):
    """The Credential Locker: 1,280 UTF-16 characters, and another entry of the same service is moved to a second name."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = kept()  # type: ignore[assignment]

    @properties.classproperty
    def priority(cls) -> float:  # noqa: N805 - a property of the class
        if DIRECTORY not in os.environ:
            raise RuntimeError("only for tests")
        return 1


class MacFiles(Fake):
    """The Keychain: long secrets; an existing entry is deleted before the new one is added."""

    __module__ = "keyring.backends.macOS"

    def __init__(self) -> None:
        super().__init__()
        self.kept = kept()  # type: ignore[assignment]

    @properties.classproperty
    def priority(cls) -> float:  # noqa: N805 - as above
        if DIRECTORY not in os.environ:
            raise RuntimeError("only for tests")
        return 1

    def set_password(self, service: str, username: str, password: str) -> None:
        with contextlib.suppress(PasswordDeleteError):
            self.delete_password(service, username)
        super().set_password(service, username, password)


def environ(kind: str, directory: Path) -> dict[str, str]:
    """Create an empty keyring in ``directory`` and return the environment variables that select it.

    Args:
        kind: ``windows`` or ``macos``.
        directory: A new directory for its entries.
    """
    directory.mkdir()
    name = {"windows": "WindowsFiles", "macos": "MacFiles"}[kind]
    return {
        DIRECTORY: str(directory),
        "PYTHONPATH": str(parts.REPOSITORY),
        "PYTHON_KEYRING_BACKEND": f"tests.keyring_files.{name}",
    }
