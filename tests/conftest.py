"""Every test lives in a world of its own: home, environment, working directory, no desktop, no network settings."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .plugin import start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .plugin import Running

# What a child process needs to run at all, and what measures it. Everything else (proxies, SSH_*, DISPLAY, D-Bus, KUBE*,
# BROWSER, CI, the developer's own settings) stays outside.
_KEPT = frozenset(
    {"PATH", "TMPDIR", "TEMP", "TMP", "TZ", "SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT", "WINDIR"}
)
_KEPT_PREFIXES = ("COVERAGE_", "PYTEST_")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the test its own home, runtime directory, working directory and environment."""
    for name in list(os.environ):
        if name.upper() not in _KEPT and not name.startswith(_KEPT_PREFIXES):
            monkeypatch.delenv(name)
    place, work = tmp_path / "home", tmp_path / "work"
    place.mkdir(mode=0o700)
    work.mkdir()
    # Sockets of D-Bus and keyring daemons stand in it, and the name of a socket is short.
    runtime = Path(tempfile.mkdtemp(prefix="oidc-"))
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    if sys.platform == "win32":
        monkeypatch.setenv("USERPROFILE", str(place))
        monkeypatch.setenv("APPDATA", str(place / "AppData" / "Roaming"))
        monkeypatch.setenv("LOCALAPPDATA", str(place / "AppData" / "Local"))
    if sys.platform in {"win32", "darwin"}:
        # Their keyrings are the developer's own, whatever HOME says.
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.chdir(work)
    yield place
    shutil.rmtree(runtime, ignore_errors=True)


@pytest.fixture
def start_plugin() -> Iterator[Callable[..., Running]]:
    """Start the installed program in the background; what still runs at the test's end is killed."""
    started: list[Running] = []

    def begin(*arguments: str, **options: object) -> Running:
        started.append(start(*arguments, **options))  # type: ignore[arg-type]
        return started[-1]

    yield begin
    for running in started:
        running.kill()
