"""Programs are found as kubectl finds them; of Windows nothing is needed but its rules."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.system import programs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bin_directory(tmp_path: Path) -> Path:
    """Have a directory on PATH with programs in it."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in ("kubectl.EXE", "firefox.exe", "script.cmd", "readme.txt"):
        (directory / name).touch(mode=0o700)
    return directory


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("kubectl", "kubectl.EXE"),
        ("firefox.exe", "firefox.exe"),
        ("firefox", "firefox.exe"),
        ("script", "script.cmd"),
        ("readme", None),
        ("readme.txt", None),
        ("gone", None),
        ("", None),
    ],
)
def test_on_windows_a_program_has_one_of_the_known_extensions(
    bin_directory: Path, name: str, found: str | None
) -> None:
    """PATHEXT says which; a whole path is found with or without it, and a directory on PATH may stand in quotes."""
    environ = {"PATH": f'/nowhere{os.pathsep}"{bin_directory}"', "PATHEXT": ".COM;.EXE;.exe;.CMD;.cmd"}

    def same(path: str | None) -> str | None:
        return path and os.path.normcase(path)  # Windows takes the extension as PATHEXT writes it

    expected = same(str(bin_directory / found)) if found else None
    assert same(programs.find_program(name, environ, platform="win32")) == expected
    if name:
        assert same(programs.find_program(str(bin_directory / name), environ, platform="win32")) == expected


@pytest.mark.parametrize("path", ["", ".", os.pathsep, f".{os.pathsep}"])
def test_on_windows_the_working_directory_is_no_place_for_programs(
    bin_directory: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """A repository with a firefox.exe in it does not become the browser: Windows' own search would look there first."""
    monkeypatch.chdir(bin_directory)
    environ = {"PATH": path, "PATHEXT": ".exe"}
    assert programs.find_program("firefox", environ, platform="win32") is None
    assert programs.find_program("./firefox", environ, platform="win32") == "firefox.exe"


@pytest.mark.skipif(sys.platform == "win32", reason="it has modes of its own")
def test_elsewhere_it_is_what_a_shell_finds(bin_directory: Path) -> None:
    """On PATH, if it can be run; a path is what it is."""
    (bin_directory / "data").touch(mode=0o600)
    environ = {"PATH": str(bin_directory)}
    assert programs.find_program("script.cmd", environ, platform="linux") == str(bin_directory / "script.cmd")
    assert programs.find_program("script", environ, platform="linux") is None
    assert programs.find_program("data", environ, platform="linux") is None
    assert programs.find_program(str(bin_directory / "script.cmd"), {}, platform="darwin") == str(
        bin_directory / "script.cmd"
    )
