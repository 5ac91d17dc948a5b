"""A file of the user's replaced in one step: locked as kubectl locks its kubeconfigs, backed up, flushed, renamed.

A crash leaves the old file or the new one, whole.
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

from kubectl_oidc.deadline import Deadline
from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.in_use import patiently
from kubectl_oidc.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKUPS = 3
"""How many copies of a kubeconfig are kept; the oldest go."""

_LOCK_POLL_SECONDS = 0.05
_MAKE_WRITABLE = "attrib -R" if sys.platform == "win32" else "chmod u+w, where it is yours"


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Hold kubectl's lock on ``path``: the file ``path.lock``, made only where there is none.

    Raises:
        KubeconfigError: Somebody else holds it for longer than ``seconds``.
    """
    lock = path.with_name(f"{path.name}.lock")
    deadline = Deadline.after(seconds)
    while True:
        try:
            # Windows refuses it for a moment where another has just removed its own.
            os.close(patiently(lambda: os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)))
            break
        except FileExistsError:
            if deadline.passed():
                raise KubeconfigError(
                    f"another program holds the kubeconfig's lock {plain(lock)}",
                    "try again; if no kubectl is running, a crash left the file behind: remove it",
                ) from None
            time.sleep(_LOCK_POLL_SECONDS)
    try:
        yield
    finally:
        patiently(lambda: lock.unlink(missing_ok=True))


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
            f"the kubeconfig {plain(target)} is not a regular file",
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
        f"the kubeconfig {plain(target)} is read-only",
        f"make it writable ({_MAKE_WRITABLE}), or name another file with --kubeconfig; it was not changed",
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
    stamp = time.strftime("%Y%m%dT%H%M%S", time.localtime())
    for number in range(100):
        backup = target.with_name(f"{target.name}.backup-{stamp}{f'-{number}' if number else ''}")
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


def replace(target: Path, content: bytes, before: os.stat_result | None) -> None:
    """Put ``content`` in the place of ``target``, whole or not at all."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as new:
            new.write(content)
            new.flush()
            if before is not None:
                shutil.copystat(target, name)  # mode, and on Linux extended attributes
                _like(new.fileno(), before, mode=stat.S_IMODE(before.st_mode))
            os.fsync(new.fileno())
        if before is not None:
            os.utime(name)
            _unchanged(target, before)
        patiently(lambda: Path(name).replace(target))
    except BaseException:
        patiently(lambda: Path(name).unlink(missing_ok=True))
        raise
    _flush_directory(target.parent)


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
        raise KubeconfigError(
            f"the kubeconfig {plain(target)} was changed by another program just now", "run the command again"
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
