"""One locked file: flock(2), or LockFileEx on Windows. The kernel frees the lock when its holder dies.

Imports nothing heavy, because a plugin that only waits for another process uses it.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from stat import S_ISREG

_ATTEMPTS = 5
"""How often in a row a lock file is created again if something removes it."""


def host_name() -> str:
    """Return this machine's name in one word."""
    if sys.platform == "win32":
        name = os.environ.get("COMPUTERNAME", "")
    else:
        name = os.uname().nodename
    return "-".join(name.split())


def _holder_line(doing: str) -> str:
    """Return the content of a lock file that this process holds."""
    return f"{os.getpid()}@{host_name()} {doing}\n"


if sys.platform == "win32":  # on Linux, only tests/windows.py runs this

    class LockedFile:
        """LockFileEx, by the filelock library's Windows lock, never its soft lock.

        On Windows only the holder can read a locked file. So the lock is on a second file with the ending ``.win``.
        """

        def __init__(self, path: str, *, create: bool = True) -> None:
            from filelock import WindowsFileLock

            self._path, self._create = path, create
            self._lock = WindowsFileLock(path + ".win")

        def try_acquire(self) -> bool:
            """Take the lock if it is free, and return whether this process holds it now."""
            from filelock import Timeout

            if not self._create:
                os.stat(self._path)  # noqa: PTH116 - as below; it raises the error
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                return False
            except OSError as error:
                raise OSError(error.errno, error.strerror, self._path) from error
            self.describe("")
            return True

        def adopt(self, _descriptor: int) -> bool:
            """Return True: the launcher, this process's parent, holds the lock until this process has ended."""
            return True

        def describe(self, doing: str) -> None:
            """Write the holder and what it does into the file."""
            with suppress(OSError), open(self._path, "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
                file.write(_holder_line(doing))

        def release(self) -> None:
            """Release the lock."""
            self._lock.release()

else:
    import fcntl
    from stat import S_ISDIR

    def _make_directory(directory: str) -> None:
        """Create a private directory, and missing parents.

        Raises:
            OSError: It cannot be created, belongs to another user, or others can write to it.
        """
        parent = os.path.dirname(directory)  # noqa: PTH120 - pathlib is heavy
        if not os.path.lexists(parent) and parent != directory:
            _make_directory(parent)
        if os.geteuid() == 0 and os.stat(parent).st_uid != 0:  # noqa: PTH116 - as above
            raise PermissionError(
                errno.EPERM, "belongs to another user, but this process runs as root", parent
            )
        with suppress(FileExistsError):
            os.mkdir(directory, 0o700)  # noqa: PTH102 - as above
        status = os.lstat(directory)
        if not S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise PermissionError(errno.EPERM, "not a directory that only this user can use", directory)

    class LockedFile:
        """flock(2) on a private file. If something has removed or replaced the file, it is created again."""

        def __init__(self, path: str, *, create: bool = True) -> None:
            self._path, self._create = path, create
            self._descriptor = -1

        def try_acquire(self) -> bool:
            """Take the lock if it is free, and return whether this process holds it now."""
            for _ in range(_ATTEMPTS):
                descriptor = self._open()
                try:
                    self._check_owner(descriptor)
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if not self._is_at_path(descriptor):
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
            return False  # something removes it again and again: try later, as if another process held it

        def adopt(self, descriptor: int) -> bool:
            """Take over an open and locked file, and return whether this process holds the lock now. Otherwise the file is closed."""
            try:
                self._check_owner(descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # no change if it is locked
                if self._is_at_path(descriptor):
                    os.set_inheritable(descriptor, False)
                    self._descriptor = descriptor
                    return True
            except OSError:
                pass
            with suppress(OSError):
                os.close(descriptor)
            return False

        def _open(self) -> int:
            """Open the file. Create it and its directory if a cleaner of temporary files has removed them."""
            flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            if not self._create:
                return os.open(self._path, flags)
            flags |= os.O_CREAT
            try:
                return os.open(self._path, flags, 0o600)
            except FileNotFoundError:
                _make_directory(os.path.dirname(self._path))  # noqa: PTH120 - pathlib is heavy
                return os.open(self._path, flags, 0o600)

        def _is_at_path(self, descriptor: int) -> bool:
            """Return whether the path still names the locked file: a lock on a removed or replaced file guards nothing."""
            try:
                there = os.lstat(self._path)
            except FileNotFoundError:
                return False
            ours = os.fstat(descriptor)
            return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

        def _check_owner(self, descriptor: int) -> None:
            """Raise an error for a FIFO, a file with a second hard link, or another user's file: never write to those."""
            status = os.fstat(descriptor)
            # A link count of 0 means that the file was removed since it was opened. `_is_at_path` detects that.
            if not S_ISREG(status.st_mode) or status.st_nlink > 1 or status.st_uid != os.geteuid():
                raise PermissionError(errno.EPERM, "not a file that only this user can use", self._path)

        def describe(self, doing: str) -> None:
            """Write the holder and what it does into the file."""
            content = _holder_line(doing).encode()
            with suppress(OSError):  # the disk is full: the lock works without a description
                os.ftruncate(self._descriptor, 0)
                os.pwrite(self._descriptor, content, 0)

        def release(self) -> None:
            """Release the lock."""
            os.close(self._descriptor)  # closing releases the lock
