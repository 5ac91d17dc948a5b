"""A TOML file is read only if it cannot be somebody else's words, and a key in it is found again."""

from __future__ import annotations

import ctypes
import os
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import SettingsError
from kubectl_oidc.system.toml_file import LIMIT, Place, line_of, read_toml
from tests.arbitrary import TEXT
from tests.sessions import not_on_windows, posix_only
from tests.topics import about

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.system.toml_file import TomlFile

ME = {os.geteuid()} if hasattr(os, "geteuid") else {0}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    directory = tmp_path / "kubectl-oidc"
    directory.mkdir(mode=0o755)
    return directory / "config.toml"


def read(path: Path, *, machine: bool = False) -> TomlFile | None:
    return read_toml(str(path), ME, machine=machine)


def refused(path: Path, *names: str, machine: bool = False) -> str:
    with pytest.raises(SettingsError, check=about("settings", str(path.parent), *names)) as caught:
        read(path, machine=machine)
    return caught.value.message


@pytest.mark.parametrize(
    "machine", [pytest.param(True, marks=not_on_windows("the machine's file is an administrator's")), False]
)
def test_a_file_is_read(path: Path, *, machine: bool) -> None:
    """With the mark that Notepad puts at its beginning, too."""
    for mark in ("", "\ufeff"):
        path.write_bytes(f"{mark}a = 1\n".encode())
        path.chmod(0o644)
        found = read(path, machine=machine)
        assert found is not None
        assert found.data == {"a": 1}


def test_a_file_that_is_not_there_is_no_error(path: Path) -> None:
    """Nor is one below a file that is no directory."""
    assert read(path) is None
    path.parent.rmdir()
    path.parent.write_text("")
    assert read(path) is None


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a = 1\nb = \n", 2),
        (b"a = 1\na = 2\n", 2),
        (b"a = 1\n\nb c\n", 3),
        (b"# \xff\n", 1),
        (b"a = 1\n# caf\xe9\n", 2),
        (b"a = 1\n\x00", 2),
        (b"[a\n", 1),
        (b'a = """\nno end\n', 3),
        (b"a = " + b"9" * 5000, 1),
    ],
)
def test_what_is_not_toml_is_an_error_with_its_line(path: Path, content: bytes, line: int) -> None:
    """Malformed, given twice, not UTF-8, cut off, or a number that Python does not read."""
    path.write_bytes(content)
    assert refused(path).startswith(f"{path}:{line}: ")


def test_values_that_are_nested_without_end_are_refused(path: Path) -> None:
    """Not a crash of the parser."""
    path.write_text(f"a = {'[' * 30000}")
    refused(path)


@posix_only
def test_a_long_file_is_refused(path: Path) -> None:
    """And not read to its end."""
    path.write_text("# x\n" * (LIMIT // 4))
    assert read(path) is not None
    with path.open("a") as file:
        file.truncate(1 << 40)  # takes no room
    refused(path)


@posix_only
@pytest.mark.parametrize("kind", ["directory", "FIFO", "device"])
def test_what_is_no_regular_file_is_refused(path: Path, kind: str) -> None:
    """At once: nobody waits for a FIFO."""
    if kind == "directory":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    refused(path)


@posix_only
@pytest.mark.parametrize("machine", [True, False])
@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666, 0o606])
def test_a_file_that_others_can_write_is_refused(path: Path, mode: int, *, machine: bool) -> None:
    """The hint is the command that corrects it."""
    path.write_text("")
    path.chmod(mode)
    refused(path, f"chmod go-w {path}", machine=machine)


@posix_only
@pytest.mark.parametrize("machine", [True, False])
def test_a_file_of_another_user_is_refused(path: Path, *, machine: bool) -> None:
    """The message has the number of its owner."""
    path.write_text("")
    with pytest.raises(SettingsError, check=about("settings", str(path), f" {os.geteuid()}")):
        read_toml(str(path), {12345}, machine=machine)


@posix_only
def test_a_link_counts_as_what_it_leads_to(path: Path, tmp_path: Path) -> None:
    """Dotfiles are links; one to a file or, for a machine, into a directory that others can write is refused."""
    real = tmp_path / "real" / "config.toml"
    real.parent.mkdir(mode=0o755)
    real.write_text("a = 1\n")
    path.symlink_to(real)
    for machine in (True, False):
        found = read(path, machine=machine)
        assert found is not None
        assert found.data == {"a": 1}
    real.parent.chmod(0o777)
    assert read(path) is not None
    with pytest.raises(SettingsError, check=about("settings", str(real.parent))):
        read(path, machine=True)
    real.parent.chmod(0o1775)
    assert read(path, machine=True) is not None, "nobody else can replace a file in a sticky directory"
    real.chmod(0o666)
    refused(path)


@posix_only
@pytest.mark.skipif(0 in ME, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_refused(path: Path) -> None:
    """It is not taken for a missing one."""
    path.write_text("")
    path.chmod(0)
    refused(path)


class PlayedSecurity:
    """advapi32 and kernel32, as far as owners of files are asked for."""

    def __init__(self, owners: dict[Path, str]) -> None:
        self._owners = [*owners.items()]
        self.held = 0

    def GetNamedSecurityInfoW(self, name: Any, kind: int, what: int, *out: Any) -> int:  # noqa: N802
        """Return the owner's number and a descriptor; 2 (ERROR_FILE_NOT_FOUND) if there is no such file."""
        assert (kind, what, out[1:4]) == (1, 1, (None, None, None)), "the owner of a file"
        for number, (path, _) in enumerate(self._owners, 1):
            if str(path) == name.value:
                out[0]._obj.value, out[4]._obj.value = number, number
                self.held += 1
                return 0
        return 2

    def ConvertSidToStringSidW(self, owner: Any, text: Any) -> int:  # noqa: N802
        """Return the owner as text."""
        text._obj.value = self._owners[owner.value - 1][1]
        self.held += 1
        return 1

    def LocalFree(self, memory: Any) -> int:  # noqa: N802
        """Count what is freed."""
        assert memory.value
        self.held -= 1
        return 0


ADMINISTRATORS, SYSTEM, USER = "S-1-5-32-544", "S-1-5-18", "S-1-5-21-1-2-3-1001"


@posix_only
@pytest.mark.parametrize(
    ("directory", "file", "machine", "is_used"),
    [
        (ADMINISTRATORS, SYSTEM, True, True),
        (SYSTEM, ADMINISTRATORS, True, True),
        (ADMINISTRATORS, USER, True, False),
        (USER, ADMINISTRATORS, True, False),
        ("", ADMINISTRATORS, True, False),
        (USER, USER, False, True),
    ],
)
def test_on_windows_administrators_own_the_machines_file_and_its_directory(
    path: Path, monkeypatch: pytest.MonkeyPatch, directory: str, file: str, *, machine: bool, is_used: bool
) -> None:
    """Who creates the directory first could replace the file. The calls of Windows are played; an owner may be unknown."""
    path.write_text("a = 1\n")
    security = PlayedSecurity({path: file} | ({path.parent: directory} if directory else {}))
    monkeypatch.setattr(ctypes, "WinDLL", lambda _: security, raising=False)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "platform", "win32")
        if is_used:
            assert read(path, machine=machine) is not None
        else:
            refused(path, machine=machine)
    assert security.held == 0


EXAMPLE = """# browser-command is not here
[defaults]
oidc-extra-scope = [
  "browser-command",
]
browser-command = "firefox" # and here it is

[issuer."https://a.example/x=y"]
text = '''
listen-address = 1
'''
listen-address = "127.0.0.1:1"

["issuer".'https://b.example']
"browser-command" = "b"
defaults.x = 1
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("defaults",), 2),
        (("defaults", "oidc-extra-scope"), 3),
        (("defaults", "browser-command"), 6),
        (("issuer", "https://a.example/x=y"), 8),
        (("issuer", "https://a.example/x=y", "listen-address"), 12),
        (("issuer", "https://b.example", "browser-command"), 15),
        (("issuer", "https://b.example", "defaults", "x"), 16),
        (("defaults", "none"), 0),
        (("defaults", "browser-command", "x"), 0),
    ],
)
def test_a_key_is_found_in_its_table(keys: tuple[str, ...], line: int) -> None:
    """Not in a comment, in a value of several lines, or in another table."""
    assert line_of(EXAMPLE, keys) == line


def test_a_file_of_windows_has_its_lines_too(path: Path) -> None:
    """They end with two characters."""
    path.write_bytes(EXAMPLE.replace("\n", "\r\n").encode())
    found = read(path)
    assert found is not None
    assert found.where(("defaults", "browser-command")) == f"{path}:6"


def test_a_place_says_file_and_line(path: Path) -> None:
    """It is looked up when somebody is shown it; a key whose line is unknown has the file alone."""
    path.write_text("a = 1\nb = 2\n")
    found = read(path)
    assert found is not None
    assert str(Place(found, ("b",))) == f"{path}:2"
    assert str(Place(found, ("c",))) == str(path)
    assert str(found.error(("b",), "is wrong", "x").message) == f"{path}:2: b is wrong"


@given(st.text(alphabet="a[]\"'=.\n #\\{}1,", max_size=60) | TEXT)
def test_any_text_is_read_or_refused(tmp_path: Path, text: str) -> None:
    """With the documented error; and each key that is read has a line."""
    path = tmp_path / "any.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    path.chmod(0o600)
    try:
        found = read(path)
    except SettingsError:
        return
    assert found is not None
    assert found.data == tomllib.loads(found.text)
    for key in found.data:
        assert 0 <= line_of(found.text, (key,)) <= text.count("\n") + 1
