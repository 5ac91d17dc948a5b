"""When a credential is refreshed ahead of its expiry, and by how many processes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.fast_path import refresh_ahead
from kubectl_oidc.fast_path.credential import is_due
from tests.sessions import begin

ID = "0" * 32
NOW = 1_800_000_000
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork(2)")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a cache directory."""
    (tmp_path / refresh_ahead.DIRECTORY).mkdir(mode=0o700)
    return tmp_path


def is_open(descriptor: int) -> bool:
    """Return whether this process has the claim."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def started(directory: Path, when: str = refresh_ahead.ALWAYS) -> bool:
    """Return whether a child was forked; it exits at once."""
    claim = directory / refresh_ahead.DIRECTORY / ID
    claimed = claim.exists()
    os.waitpid(begin(lambda: refresh_ahead.start_refresh(str(directory), ID, when)), 0)
    return claim.exists() and not claimed


@pytest.mark.parametrize(
    ("age", "permille", "expected"),
    [
        (0, 700, False),
        (2477, 700, False),
        (2513, 700, True),
        (3600, 700, True),
        (1795, 500, True),
        (1794, 500, False),
        (3589, 0, False),
    ],
)
def test_it_is_due_after_a_part_of_its_useful_life(age: int, permille: int, expected: bool) -> None:  # noqa: FBT001
    """Of an hour without the margin; off means never."""
    assert is_due(NOW, NOW + 3600, 10, permille, NOW + age) is expected


@given(st.integers(1, 10**6), st.integers(1, 999), st.floats(0, 10**6))
def test_what_is_due_stays_due(life: int, permille: int, age: float) -> None:
    """Once due, it stays due. At the end of its useful life it is always due."""
    if is_due(NOW, NOW + life + 10, 10, permille, NOW + age):
        assert is_due(NOW, NOW + life + 10, 10, permille, NOW + age + 1)
    assert is_due(NOW, NOW + life + 10, 10, permille, NOW + life)


def test_one_refresh_is_started_at_a_time(directory: Path) -> None:
    """While one process refreshes, others do not. After it, the next one may."""
    assert started(directory)
    assert not started(directory)
    refresh_ahead.release_claim(str(directory), ID)
    assert started(directory)


def test_a_claim_that_was_not_released_expires(directory: Path) -> None:
    """A process that failed or was killed delays the next refresh by one minute."""
    assert started(directory)
    claim = directory / refresh_ahead.DIRECTORY / ID
    old = time.time() - refresh_ahead.CLAIM_SECONDS - 1
    os.utime(claim, (old, old))
    started(directory)
    assert claim.stat().st_mtime > old + 1


def test_many_calls_at_once_start_one_refresh(directory: Path) -> None:
    """As in a shell loop or k9s: only one process is forked."""
    begun = directory / "begun"

    def work() -> None:
        if refresh_ahead.start_refresh(str(directory), ID, refresh_ahead.ALWAYS):
            with begun.open("a") as file:
                file.write("one\n")

    children = [begin(work) for _ in range(20)]
    for child in children:
        os.waitpid(child, 0)
    end = time.monotonic() + 10
    while not begun.exists() and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.1)
    assert begun.read_text() == "one\n"


@pytest.mark.parametrize("name", ["CI", "KUBERNETES_SERVICE_HOST", "container", "INVOCATION_ID"])
def test_auto_starts_none_if_processes_end_with_kubectl(
    directory: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In CI, in a pod, in a container and in a service it needs `always`."""
    monkeypatch.setenv(name, "1")
    assert not started(directory, refresh_ahead.AUTO)
    assert started(directory, refresh_ahead.ALWAYS)


def test_auto_starts_one_elsewhere(directory: Path) -> None:
    """Nothing is shown."""
    assert started(directory, refresh_ahead.AUTO)


def test_the_child_has_closed_all_inherited_files(directory: Path) -> None:
    """The child is a session leader, its standard streams are the null device, and all inherited descriptors are closed."""
    told = directory / "told"
    reader, writer = os.pipe()

    def work() -> None:
        for number in (300, 1000):
            os.dup2(writer, number)
        if refresh_ahead.start_refresh(str(directory), ID, refresh_ahead.ALWAYS):
            streams = [str(Path(f"/proc/self/fd/{number}").readlink()) for number in range(3)]
            more = [number for number in range(3, 1024) if is_open(number)]
            refresh_ahead.leave_directory()
            time.sleep(0.5)  # the first process ends meanwhile
            told.write_text(f"{os.getsid(0) == os.getpid()} {streams} {more} {Path.cwd()}")

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("looks into /proc")
    first = begin(work)
    os.close(writer)
    os.waitpid(first, 0)
    os.set_blocking(reader, False)
    assert os.read(reader, 1) == b"", "nobody holds it any more when the first process has ended"
    os.close(reader)
    end = time.monotonic() + 10
    while not told.exists() and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.1)
    assert told.read_text() == f"True {['/dev/null'] * 3} [] /"


@pytest.mark.parametrize("planted", ["a directory", "a dangling link", "no directory"])
def test_without_a_claim_no_refresh_is_started(directory: Path, planted: str) -> None:
    """No answer depends on it."""
    claim = directory / refresh_ahead.DIRECTORY / ID
    if planted == "a directory":
        claim.mkdir()
    elif planted == "a dangling link":
        claim.symlink_to(directory / "nowhere")
    else:
        (directory / refresh_ahead.DIRECTORY).rmdir()
    begun = directory / "begun"

    def work() -> None:
        if refresh_ahead.start_refresh(str(directory), ID, refresh_ahead.ALWAYS):
            begun.touch()

    os.waitpid(begin(work), 0)
    time.sleep(0.1)
    assert not begun.exists()
    assert not (directory / "nowhere").exists()
