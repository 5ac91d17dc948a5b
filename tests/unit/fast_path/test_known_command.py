"""Where the settings files are, and that a change of one makes another command."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from kubectl_oidc.fast_path import known_command
from kubectl_oidc.fast_path.known_command import command_digest, settings_files, settings_state
from tests.sessions import posix_only
from tests.settings_files import Machine, own_settings

pytestmark = posix_only


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path / "machine")


def test_the_users_file_is_in_the_configuration_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CONFIG_HOME if its path is absolute, else ~/.config; without a home directory there is none."""
    home = Path.home()
    assert settings_files()[0] == f"{home}/.config/kubectl-oidc/config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/elsewhere")
    assert settings_files()[0] == "/elsewhere/kubectl-oidc/config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert settings_files()[0] == f"{home}/.config/kubectl-oidc/config.toml"
    for value in ("relative", ""):
        monkeypatch.setenv("HOME", value)
        assert settings_files()[0] == ""


@pytest.mark.parametrize(
    ("system", "path"),
    [
        ("linux", "/etc/kubectl-oidc/config.toml"),
        ("darwin", "/Library/Application Support/kubectl-oidc/config.toml"),
    ],
)
def test_no_variable_moves_the_machines_file(system: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exec section can set each of them."""
    monkeypatch.setattr(sys, "platform", system)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "PROGRAMDATA", "KUBECTL_OIDC_CONFIG"):
        monkeypatch.setenv(name, "/elsewhere")
    assert settings_files()[1] == path


def test_on_windows_the_registry_says_where_programs_keep_their_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the variable PROGRAMDATA; the user's file is in APPDATA."""
    registry = MagicMock()
    registry.QueryValueEx.return_value = ("D:\\ProgramData", 1)
    monkeypatch.setitem(sys.modules, "winreg", registry)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("PROGRAMDATA", "C:\\elsewhere")
    monkeypatch.setenv("APPDATA", "C:\\Users\\ada\\AppData\\Roaming")
    assert settings_files() == (
        "C:\\Users\\ada\\AppData\\Roaming/kubectl-oidc/config.toml",
        "D:\\ProgramData/kubectl-oidc/config.toml",
    )
    registry.OpenKey.side_effect = FileNotFoundError
    assert settings_files()[1] == "C:\\ProgramData/kubectl-oidc/config.toml"


def test_without_files_a_command_is_what_it_was(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What version 1.0.0 remembered is still known; so it is where the home directory is no directory."""
    assert not machine.path.exists()
    assert settings_state() == ""
    monkeypatch.setenv("HOME", "/dev/null")
    assert settings_state() == ""


@pytest.mark.parametrize("whose", ["user", "machine"])
def test_a_file_that_appears_changes_or_goes_makes_another_command(whose: str, machine: Machine) -> None:
    """Without being read: its permissions count, and so does a change that keeps size and time."""

    def write(text: str) -> Path:
        return own_settings(text) if whose == "user" else machine.has(text)

    def digest() -> str:
        return command_digest(["get-token"], settings_state())

    digests = [digest()]
    path = write("a = 1\n")
    digests.append(digest())
    before = path.stat()
    path.write_text("a = 2\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    digests.append(digest())
    path.chmod(0o600)
    digests.append(digest())
    other = path.with_suffix(".new")
    other.write_text("a = 2\n")
    other.replace(path)
    digests.append(digest())
    assert len(set(digests)) == len(digests)
    path.unlink()
    assert digest() == digests[0]


def test_the_two_files_are_told_apart(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's file is not taken for the machine's."""
    monkeypatch.setattr(known_command, "_state", lambda path: "-" if "machine" in path else "1,2,3,4")
    own = settings_state()
    monkeypatch.setattr(known_command, "_state", lambda path: "1,2,3,4" if "machine" in path else "-")
    assert own != settings_state()
    assert not machine.path.exists()


def test_a_file_that_cannot_be_looked_at_is_a_state_of_its_own(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow path says what is wrong; the fast path must not take it for a missing file."""
    machine.path.parent.parent.mkdir()
    machine.path.parent.symlink_to(machine.path.parent)  # a circle
    assert settings_state() == "settings - !"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/" + "x" * 5000)
    assert settings_state() == "settings ! !"


def test_two_calls_of_stat_are_all(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cached call opens neither file."""
    own_settings("")
    machine.has("")
    asked, stat = [], os.stat

    def counted(path: str) -> os.stat_result:
        asked.append(path)
        return stat(path)

    monkeypatch.setattr(os, "stat", counted)
    monkeypatch.setattr(os, "open", None)
    settings_state()
    assert asked == list(settings_files())
