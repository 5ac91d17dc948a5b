"""The session's lock between real processes: one holder, freed when it dies, waited for in bounded time."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import LockError
from kubectl_oidc.sessions.lock_directory import every_lock_path, lock_paths, needed_locks
from kubectl_oidc.sessions.lock_wait import PATIENCE, LockWait, signing_in, still_held
from kubectl_oidc.sessions.stores.host import this_host
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.file_lock import FileLock
from kubectl_oidc.system.terminal import Terminal
from tests.arbitrary import TEXT, is_one_plain_line
from tests.plugin import wait_until
from tests.sessions import begin, forked, no_room, posix_only
from tests.topics import about, told_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ID = "0123456789abcdef" * 2

pytestmark = posix_only


def paths(directory: Path, *names: str) -> tuple[str, ...]:
    """Return lock files in a directory."""
    return tuple(str(directory / name) for name in names or ("lock",))


BROWSER = signing_in("authcode")

HOLD = f"""
import subprocess, sys, time
from kubectl_oidc.system.file_lock import FileLock
lock = FileLock(sys.argv[2:])
assert lock.try_acquire()
lock.describe({BROWSER!r})
if sys.argv[1] == "with a child":
    # It closes no descriptor itself, so it would hold the lock if the lock were handed on.
    subprocess.Popen([sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"], close_fds=False)
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def hold() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return what starts another process that holds the lock."""
    started: list[subprocess.Popen[str]] = []

    def begin_holding(lock_files: tuple[str, ...], how: str = "alone") -> subprocess.Popen[str]:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, how, *lock_files],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(holder)
        assert holder.stdout is not None
        assert holder.stdout.readline() in {"held\n", "1\n"}
        return holder

    yield begin_holding
    for holder in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(holder.pid, signal.SIGKILL)
        holder.communicate()


def test_a_lock_is_one_s_at_a_time(tmp_path: Path) -> None:
    """Another lock on the same files is not to be had until the first is released; then it is."""
    first, second = FileLock(paths(tmp_path)), FileLock(paths(tmp_path))
    assert first.try_acquire()
    assert not second.try_acquire()
    assert [first.held, second.held] == [True, False]
    first.release()
    first.release()
    assert [first.held, second.held] == [False, False]
    assert second.try_acquire()
    second.release()


def test_leaving_the_block_frees_the_lock_whatever_happens(tmp_path: Path) -> None:
    """An exception in the block, a signal's too, releases the lock."""

    def interrupted() -> None:
        with FileLock(paths(tmp_path)) as lock:
            assert lock.try_acquire()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with FileLock(paths(tmp_path)) as lock:
        assert lock.try_acquire()


def test_no_two_processes_hold_the_lock_at_once(tmp_path: Path) -> None:
    """Four processes count in a file, each reading, waiting and writing: no step is lost."""
    counter, steps = tmp_path / "counter", 25
    counter.write_text("0")

    def count_on() -> None:
        lock = FileLock(paths(tmp_path, "one", "two"))
        for _ in range(steps):
            assert lock.acquire(Deadline.after(20), lambda: False)
            number = int(counter.read_text())
            time.sleep(0.0005)
            counter.write_text(str(number + 1))
            lock.release()

    children = [begin(count_on) for _ in range(4)]
    for child in children:
        os.waitpid(child, 0)
    assert counter.read_text() == str(4 * steps)


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM"])
def test_a_holder_that_is_killed_frees_the_lock_at_once(
    tmp_path: Path, hold: Callable[..., subprocess.Popen[str]], how: str
) -> None:
    """The kernel releases it. Nobody waits for a time-out or removes a stale file."""
    holder = hold(paths(tmp_path))
    lock = FileLock(paths(tmp_path))
    assert not lock.try_acquire()
    holder.send_signal(getattr(signal, how))
    holder.wait()
    began = time.monotonic()
    assert lock.acquire(Deadline.after(10), lambda: False)
    assert time.monotonic() - began < 1
    lock.release()


def test_the_lock_is_not_handed_on_to_programs_that_the_holder_starts(
    tmp_path: Path, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    """A browser that outlives its plugin holds nothing."""
    holder = hold(paths(tmp_path), "with a child")
    holder.kill()
    holder.wait()
    os.killpg(holder.pid, 0)  # the child is still there
    with FileLock(paths(tmp_path)) as lock:
        assert lock.try_acquire()


def test_a_holder_that_does_not_move_is_waited_for_in_bounded_time(
    tmp_path: Path, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    """The wait ends at its deadline. The error says who holds the lock, what for, and how to end that process."""
    holder = hold(paths(tmp_path))
    lock = FileLock(paths(tmp_path))
    began = time.monotonic()
    assert not lock.acquire(Deadline.after(0.3), lambda: False)
    assert 0.25 < time.monotonic() - began < 3
    assert not lock.held
    assert lock.holder() == (holder.pid, BROWSER)
    error = still_held(lock, 0.3)
    assert str(holder.pid) in error.message
    assert BROWSER in error.message
    assert advice(tmp_path, BROWSER) in error.hint
    assert f"(kill {holder.pid})" in error.hint
    assert error.topic == "lock"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="who is stopped is read from /proc")
def test_a_holder_that_is_stopped_is_said_to_be(
    tmp_path: Path, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    """After Ctrl-Z a plain kill does nothing: the hint names the two signals that a stopped process takes."""
    holder = hold(paths(tmp_path))
    lock = FileLock(paths(tmp_path))
    holder.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, holder.pid, os.WSTOPPED)
    error = still_held(lock, 5)
    assert str(holder.pid) in error.message
    assert f"kill -CONT {holder.pid}" in error.hint
    assert f"kill -KILL {holder.pid}" in error.hint
    holder.send_signal(signal.SIGCONT)
    os.waitid(os.P_PID, holder.pid, os.WCONTINUED)
    assert "kill -CONT" not in still_held(lock, 5).hint


def advice(directory: Path, doing: str) -> str:
    """Return what the hint tells a person to do before it says how to end the process that holds the lock and does this."""
    files = paths(directory, "of a holder that does this")
    with FileLock(files) as holder:
        assert holder.try_acquire()
        holder.describe("")
        end = still_held(FileLock(files), 5).hint
        holder.describe(doing)
        error = still_held(FileLock(files), 5)
    assert error.message.endswith(doing)
    assert f"(kill {os.getpid()})" in end
    assert error.hint.endswith(end)
    return error.hint.removesuffix(end)


def test_who_is_not_at_a_browser_is_not_said_to_be(tmp_path: Path) -> None:
    """The hint for a refresh says only how to end it."""
    assert advice(tmp_path, "refreshing the session") == ""


def test_each_way_to_sign_in_is_called_what_it_is() -> None:
    """The two that open a browser are one to whoever waits."""
    told_apart(
        {
            "browser": [signing_in("auto", asks=True), signing_in("authcode", asks=True)],
            **{
                grant: [signing_in(grant, asks=True)]
                for grant in ("authcode-keyboard", "device-code", "password")
            },
            "a given password": [signing_in("password", asks=False)],
            "client": [signing_in("client-credentials", asks=True)],
        }
    )


def test_what_a_holder_waits_for_is_its_grants(tmp_path: Path) -> None:
    """The hint has one thing to do for each kind of wait, so none mentions a browser that the grant does not open."""
    told_apart(
        {
            "browser": [advice(tmp_path, signing_in(grant)) for grant in ("auto", "authcode")],
            "pasted code": [advice(tmp_path, signing_in("authcode-keyboard"))],
            "device code": [advice(tmp_path, signing_in("device-code"))],
            "password": [advice(tmp_path, signing_in("password"))],
        }
    )


@pytest.mark.parametrize(("grant", "asks"), [("password", False), ("client-credentials", True)])
def test_a_holder_that_waits_for_nobody_can_only_be_ended(
    tmp_path: Path,
    grant: str,
    asks: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    """A sign-in without a person has nothing to finish."""
    assert advice(tmp_path, signing_in(grant, asks=asks)) == ""


def test_of_two_files_the_one_that_another_holds_names_the_holder(
    tmp_path: Path, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    """A container holds the lock next to the session's file, and not the local one: the holder is not this process."""
    holder = hold(paths(tmp_path, "beside"))
    lock = FileLock(paths(tmp_path, "local", "beside"))
    assert not lock.acquire(Deadline.after(0.1), lambda: False)
    assert lock.holder() == (holder.pid, BROWSER)


def test_a_holder_on_another_machine_is_said_to_be_there(tmp_path: Path) -> None:
    """Its process id belongs to another process here, so the hint does not name it."""
    (tmp_path / "lock").write_text("4711@build-7 refreshing the session\n")
    lock = FileLock(paths(tmp_path))
    pid, doing = lock.holder()
    assert pid == 0
    assert doing.endswith("build-7, refreshing the session")
    error = still_held(lock, 5)
    assert error.message.endswith(doing)
    assert "4711" not in error.message + error.hint
    assert "kill" not in error.hint


@pytest.mark.parametrize("broken", ["first", "second"])
def test_a_lenient_lock_is_of_the_files_that_can_be_locked(tmp_path: Path, broken: str) -> None:
    """It keeps others out by the file that is left, says which cannot be locked, and does not claim to be whole."""
    (tmp_path / broken).mkdir()
    both = paths(tmp_path, "first", "second")
    with FileLock(both) as lock:
        assert lock.acquire(Deadline.after(1), lambda: False, lenient=True)
        assert not lock.held
        assert lock.failure is not None
        assert lock.failure.filename == str(tmp_path / broken)
        assert not FileLock(both).try_acquire(lenient=True)
        (tmp_path / broken).rmdir()
        lock.release()
        assert lock.try_acquire(lenient=True)
        assert lock.held, "and it is whole again as soon as it can be"


def test_the_wait_ends_when_what_was_waited_for_has_come(tmp_path: Path) -> None:
    """The holder published an answer, so the lock is not needed any more."""
    looks: list[bool] = []

    def published() -> bool:
        looks.append(len(looks) == 3)
        return looks[-1]

    with FileLock(paths(tmp_path)) as first:
        assert first.try_acquire()
        second = FileLock(paths(tmp_path))
        assert not second.acquire(Deadline.after(30), published)
        assert not second.held
    assert looks == [False, False, False, True]


def test_a_free_lock_is_taken_without_a_look_or_a_pause(tmp_path: Path) -> None:
    """Even where the deadline has passed."""
    with FileLock(paths(tmp_path)) as lock:
        assert lock.acquire(Deadline.after(0), lambda: pytest.fail("nothing was to be waited for"))


def test_several_files_are_taken_all_or_none(tmp_path: Path) -> None:
    """When the second is another's, the first is not kept."""
    one, two = FileLock(paths(tmp_path, "a", "b")), FileLock(paths(tmp_path, "b"))
    assert two.try_acquire()
    assert not one.try_acquire()
    assert not one.held
    with FileLock(paths(tmp_path, "a")) as first:
        assert first.try_acquire()
    two.release()
    assert one.try_acquire()
    one.release()

    (tmp_path / "file").touch()
    broken = FileLock((*paths(tmp_path, "a"), str(tmp_path / "file" / "b")))
    with pytest.raises(NotADirectoryError):
        broken.try_acquire()
    with FileLock(paths(tmp_path, "a")) as first:
        assert first.try_acquire(), "nor when the second cannot be had at all"


def test_a_lock_without_files_guards_nothing() -> None:
    """It can be taken, and does not claim to be held."""
    lock = FileLock(())
    assert lock.try_acquire()
    assert not lock.held
    assert lock.holder() == (0, "")


def test_the_holder_says_what_it_does_now(tmp_path: Path) -> None:
    """A shorter description leaves nothing of a longer one; a new holder nothing of the former's."""
    watcher = FileLock(paths(tmp_path, "a", "b"))
    with FileLock(paths(tmp_path, "a", "b")) as lock:
        assert lock.try_acquire()
        for doing in ("refreshing the session", "waiting", ""):
            lock.describe(doing)
            assert watcher.holder() == (os.getpid(), doing)
    child = begin(lambda: FileLock(paths(tmp_path, "a", "b")).try_acquire())
    os.waitpid(child, 0)
    assert watcher.holder() == (child, "")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"words alone", b"-1 x", b" "])
def test_a_holder_that_is_not_known_is_said_to_be_unknown(tmp_path: Path, content: bytes) -> None:
    """The hint does not say to kill process 0."""
    (tmp_path / "lock").write_bytes(content)
    lock = FileLock(paths(tmp_path))
    assert lock.holder() == (0, "")
    error = still_held(lock, 5)
    assert re.findall(r"\d.*", error.message) == ["5 s"]
    assert "kill" not in error.hint


def test_the_lock_file_is_private_and_stays(tmp_path: Path) -> None:
    """0600 whatever the umask, and never removed: a lock on a removed file guards nothing."""
    before = os.umask(0)
    try:
        with FileLock(paths(tmp_path)) as lock:
            assert lock.try_acquire()
    finally:
        os.umask(before)
    status = (tmp_path / "lock").stat()
    assert stat.S_IMODE(status.st_mode) == 0o600
    with FileLock(paths(tmp_path)) as lock:
        assert lock.try_acquire()
    assert (tmp_path / "lock").stat().st_ino == status.st_ino


@pytest.mark.timeout(10)
@pytest.mark.parametrize("kind", ["symlink", "hard link", "FIFO", "directory", "foreign"])
def test_what_is_not_our_file_is_no_lock_and_stays_as_it_is(tmp_path: Path, kind: str) -> None:
    """OSError, nothing is written to what it leads to, and no lock is left held."""
    target, place = tmp_path / "target", tmp_path / "lock"
    target.write_bytes(b"untouched")
    if kind == "symlink":
        place.symlink_to(target)
    elif kind == "hard link":
        place.hardlink_to(target)
    elif kind == "FIFO":
        os.mkfifo(place, 0o600)
    elif kind == "directory":
        place.mkdir()
    else:
        if os.geteuid() != 0:
            pytest.skip("needs root, to give files to another user")
        place.write_bytes(b"theirs")
        os.chown(place, 12_345, 12_345)
    lock = FileLock((*paths(tmp_path, "before"), str(place)))
    with pytest.raises(OSError, match=r".") as caught:
        lock.try_acquire()
    assert caught.value.filename == str(place)
    assert target.read_bytes() == b"untouched"
    if kind == "foreign":
        assert place.read_bytes() == b"theirs"
    assert not lock.held
    with FileLock(paths(tmp_path, "before")) as other:
        assert other.try_acquire()


def test_a_full_disk_costs_the_words_and_not_the_lock(tmp_path: Path) -> None:
    """The lock is taken, although its holder cannot be written down."""
    with no_room(), FileLock(paths(tmp_path)) as lock:
        assert lock.try_acquire()
        lock.describe("refreshing")
        assert not FileLock(paths(tmp_path)).try_acquire()
        assert lock.holder() == (0, "")


# Where the files rest


def runtime() -> Path:
    return Path(os.environ["XDG_RUNTIME_DIR"])


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a temporary directory of its own, as /tmp is: writable by all, sticky."""
    place = tmp_path / "tmp"
    place.mkdir()
    place.chmod(0o1777)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_every_session_has_a_lock_in_the_runtime_directory_and_one_next_to_the_index(tmp_path: Path) -> None:
    """The first is local and the user's; no variable moves the second, and for the kernel keyring it is one per host."""
    cache = tmp_path / "cache"
    marks = {"kernel": f".{this_host().mark}"}
    for storage in ("keyring", "kernel", "none", "disk"):
        local, beside = map(Path, lock_paths(ID, storage, cache))
        assert local == runtime() / "kubectl-oidc" / f"{ID}.lock"
        assert beside == cache / "locks" / f"{ID}{marks.get(storage, '')}.lock"
        for path in (local, beside):
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        with FileLock((str(local), str(beside))) as lock:
            assert lock.try_acquire()


def test_a_purge_takes_every_lock_that_the_session_may_have(tmp_path: Path) -> None:
    """It is not known where a session is stored that the index has lost. In the same order as others take them."""
    every = every_lock_path(ID, tmp_path / "cache")
    for storage in ("keyring", "kernel", "none", "disk"):
        of_one = lock_paths(ID, storage, tmp_path / "cache")
        assert tuple(path for path in every if path in of_one) == of_one


def test_where_the_cache_directory_cannot_be_written_the_local_lock_is_enough(tmp_path: Path) -> None:
    """No session is stored there either."""
    (tmp_path / "cache").write_text("a file")
    assert len(lock_paths(ID, "disk", tmp_path / "cache")) == 1


def test_a_file_that_cannot_be_locked_is_passed_over_if_it_is_not_needed(tmp_path: Path) -> None:
    """The lock is held, and known to be incomplete. Another process's lock on such a file counts."""
    (tmp_path / "file").touch()
    local, beside = *paths(tmp_path, "local"), str(tmp_path / "file" / "beside")
    with FileLock((local, beside), needed=needed_locks("kernel")) as lock:
        assert lock.try_acquire()
        assert (lock.held, lock.complete) == (True, False)
        assert isinstance(lock.passed_over, NotADirectoryError)
        assert not FileLock((local,)).try_acquire()
    with FileLock((local, beside), needed=needed_locks("disk")) as lock:
        with pytest.raises(NotADirectoryError):
            lock.try_acquire()
        assert lock.try_acquire(lenient=True)
        assert not lock.held
    both = paths(tmp_path, "local", "beside")
    with FileLock(both[1:]) as other, FileLock(both, needed=1) as lock:
        assert other.try_acquire()
        assert not lock.try_acquire()
        other.release()
        assert lock.try_acquire()
        assert lock.complete


# Files that a cleaner removes


def remove_at_lock(monkeypatch: pytest.MonkeyPatch, path: Path, *, times: int) -> None:
    """Have a cleaner remove the file between the moment that it is opened and the moment that it is locked."""
    import fcntl

    left, flock = times, fcntl.flock

    def slow(descriptor: int, operation: int) -> None:
        nonlocal left
        if left:
            left -= 1
            path.unlink()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", slow)


def test_a_lock_on_a_file_that_was_removed_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken again on the file that is there now, so that two never hold the lock on two files."""
    path = Path(*paths(tmp_path))
    remove_at_lock(monkeypatch, path, times=1)
    with FileLock((str(path),)) as lock:
        assert lock.try_acquire()
        assert path.exists()
        assert not FileLock((str(path),)).try_acquire()


def test_a_lock_on_a_file_that_was_replaced_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another made the file again and holds it: that one has the lock."""
    import fcntl

    path = Path(*paths(tmp_path))
    other, flock = FileLock((str(path),)), fcntl.flock

    def slow(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        path.unlink()
        assert other.try_acquire()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", slow)
    with other:
        assert not FileLock((str(path),)).try_acquire()


def test_a_file_that_is_removed_again_and_again_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look ends; once it stays, the lock is ours."""
    path = Path(*paths(tmp_path))
    remove_at_lock(monkeypatch, path, times=7)
    lock = FileLock((str(path),))
    assert not lock.try_acquire()
    with lock:
        assert lock.acquire(Deadline.after(5), lambda: False)


def test_a_directory_that_was_removed_is_made_again_by_who_waits(tmp_path: Path) -> None:
    """As systemd-tmpfiles removes it: the other file prevents a second holder, and no process fails."""
    both = paths(tmp_path / "runtime" / "deep", "local") + paths(tmp_path, "beside")
    Path(both[0]).parent.mkdir(parents=True, mode=0o700)
    waiter = FileLock(both)
    with FileLock(both) as holder:
        assert holder.try_acquire()
        shutil.rmtree(tmp_path / "runtime")
        assert not waiter.try_acquire()
        assert not waiter.try_acquire(lenient=True)
        assert waiter.failure is None
    with waiter:
        assert waiter.try_acquire()
    for made in (tmp_path / "runtime", tmp_path / "runtime" / "deep"):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_directory_of_somebody_else_s_is_not_used_in_its_place(tmp_path: Path) -> None:
    """A symlink to nowhere is where the directory was."""
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OSError, match=r"."):
        FileLock((str(tmp_path / "gone" / "lock"),)).try_acquire()
    assert not (tmp_path / "nowhere").exists()


# Where the local file is


def test_without_a_runtime_directory_the_lock_rests_in_one_of_ours(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XDG_RUNTIME_DIR is unset on many servers: no warning, a directory of 0700."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    path, _ = lock_paths(ID, "kernel", tmp_path / "cache")
    directory = Path(path).parent
    assert directory.stat().st_uid == os.geteuid()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert temporary in directory.parents or Path("/run/user") in directory.parents
    with FileLock((path,)) as lock:
        assert lock.try_acquire()


def _spoil_symlink(place: Path, elsewhere: Path) -> None:
    place.symlink_to(elsewhere)


def _spoil_file(place: Path, _elsewhere: Path) -> None:
    place.write_text("a file")


def _spoil_wide(place: Path, _elsewhere: Path) -> None:
    place.mkdir()
    place.chmod(0o777)


def _spoil_foreign(place: Path, _elsewhere: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to give directories to another user")
    place.mkdir()
    os.chown(place, 12_345, 12_345)


SPOILT = [_spoil_symlink, _spoil_file, _spoil_wide, _spoil_foreign]


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_runtime_directory_that_is_not_ours_alone_is_passed_over(
    temporary: Path, tmp_path: Path, spoil: Callable[[Path, Path], None]
) -> None:
    """A symlink, a file, one that others can write to, a foreign one: the next directory is taken, this one left."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    spoil(runtime() / "kubectl-oidc", elsewhere)
    before = (runtime() / "kubectl-oidc").lstat()
    path, _ = lock_paths(ID, "kernel", tmp_path / "cache")
    assert Path(path).parent == temporary / f"kubectl-oidc-{os.geteuid()}"
    assert (runtime() / "kubectl-oidc").lstat() == before
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("spoil", SPOILT)
def test_where_no_directory_is_ours_there_is_no_lock(
    temporary: Path, tmp_path: Path, spoil: Callable[[Path, Path], None]
) -> None:
    """An error that says what is wrong with each, and what to set."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    for place in (runtime() / "kubectl-oidc", temporary / f"kubectl-oidc-{os.geteuid()}"):
        spoil(place, elsewhere)
    with pytest.raises(LockError) as caught:
        lock_paths(ID, "kernel", tmp_path / "cache")
    assert str(runtime()) in caught.value.message
    assert str(temporary) in caught.value.message
    assert "XDG_RUNTIME_DIR" in caught.value.hint
    assert list(elsewhere.iterdir()) == []


def test_a_machine_without_a_temporary_directory_is_no_bug_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full or read-only disk has none: the runtime directory serves, and without it the error is ours."""

    def work() -> tuple[int, bool]:
        tempfile.tempdir = None
        with no_room():
            held = len(lock_paths(ID, "kernel", tmp_path / "cache"))
            monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "file"))
            with pytest.raises(LockError) as caught:
                lock_paths(ID, "kernel", tmp_path / "cache")
        return held, about("lock", "XDG_RUNTIME_DIR")(caught.value)

    (tmp_path / "file").write_text("a file")
    assert forked(work) == (2, True)


# What a person is told who waits


class Spoken(Terminal):
    """A terminal that keeps what was said."""

    interactive = True

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def test_who_waits_is_told_once_after_a_moment_for_whom(
    tmp_path: Path, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    """Not at once, since most waits are short; then the holder, what it does, and how long at most."""
    holder = hold(paths(tmp_path))
    terminal, lock = Spoken(), FileLock(paths(tmp_path))
    waiting = LockWait(lock, terminal, Deadline.after(120))
    assert not waiting.tell_when_due()
    assert terminal.lines == []
    wait_until(lambda: waiting.tell_when_due() or terminal.lines, "something is said", timeout=PATIENCE + 5)
    assert not waiting.tell_when_due()
    (line,) = terminal.lines
    assert str(holder.pid) in line
    assert BROWSER in line
    assert "1 min" in line
    assert "Ctrl-C" in line


class Shown(Terminal):
    """A terminal that a user sees, as far as a test can make one."""

    interactive = True


@given(
    st.binary(max_size=400)
    | st.builds("{}@{} {}".format, st.integers() | TEXT, TEXT | st.just(platform.node()), TEXT).map(
        lambda words: words.encode(errors="replace")
    )
)
def test_whatever_a_lock_file_says_the_words_about_it_are_plain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    """A process id or none, and one line that is safe for a terminal."""
    (path,) = paths(tmp_path)
    Path(path).write_bytes(content)
    lock = FileLock((path,))
    pid, _ = lock.holder()
    assert pid >= 0
    assert is_one_plain_line(still_held(lock, 1.0).message)
    waiting = LockWait(lock, Shown(), Deadline.after(60))
    waiting._patience = Deadline.after(0)
    waiting.tell_when_due()
    (line,) = capsys.readouterr().err.splitlines()
    assert is_one_plain_line(line)


def test_a_missing_file_is_not_created_if_that_is_asked(tmp_path: Path) -> None:
    """Nor is its directory. A file that exists is locked."""
    path = tmp_path / "directory" / "lock"
    with pytest.raises(FileNotFoundError):
        FileLock((str(path),), create=False).try_acquire()
    assert not path.parent.exists()
    path.parent.mkdir()
    path.write_text("")
    lock = FileLock((str(path),), create=False)
    assert lock.try_acquire()
    lock.release()
