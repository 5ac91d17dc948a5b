"""Files that are ours alone: 0600 in directories of 0700, replaced whole or not at all.

What is not ours (a symlink, a FIFO, a second hard link, a foreign owner) is refused and left as it is.
"""

from __future__ import annotations

import contextlib
import glob
import os
import stat
import sys
from functools import partial
from pathlib import Path
from time import sleep, time

from kubectl_oidc.errors import StoreError
from kubectl_oidc.fast_path.credential import read_private
from kubectl_oidc.text import sanitize

from .files_in_use import PAUSE, patience, patiently

FILE_LIMIT = 4 << 20  # bytes
OURS = 0o700  # the mode of a directory
NOWHERE = Path(os.devnull, "kubectl-oidc")
"""The default cache directory of who has no home directory; even root cannot make it."""
WRITING_SECONDS = 60
"""No writer takes longer between the first byte and the file's name."""


def no_home() -> StoreError:
    """Return the error for a person whose home directory nothing names: neither the environment nor the user database."""
    return StoreError(
        f"{_HOME} is not set, so there is no directory to keep sessions in",
        f"set {_HOME} to your home directory, or name another with --token-cache-dir",
        topic="cache-directory",
    )


_HOME = "USERPROFILE" if sys.platform == "win32" else "HOME"


def shown(base: Path) -> str:
    """Return a cache directory as it is named in a message.

    Args:
        base: The cache directory.
    """
    return f"a home directory ({_HOME} is not set)" if base == NOWHERE else sanitize(base)


def ensure_directory(base: Path, name: str = "") -> Path:
    """Return ``base/name``, made where it is missing, ours and writable by us alone.

    Args:
        base: The cache directory; the person may have made it, or a symlink to it.
        name: Our own directory in it; its mode is brought to 0700 where it is ours.

    Raises:
        StoreError: It cannot be made, or it belongs to somebody else, or others can write to it.
    """
    if base.is_relative_to(NOWHERE):
        raise no_home()
    try:
        _refuse_foreign_parent(base)
        _make(base)
        _check(base, base.stat())
        if not name:
            return base
        directory = base / name
        _make(directory)
        status = directory.lstat()
        _check(directory, status)
        if sys.platform != "win32" and stat.S_IMODE(status.st_mode) != OURS:
            directory.chmod(OURS)
    except OSError as error:
        raise StoreError(
            f"cannot use the directory {base / name}: {error.strerror or error}",
            "make it writable for you, or name another with --token-cache-dir",
            topic="cache-directory",
        ) from error
    return directory


def _make(directory: Path) -> None:
    """Make a directory and the missing ones above it, all of 0700, whatever the umask."""
    try:
        directory.mkdir(mode=OURS)
    except FileExistsError:
        return
    except FileNotFoundError:
        if directory.parent == directory:
            raise
        _make(directory.parent)
        directory.mkdir(mode=OURS, exist_ok=True)
    if sys.platform != "win32":
        directory.chmod(OURS)


def _refuse_foreign_parent(base: Path) -> None:
    """Refuse to leave root's files in another person's home (sudo keeps HOME on some systems)."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    for parent in (base, *base.parents):
        if parent.exists():
            if parent.stat().st_uid != 0:
                raise _refused(parent, "belongs to another user, and this process is root's")
            return


def _check(directory: Path, status: os.stat_result) -> None:
    if not stat.S_ISDIR(status.st_mode):
        raise _refused(directory, "is not a directory")
    if sys.platform == "win32":
        return  # modes say nothing there: who may use it stands in a list that it inherits
    if status.st_uid != os.geteuid():
        raise _refused(directory, "belongs to another user")
    if status.st_mode & 0o022:
        raise _refused(directory, "can be written by others")


def _refused(path: Path, why: str) -> StoreError:
    return StoreError(
        f"{path} {why}",
        "tokens rest only where nobody else can put or change files; make it yours alone (chmod 700), "
        "or name another directory with --token-cache-dir",
        topic="cache-directory",
    )


def write(directory: Path, name: str, content: bytes, *, lasting: bool = False) -> None:
    """Put ``content`` at ``directory/name``: afterwards the old file is there or the new one, whole.

    Args:
        directory: Our own directory.
        name: The file's name in it.
        content: What to write.
        lasting: Whether the new file must also survive a power failure, which costs one more fsync.

    Raises:
        StoreError: The disk is full, read-only or otherwise unwilling; the old file is untouched.
    """
    temporary = directory / f".{name}.{os.urandom(8).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(temporary, flags, 0o600)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
                if sys.platform != "win32":
                    os.fchmod(descriptor, 0o600)  # whatever the umask
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            patiently(lambda: temporary.replace(directory / name))
            if lasting:
                _flush(directory)
        except BaseException:
            patiently(lambda: temporary.unlink(missing_ok=True))
            raise
    except OSError as error:
        raise StoreError(
            f"cannot write {directory / name}: {error.strerror or error}",
            "free some space, make the directory writable, or choose another --token-cache-storage",
            topic="cache-directory",
        ) from error
    sweep(directory, name)


def _flush(directory: Path) -> None:
    """Write the directory's entries to the disk: a rename or removal is there after a power failure only then (fsync(2))."""
    if sys.platform == "win32":
        return  # a directory cannot be opened there
    with contextlib.suppress(OSError):  # some file systems have no such call; the rename itself is done
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sweep(directory: Path, name: str = "*") -> None:
    """Remove what killed writers of ``directory/name`` left behind: what is half written is no longer being written.

    Args:
        directory: Our own directory.
        name: The file's name; all of them by default.
    """
    pattern = f".{name if name == '*' else glob.escape(name)}.*"
    for left_behind in directory.glob(pattern):
        try:
            if abs(time() - left_behind.lstat().st_mtime) > WRITING_SECONDS:
                left_behind.unlink()
        except OSError:
            continue  # another has removed it


def read(directory: Path, name: str) -> bytes | None:
    """Return the content of ``directory/name``, or None when it is missing or not ours alone."""
    end = patience()
    while (content := read_private(os.fspath(directory), name, FILE_LIMIT)) is None and not end.passed():
        if refusal(directory, name) or not os.path.lexists(directory / name):
            break
        sleep(PAUSE)  # Windows: it is being replaced
    return content


def refusal(directory: Path, name: str) -> str:
    """Return why `read` does not take what stands at ``directory/name``, in words; empty where it does or nothing is there."""
    path = directory / name
    try:
        place, status = directory.stat(), path.lstat()
    except OSError:
        return ""
    faults = [
        (not stat.S_ISREG(status.st_mode), f"{path} is not a regular file"),
        (status.st_size > FILE_LIMIT, f"{path} is too long"),
    ]
    if sys.platform != "win32":
        ours = os.geteuid()
        faults = [
            (place.st_uid != ours, f"{directory} belongs to another user"),
            (bool(place.st_mode & 0o022), f"{directory} can be written by others"),
            *faults,
            (status.st_uid != ours, f"{path} belongs to another user"),
            (bool(status.st_mode & 0o077), f"{path} can be used by others"),
            (status.st_nlink != 1, f"{path} has a second name (a hard link)"),
        ]
    return next((why for fault, why in faults if fault), "")


def remove(directory: Path, name: str, *, lasting: bool = False) -> bool:
    """Remove ``directory/name``, with what killed writers of it left behind, and tell whether it was there.

    Args:
        directory: Our own directory.
        name: The file's name in it.
        lasting: Whether it must also be gone after a power failure, which costs one fsync.

    Raises:
        StoreError: It is there and stays there.
    """
    try:
        for left_behind in (*directory.glob(f".{glob.escape(name)}.*"), directory / name):
            patiently(partial(left_behind.unlink, missing_ok=left_behind.name != name))
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        return False
    except OSError as error:
        raise StoreError(
            f"cannot remove {directory / name}: {error.strerror or error}",
            "remove the file yourself",
            topic="cache-directory",
        ) from error
    if lasting:
        _flush(directory)
    return True


def names(directory: Path) -> list[str]:
    """Return the names of the files of ours in ``directory``, sorted; none where it is missing."""
    try:
        return sorted(entry.name for entry in os.scandir(directory) if not entry.name.startswith("."))
    except OSError:
        return []


def keep_newest(directory: Path, most: int) -> None:
    """Remove the oldest files of ours in ``directory``, and what killed writers left behind.

    Args:
        directory: Our own directory.
        most: How many files stay.
    """
    sweep(directory)
    found = names(directory)
    if len(found) <= most:
        return
    with contextlib.suppress(OSError):
        by_age = sorted(found, key=lambda name: (directory / name).stat().st_mtime)
        for name in by_age[: len(found) - most]:
            (directory / name).unlink(missing_ok=True)
