"""A lock between processes.

``flock`` on a file in a local directory of the user's: the kernel frees it when its holder dies. The file says who holds
it and for what, so that whoever waits can say so. We never remove it, because a lock on a removed file guards nothing. If
a cleaner of temporary files removed or replaced it, that is noticed, and the file is made again.
Kept light: a plugin that only waits for another has imported nothing heavy.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from stat import S_ISREG
from time import sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    from .deadline import Deadline

ATTEMPTS = 5
"""How often in a row a lock file that is removed meanwhile is made again."""

PAUSES = (0.005, 0.01, 0.02, 0.05, 0.1)  # seconds between looks; the last one repeats


class FileLock:
    """A lock of one or several files, taken in order, all or none.

    Args:
        paths: The lock files; their directories exist and are ours.
        needed: How many of the first files must be locked. Those after them are passed over if their file system cannot lock
            them. By default all are needed.

    Attributes:
        failure: Why the lock guards less than it should, after a lenient try.
        passed_over: Why a file that is not needed is not locked.
    """

    def __init__(self, paths: Sequence[str], *, needed: int | None = None) -> None:
        self._paths = tuple(paths)
        self._needed = len(self._paths) if needed is None else needed
        self._held: list[_LockedFile] = []
        self._taken = ""  # the file that another held when we looked last
        self.failure: OSError | None = None
        self.passed_over: OSError | None = None

    def try_acquire(self, *, lenient: bool = False) -> bool:
        """Take the lock if it is free, and tell whether it is ours.

        Args:
            lenient: Pass over a file that cannot be locked; `failure` then says why, and what can be locked is.

        Raises:
            OSError: A lock file cannot be opened, or its file system has no locks; it names the file.
        """
        self.failure, self.passed_over, self._taken = None, None, ""
        for number, path in enumerate(self._paths):
            lock = _LockedFile(path)
            try:
                free = lock.try_acquire()
            except OSError as error:
                if number >= self._needed:
                    self.passed_over = error
                    continue
                if not lenient:
                    self.release()
                    raise
                self.failure = error
                continue
            if not free:
                self._taken = path
                self.release()
                return False
            self._held.append(lock)
        return True

    def acquire(self, deadline: Deadline, meanwhile: Callable[[], bool], *, lenient: bool = False) -> bool:
        """Wait for the lock.

        Args:
            deadline: How long to wait.
            meanwhile: Called before each look; True ends the wait, because what was waited for has come.
            lenient: As in `try_acquire`.

        Returns:
            Whether the lock is ours. False: `meanwhile` ended the wait, or the deadline passed.

        Raises:
            OSError: As in `try_acquire`.
        """
        pauses = iter(PAUSES)
        pause = PAUSES[-1]
        while not self.try_acquire(lenient=lenient):
            if meanwhile() or deadline.passed():
                return False
            pause = next(pauses, pause)
            sleep(min(pause, deadline.left()))
        return True

    def describe(self, doing: str) -> None:
        """Write down what the holder does, for those who wait.

        Args:
            doing: Such as "signing in through the browser".
        """
        for lock in self._held:
            lock.describe(doing)

    def holder(self) -> tuple[int, str]:
        """Return the process id of the holder and what it does, as far as is known: (0, "") if nothing is.

        A process of another machine, or of a container, that sees the same file has no id here; it is said where it runs.
        """
        # Of several files the one that another held: in the others stands who looked last, perhaps ourselves.
        for path in (self._taken,) if self._taken else self._paths:
            try:
                with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - pathlib is heavy
                    who, _, doing = file.read(300).partition(" ")
            except OSError:
                continue
            pid, _, host = who.partition("@")
            if not (pid.isascii() and pid.isdigit()):
                continue
            doing = doing.strip()
            if host.strip() == _host():
                return int(pid), doing
            return 0, f"on {host.strip()}" + (f", {doing}" if doing else "")
        return 0, ""

    def release(self) -> None:
        """Free the lock."""
        while self._held:
            self._held.pop().release()

    @property
    def paths(self) -> tuple[str, ...]:
        """The lock files."""
        return self._paths

    @property
    def complete(self) -> bool:
        """Whether every file is locked, those that are not needed too."""
        return bool(self._paths) and len(self._held) == len(self._paths)

    @property
    def held(self) -> bool:
        """Whether the lock is ours, and guards what it should: every file of it could be locked."""
        return bool(self._held) and self.failure is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _host() -> str:
    """Return this machine's name in one word."""
    if sys.platform == "win32":
        name = os.environ.get("COMPUTERNAME", "")
    else:
        name = os.uname().nodename
    return "-".join(name.split())


def _words(doing: str) -> str:
    """Return what a lock file says of its holder, this process."""
    return f"{os.getpid()}@{_host()} {doing}\n"


if sys.platform == "win32":  # run on Linux by tests/windows.py alone

    class _LockedFile:
        """LockFileEx by the filelock library's Windows lock, never its soft lock.

        What is locked there can be read by its holder alone, so who it is stands in a file beside it.
        """

        def __init__(self, path: str) -> None:
            from filelock import WindowsFileLock

            self._path = path
            self._lock = WindowsFileLock(path + ".win")

        def try_acquire(self) -> bool:
            from filelock import Timeout

            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                return False
            except OSError as error:
                raise OSError(error.errno, error.strerror, self._path) from error
            self.describe("")
            return True

        def describe(self, doing: str) -> None:
            with suppress(OSError), open(self._path, "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
                file.write(_words(doing))

        def release(self) -> None:
            self._lock.release()

else:
    import fcntl
    from stat import S_ISDIR

    def _make(directory: str) -> None:
        """Make a directory, and the missing ones above it, ours alone.

        Raises:
            OSError: It cannot be made, or it or the directory that it is made in is not ours.
        """
        parent = os.path.dirname(directory)  # noqa: PTH120 - pathlib is heavy
        if not os.path.lexists(parent) and parent != directory:
            _make(parent)
        if os.geteuid() == 0 and os.stat(parent).st_uid != 0:  # noqa: PTH116 - as above
            raise PermissionError(errno.EPERM, "belongs to another user, and this process is root's", parent)
        with suppress(FileExistsError):
            os.mkdir(directory, 0o700)  # noqa: PTH102 - as above
        status = os.lstat(directory)
        if not S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise PermissionError(errno.EPERM, "not a directory of ours alone", directory)

    class _LockedFile:
        """flock(2) on a file of ours."""

        def __init__(self, path: str) -> None:
            self._path = path
            self._descriptor = -1

        def try_acquire(self) -> bool:
            for _ in range(ATTEMPTS):
                descriptor = self._open()
                try:
                    self._refuse_what_is_not_ours(descriptor)
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if not self._is_there(descriptor):
                        os.close(descriptor)
                        continue
                except BlockingIOError:
                    os.close(descriptor)
                    return False
                except OSError as error:
                    os.close(descriptor)
                    raise OSError(error.errno, error.strerror, self._path) from error
                except BaseException:
                    os.close(descriptor)
                    raise
                self._descriptor = descriptor
                self.describe("")
                return True
            return False  # something removes it again and again: look later, as if it were held

        def _open(self) -> int:
            """Return a descriptor of the file, made with its directory if a cleaner of temporary files removed them."""
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            try:
                return os.open(self._path, flags, 0o600)
            except FileNotFoundError:
                _make(os.path.dirname(self._path))  # noqa: PTH120 - pathlib is heavy
                return os.open(self._path, flags, 0o600)

        def _is_there(self, descriptor: int) -> bool:
            """Tell whether the locked file is the one at the path: a lock on a removed or replaced file guards nothing."""
            try:
                there = os.lstat(self._path)
            except FileNotFoundError:
                return False
            ours = os.fstat(descriptor)
            return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

        def _refuse_what_is_not_ours(self, descriptor: int) -> None:
            """Raise for a FIFO, a second hard link or a foreign file: what it names is not written to."""
            status = os.fstat(descriptor)
            # No name at all: removed since it was opened, which `_is_there` notices.
            if not S_ISREG(status.st_mode) or status.st_nlink > 1 or status.st_uid != os.geteuid():
                raise PermissionError(errno.EPERM, "not a file of ours alone", self._path)

        def describe(self, doing: str) -> None:
            content = _words(doing).encode()
            with suppress(OSError):  # a full disk: the lock is ours all the same, only nameless
                os.ftruncate(self._descriptor, 0)
                os.pwrite(self._descriptor, content, 0)

        def release(self) -> None:
            os.close(self._descriptor)  # closing frees the lock
