"""A file of the user's replaced in one step: locked as kubectl locks its kubeconfigs, backed up, flushed, renamed.

A crash leaves the old file or the new one, whole; where no rename is possible, the whole content in a backup.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.system import shell
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.files_in_use import patiently
from kubectl_oidc.system.terminal import ago
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

BACKUPS = 3
"""How many copies of a kubeconfig are kept; the oldest go."""

_LOCK_POLL_SECONDS = 0.05
_REMOVE = "del" if sys.platform == "win32" else "rm"
_MAKE_WRITABLE = "attrib -R" if sys.platform == "win32" else "chmod u+w, where it is yours"


class KubeconfigChanged(KubeconfigError):
    """Another program, such as an editor, has written a kubeconfig since it was read."""


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Hold kubectl's lock on ``path`` while the block runs.

    Raises:
        KubeconfigError: Somebody else holds it for longer than ``seconds``.
    """
    lock = take_lock(path, seconds)
    try:
        yield
    finally:
        free_lock(lock)


def take_lock(path: Path, seconds: float) -> Path:
    """Take kubectl's lock on ``path``: the file ``path.lock``, made only where there is none.

    Returns:
        The lock file, for `free_lock`.

    Raises:
        KubeconfigError: Somebody else holds it for longer than ``seconds``.
    """
    lock = path.with_name(f"{path.name}.lock")
    deadline = Deadline.after(seconds)
    while True:
        try:
            # Windows refuses it for a moment where another has just removed its own.
            os.close(patiently(lambda: os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)))
        except FileExistsError:
            if deadline.passed():
                raise _lock_is_held(lock) from None
            time.sleep(_LOCK_POLL_SECONDS)
        else:
            return lock


def free_lock(lock: Path) -> None:
    """Free a lock that `take_lock` took."""
    patiently(lambda: lock.unlink(missing_ok=True))


def _lock_is_held(lock: Path) -> KubeconfigError:
    age = ""
    with suppress(OSError):
        age = f", made {ago(time.time() - lock.lstat().st_mtime)}"
    return KubeconfigError(
        f"another program holds the kubeconfig's lock {sanitize(lock)}{age}",
        "kubectl holds it for milliseconds; if no kubectl is running, a crash left the file behind: "
        f"remove it ({_REMOVE} {shell.one_line([str(lock)])}) and try again; nothing was changed",
    )


def regular(target: Path) -> os.stat_result | None:
    """Return the file's status; None when there is no file.

    Raises:
        KubeconfigError: It is a directory, a pipe or a device.
    """
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise KubeconfigError(
            f"the kubeconfig {sanitize(target)} is not a regular file",
            "name a file with --kubeconfig or KUBECONFIG",
        )
    return status


def check_writable(target: Path, status: os.stat_result) -> None:
    """Refuse a file that is read-only, though its directory would let it be replaced: kubectl, too, leaves it alone.

    Raises:
        KubeconfigError: Nobody may write it, or not we.
    """
    effective = os.access in os.supports_effective_ids
    if status.st_mode & 0o222 and os.access(target, os.W_OK, effective_ids=effective):
        return
    raise KubeconfigError(
        f"the kubeconfig {sanitize(target)} is read-only",
        f"make it writable ({_MAKE_WRITABLE}), or name another file with --kubeconfig; it was not changed",
    )


def readable_by_others(path: Path, status: os.stat_result, what: str) -> tuple[str, str] | None:
    """Return a warning where others may read a file with secrets, and the command that ends it.

    Args:
        path: The file.
        status: Its status.
        what: What it holds, in words.
    """
    mode = stat.S_IMODE(status.st_mode)
    if sys.platform == "win32" or not mode & 0o044:
        return None
    return (
        f"others on this machine can read the {what} in {sanitize(path)} (mode {mode:04o})",
        f"run {sanitize(shell.one_line(['chmod', '600', str(path)]))}",
    )


def check_directory(directory: Path) -> None:
    """Make a file in a directory, or in the nearest one above it that exists, and leave nothing behind.

    Raises:
        OSError: A file cannot be made there.
    """
    nearest = next((place for place in (directory, *directory.parents) if os.path.lexists(place)), directory)
    with tempfile.TemporaryFile(dir=nearest):
        pass


def back_up(target: Path, status: os.stat_result) -> Path:
    """Copy the file next to itself, readable by its owner only, under a free name; keep the newest `BACKUPS` copies.

    Returns:
        The copy.

    Raises:
        OSError: It could not be made; no older copy was removed.
    """
    backup = _copy(target, status)
    names = re.compile(re.escape(target.name) + r"\.backup-(\d{8}T\d{6})(?:-(\d{1,2}))?")
    found = [
        (match[1], int(match[2] or 0), path)
        for path in target.parent.iterdir()
        if (match := names.fullmatch(path.name)) and path != backup and stat.S_ISREG(path.lstat().st_mode)
    ]
    for _, _, path in sorted(found)[: max(0, len(found) - BACKUPS + 1)]:
        with suppress(OSError):
            path.unlink()
    return backup


def _copy(target: Path, status: os.stat_result) -> Path:
    """Copy the file next to itself under a name that nothing has."""
    for backup in _names(target):
        try:
            descriptor = os.open(backup, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        try:
            with os.fdopen(descriptor, "wb") as copy:
                copy.write(target.read_bytes())
                _like(copy.fileno(), status, mode=0o600)
                copy.flush()
                os.fsync(copy.fileno())
        except BaseException:
            backup.unlink(missing_ok=True)
            raise
        return backup
    raise FileExistsError(17, "no free name for the backup", str(target))


def _names(target: Path) -> Iterator[Path]:
    stamp = time.strftime("%Y%m%dT%H%M%S", time.localtime())
    for number in range(100):
        yield target.with_name(f"{target.name}.backup-{stamp}{f'-{number}' if number else ''}")


def _free_name(target: Path) -> Path:
    return next(name for name in _names(target) if not os.path.lexists(name))


def replace(target: Path, content: bytes, before: os.stat_result | None) -> None:
    """Put ``content`` in the place of ``target``, whole or not at all."""
    with Replacement(target) as new:
        new.put(content, before)


class Replacement:
    """A file that will replace ``target``: made, and given its room on the disk, before its content is known.

    Args:
        target: The file, no symbolic link.
        room: Bytes that must fit on the disk.

    Raises:
        OSError: No file can be made there, or not so large a one.
    """

    def __init__(self, target: Path, room: int = 0) -> None:
        self._target = target
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        self._path = Path(name)
        self._file = os.fdopen(descriptor, "wb")
        try:
            self._file.write(bytes(room))
            self._flush()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def put(self, content: bytes, before: os.stat_result | None) -> None:
        """Put ``content`` in the target's place, whole or not at all.

        If the file cannot be renamed over the target (a file that is mounted by itself, one of another owner, a directory with the
        sticky bit), the target is overwritten as kubectl does it. Until that is done the whole content is in a backup.

        Args:
            content: The new content.
            before: The target's status when it was read; None where there was none.

        Raises:
            KubeconfigChanged: Another program has written the target since.
            KubeconfigError: It was overwritten in part; the error names the backup.
            OSError: It was not done, and the target is as it was.
        """
        self._file.seek(0)
        self._file.truncate()
        self._file.write(content)
        in_place = before is not None and not self._looks_like(before)
        self._flush()
        if before is not None:
            os.utime(self._path)
            _unchanged(self._target, before)
        self._file.close()
        if not in_place:
            try:
                patiently(lambda: self._path.replace(self._target))
            except OSError:
                if before is None:
                    raise
                in_place = True
        if in_place:
            self._overwrite(content)
        _flush_directory(self._target.parent)

    def _looks_like(self, before: os.stat_result) -> bool:
        """Give the new file the target's owner, mode and, on Linux, extended attributes; False if the owner is another's."""
        try:
            shutil.copystat(self._target, self._path)
            _like(self._file.fileno(), before, mode=stat.S_IMODE(before.st_mode))
        except PermissionError:
            return False
        return True

    def _overwrite(self, content: bytes) -> None:
        descriptor = os.open(self._target, os.O_WRONLY | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(descriptor, "wb") as file:
            if sys.platform != "win32":
                self._path.chmod(0o600)
            backup = self._path.rename(_free_name(self._target))
            _flush_directory(self._target.parent)
            try:
                file.write(content)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
            except OSError as error:
                raise KubeconfigError(
                    f"the kubeconfig {sanitize(self._target)} was written only in part: {error.strerror or error}",
                    f"the whole of it is in {sanitize(backup)}: copy that over it",
                ) from error
        backup.unlink()

    def close(self) -> None:
        """Leave nothing of it behind."""
        with suppress(OSError):
            self._file.close()
        patiently(lambda: self._path.unlink(missing_ok=True))

    def _flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


def _like(descriptor: int, status: os.stat_result, *, mode: int) -> None:
    """Give an open file its owner and mode, so that root leaves no root-owned file in a user's home."""
    if sys.platform == "win32":
        return
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):
            os.fchown(descriptor, -1, status.st_gid)
        if status.st_uid != os.geteuid():
            os.fchown(descriptor, status.st_uid, -1)
    os.fchmod(descriptor, mode)


def _unchanged(target: Path, before: os.stat_result) -> None:
    """Refuse to replace a file that a program without the lock, an editor, has written meanwhile."""
    now = target.stat()
    if (now.st_ino, now.st_size, now.st_mtime_ns) != (before.st_ino, before.st_size, before.st_mtime_ns):
        raise KubeconfigChanged(
            f"the kubeconfig {sanitize(target)} was changed by another program just now",
            "run the command again",
        )


def _flush_directory(directory: Path) -> None:
    if sys.platform == "win32":
        return
    with suppress(OSError):  # some file systems have no such call; the rename itself is done
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
