"""`make audit` of the launcher: clean, found or not run, as govulncheck ends. A script plays govulncheck."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.sessions import posix_only
from tools import audit_launcher, go

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = posix_only

UNREACHABLE = (
    'govulncheck: fetching vulnerabilities: Get "https://127.0.0.1/index/modules.json.gz": no such host'
)


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory where govulncheck is expected; there is a Go, which is not run."""
    (tmp_path / "go").touch()
    monkeypatch.setattr(go, "program", lambda: str(tmp_path / "go"))
    monkeypatch.setattr(audit_launcher, "INSTALLED", tmp_path)
    return tmp_path


def plays(directory: Path, script: str) -> Path:
    """Let govulncheck be a script; return the file that it writes a line into each time."""
    log = directory / "log"
    program = directory / "govulncheck"
    program.write_text(f'#!/bin/sh\necho "$GOOS $PWD $*" >>{shlex.quote(str(log))}\n{script}\n')
    program.chmod(0o700)
    return log


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["audit_launcher", *arguments])
    return audit_launcher.main()


def test_nothing_known_is_clean(
    installed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was asked about the launcher on each system; what pip-audit alone understands is ignored."""
    log = plays(installed, "echo No vulnerabilities found.")
    assert run(monkeypatch, "--must-run", "--vulnerability-service=osv") == 0
    assert capsys.readouterr().out.startswith("audit of the launcher: clean: ")
    assert log.read_text().splitlines() == [
        f"{system} {go.LAUNCHER} ." for system in ("darwin", "linux", "windows")
    ]


def test_a_finding_fails_and_is_shown(
    installed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On one system is enough."""
    plays(
        installed, 'if test "$GOOS" = windows; then echo "Vulnerability #1: GO-2026-1"; exit 3; fi; echo none'
    )
    assert run(monkeypatch) == 1
    said = capsys.readouterr().out
    assert said.startswith("audit of the launcher: found: for windows\n")
    assert "GO-2026-1" in said


@pytest.mark.parametrize("further", [[], ["--must-run"]])
@pytest.mark.parametrize(
    "script", [f"echo {shlex.quote(UNREACHABLE)} >&2; exit 1", "exit 2", "kill -9 $$"], ids=range(3)
)
def test_what_was_not_checked_is_said_in_one_line(
    installed: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    script: str,
    further: list[str],
) -> None:
    """On a laptop without a network that is no failure; before a release it is one."""
    plays(installed, script)
    assert run(monkeypatch, *further) == (2 if further else 0)
    said = capsys.readouterr().out
    assert said.startswith("audit of the launcher: not run: nothing was checked; ")
    assert said.count("\n") == 1


def test_without_go_it_is_not_run(
    installed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is it, if govulncheck cannot be downloaded."""

    def none() -> str:
        raise go.NoGo("Go is not installed")

    monkeypatch.setattr(go, "program", none)
    assert run(monkeypatch) == 0
    assert capsys.readouterr().out == "audit of the launcher: not run: Go is not installed\n"
    assert not (installed / "govulncheck").exists()


def test_make_runs_both_audits() -> None:
    """The second one too if the first one fails, with the arguments; the worse end decides."""
    make = [parts.program("make"), "--dry-run", "--assume-old=.venv/.dev", "audit", "ARGS=--must-run"]
    recipe = subprocess.run(make, cwd=parts.REPOSITORY, capture_output=True, text=True, check=True).stdout
    played = recipe.replace(".venv/bin/python", "play")
    for failing, status in (("tools.audit", 2), ("tools.audit_launcher", 2), ("none", 0)):
        script = f'play() {{ echo "$2 $3"; test "$2" != {failing} || return 2; }}\n{played}'
        done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False)
        assert done.stdout == "tools.audit --must-run\ntools.audit_launcher --must-run\n"
        assert done.returncode == status
