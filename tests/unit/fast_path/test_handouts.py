"""Counting: only the same kubectl that asks again within seconds counts."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc import fast_path

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="who asks is known from /proc")

ID = "0" * 32
GIVEN, OTHER = "a" * 16, "b" * 16

NOTE = """
import sys
from kubectl_oidc.fast_path import count_handout
cache, session, credential, times = sys.argv[1:]
print(count_handout(cache, session, credential, times=int(times)))
"""

# Everything that is noted was noted so many seconds earlier.
AGE = """
import re, sys
path, seconds = sys.argv[1:]
content = open(path, "rb").read()
aged = re.sub(rb" ([0-9]{10}) ", lambda at: b" %d " % (int(at[1]) - int(seconds)), content)
open(path, "wb").write(aged)
"""


class Kubectl:
    """A program by a name, which runs commands as its children; it is a copy of the shell.

    Args:
        directory: Where it stands; the cache directory is in it.
        name: What it is called.
    """

    def __init__(self, directory: Path, name: str = "kubectl") -> None:
        self.cache = directory / "cache"
        (self.cache / fast_path.HANDED).mkdir(parents=True, exist_ok=True)
        self.file = self.cache / fast_path.HANDED / ID
        self.program = directory / name
        shutil.copy(os.path.realpath("/bin/sh"), self.program)

    def given(self, credential: str = GIVEN, times: int = 0) -> str:
        """Return the command that counts it."""
        return shlex.join([sys.executable, "-c", NOTE, str(self.cache), ID, credential, str(times)])

    def later(self, seconds: int) -> str:
        """Return the command that lets time pass."""
        return shlex.join([sys.executable, "-c", AGE, str(self.file), str(seconds)])

    def runs(self, *commands: str) -> list[int]:
        """Run commands in one process of this program, and return the counts."""
        done = subprocess.run(
            [str(self.program), "-c", "; ".join([*commands, ":"])],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stderr == ""
        return [int(line) for line in done.stdout.splitlines()]


def test_one_process_is_counted_for_each_credential(tmp_path: Path) -> None:
    """The same credential counts up; another one starts at 1."""
    kubectl = Kubectl(tmp_path)
    commands = [kubectl.given(credential) for credential in (GIVEN, GIVEN, GIVEN, OTHER, OTHER)]
    assert kubectl.runs(*commands) == [1, 2, 3, 1, 2]


def test_two_processes_are_told_apart(tmp_path: Path) -> None:
    """Each process has its own count."""
    kubectl = Kubectl(tmp_path)
    assert [kubectl.runs(kubectl.given()) for _ in range(3)] == [[1]] * 3


@pytest.mark.parametrize(
    "name",
    [
        "sh",
        "helm",
        "k9s",
        "my-kubectl",
        "oc",
        "kubectl-oidc",
        "kubectl-neat",
        "kubectl.sh",
        "kubectl.1.x",
        "kubectl1.32",
    ],
)
def test_only_a_kubectl_is_counted(tmp_path: Path, name: str) -> None:
    """Nothing is written for other programs."""
    other = Kubectl(tmp_path, name)
    assert other.runs(other.given(), other.given()) == [0, 0]
    assert not other.file.exists()


@pytest.mark.parametrize("name", ["kubectl", "kubectl.1.32", "kubectl.exe"])
def test_every_name_of_kubectl_is_counted(tmp_path: Path, name: str) -> None:
    """With the ending of Windows (under WSL), and as Google's dispatcher names them."""
    kubectl = Kubectl(tmp_path, name)
    assert kubectl.runs(kubectl.given(), kubectl.given()) == [1, 2]


def test_a_renewed_credential_goes_on_with_the_count(tmp_path: Path) -> None:
    """The renewed credential continues the count of the rejected one."""
    kubectl = Kubectl(tmp_path)
    commands = [*[kubectl.given()] * 3, kubectl.given(OTHER, times=fast_path.RENEW), kubectl.given(OTHER)]
    assert kubectl.runs(*commands) == [1, 2, 3, fast_path.RENEW, fast_path.WARN]


@pytest.mark.parametrize("seconds", [fast_path.SECONDS, 3600, -60])
def test_a_process_that_asks_later_was_not_rejected(tmp_path: Path, seconds: int) -> None:
    """A kubectl proxy asks again while its API server restarts. The same if the clock went back."""
    kubectl = Kubectl(tmp_path)
    commands = [kubectl.given(), kubectl.later(seconds), *[kubectl.given()] * 4]
    first, *later = kubectl.runs(*commands)
    assert first == 1
    assert min(later) > fast_path.WARN


def test_the_count_has_an_end(tmp_path: Path) -> None:
    """The count has a maximum."""
    kubectl = Kubectl(tmp_path)
    assert kubectl.runs(kubectl.given(times=9), kubectl.given(), kubectl.given()) == [9, 10, 10]


def test_without_its_directory_nothing_is_counted(tmp_path: Path) -> None:
    """Nothing is counted, and nothing fails."""
    kubectl = Kubectl(tmp_path)
    shutil.rmtree(kubectl.cache)
    assert kubectl.runs(kubectl.given(), kubectl.given()) == [0, 0]


def test_a_file_with_a_second_name_is_not_written(tmp_path: Path) -> None:
    """A hard link may be another file of the user."""
    kubectl = Kubectl(tmp_path)
    target = tmp_path / "target"
    target.write_bytes(b"mine")
    os.link(target, kubectl.file)
    assert kubectl.runs(kubectl.given(), kubectl.given()) == [0, 0]
    assert target.read_bytes() == b"mine"


@pytest.mark.parametrize("content", [b"\xff" * 2048, b"\n" * 2048, b"x y z 1\n" * 300, b" 1 2 3 4 5 " * 200])
def test_a_damaged_slot_counts_as_empty(tmp_path: Path, content: bytes) -> None:
    """Its slot is overwritten."""
    kubectl = Kubectl(tmp_path)
    kubectl.file.write_bytes(content)
    assert kubectl.runs(kubectl.given(), kubectl.given()) == [1, 2]


def test_the_file_does_not_grow(tmp_path: Path) -> None:
    """It has a fixed number of slots for any number of processes, and only its owner can access it."""
    kubectl = Kubectl(tmp_path)
    for _ in range(40):
        kubectl.runs(kubectl.given())
    assert kubectl.file.stat().st_size <= 32 * 64
    assert kubectl.file.stat().st_mode & 0o777 == 0o600


@given(
    st.binary(max_size=64)
    | st.lists(
        st.binary(max_size=20)
        | st.sampled_from([b"mark", GIVEN.encode()])
        | st.integers().map(b"%d".__mod__),
        max_size=5,
    ).map(b" ".join)
)
def test_a_slot_of_any_content_has_a_bounded_count(slot: bytes) -> None:
    """For any content of the file, the count is from 0 to 9, without an error."""
    assert 0 <= fast_path._times(slot.split(), b"mark", GIVEN, 1_800_000_000) <= 9
