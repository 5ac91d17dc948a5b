"""Settings files for tests: the user's own in the test's home, and one that stands for the machine's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from kubectl_oidc.cli.settings import load
from kubectl_oidc.fast_path import known_command


def own_settings(text: str) -> Path:
    """Write the user's own settings file, and return its path."""
    return _write(Path(known_command.settings_files()[0]), text)


class Machine:
    """A machine whose settings are in a directory of the test's, and owned by the user of the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
        if sys.platform == "win32":
            pytest.skip("the machine's file is an administrator's")
        for system in ("linux", "darwin"):
            monkeypatch.setitem(known_command._MACHINE, system, str(directory))
        monkeypatch.setattr(load, "_ROOT", os.geteuid())
        self.path = directory / known_command.SETTINGS

    def has(self, text: str) -> Path:
        """Write the settings file, and return its path."""
        return _write(self.path, text)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
    return path
