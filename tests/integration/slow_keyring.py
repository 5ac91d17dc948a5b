"""An OS keyring that takes its time, for the keyring library: ``PYTHON_KEYRING_BACKEND`` names it.

It runs inside the program; ``SlowKeyring`` is the tests' end of it, and a directory is what both see.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from jaraco.classes import properties
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

REPOSITORY = Path(__file__).resolve().parent.parent.parent


class SlowKeyring:
    """The keyring as the tests steer it.

    Args:
        directory: What both sides see.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir()

    @property
    def environment(self) -> dict[str, str]:
        """What makes the program use it, and nothing beside it."""
        return {
            "PYTHON_KEYRING_BACKEND": f"{__name__}.Keyring",
            "PYTHONPATH": str(REPOSITORY),
            "SLOW_KEYRING": str(self._directory),
            "CI": "1",
        }

    def takes(self, seconds: float, step: str) -> None:
        """Have ``get`` or ``set`` take some time from now on."""
        (self._directory / step).write_text(str(seconds))
        self._reached(step).unlink(missing_ok=True)

    def was_asked(self, step: str) -> bool:
        """Tell whether the program has begun such a step since then."""
        return self._reached(step).exists()

    def _reached(self, step: str) -> Path:
        return self._directory / f"{step}-reached"


class Keyring(KeyringBackend):
    """The keyring as the library sees it: entries in one file, not safe for two writers at once."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._directory = Path(os.environ["SLOW_KEYRING"])

    @properties.classproperty
    def priority(cls) -> float:  # noqa: N805 - a property of the class
        if "SLOW_KEYRING" not in os.environ:
            raise RuntimeError("for the program that is told to use it; the tests' own process finds it too")
        return 1

    def get_password(self, service: str, username: str) -> str | None:
        self._pause("get")
        return self._entries().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._pause("set")
        self._put({**self._entries(), f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        entries = self._entries()
        if entries.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError("no such entry")
        self._put(entries)

    def _pause(self, step: str) -> None:
        if (self._directory / step).exists():
            (self._directory / f"{step}-reached").touch()
            time.sleep(float((self._directory / step).read_text()))

    def _entries(self) -> dict[str, str]:
        place = self._directory / "entries"
        entries: dict[str, str] = json.loads(place.read_text()) if place.exists() else {}
        return entries

    def _put(self, entries: dict[str, str]) -> None:
        (self._directory / "entries").write_text(json.dumps(entries))
