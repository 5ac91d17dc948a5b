"""Private files: mode 0600 in directories of mode 0700, replaced in one step.

A symlink, a FIFO, a file with a second hard link or another user's file is refused, and not changed.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from functools import partial
from pathlib import Path
from time import sleep, time

from kubectl_oidc.errors import StoreError
from kubectl_oidc.fast_path.credential import read_private
from kubectl_oidc.text import sanitize

from .files_in_use import PAUSE, explain, patience, patiently
from .flush import flush_directory, flush_file

FILE_LIMIT = 4 << 20  # bytes
_DIRECTORY_MODE = 0o700
NO_HOME_DIRECTORY = Path(os.devnull, "kubectl-oidc")
"""The default without a home directory. Even root cannot create it."""
WRITING_SECONDS = 60  # the longest time from a temporary file's first byte to its final name


def no_home() -> StoreError:
    """Return the error for a user without a home directory in the environment and the user database."""
    return StoreError(
        f"{_HOME} is not set, so there is no directory for sessions",
        f"set {_HOME} to your home directory, or give another with --token-cache-dir",
        topic="cache-directory",
    )


_HOME = "USERPROFILE" if sys.platform == "win32" else "HOME"


def shown_directory(base: Path) -> str:
    """Return a cache directory's name for a message."""
    return f"a home directory ({_HOME} is not set)" if base == NO_HOME_DIRECTORY else sanitize(base)


def ensure_directory(base: Path, name: str = "") -> Path:
    """Return the directory ``base/name``, with mode 0700. Create it if it is missing.

    The user may have created the cache directory ``base``, or a symlink to it.

    Raises:
        StoreError: It cannot be created, belongs to another user, or others can write to it.
    """
    if base.is_relative_to(NO_HOME_DIRECTORY):
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
        if sys.platform != "win32" and stat.S_IMODE(status.st_mode) != _DIRECTORY_MODE:
            directory.chmod(_DIRECTORY_MODE)
    except OSError as error:
        raise StoreError(
            f"cannot use the directory {base / name}: {error.strerror or error}",
            "make it writable for you, or give another with --token-cache-dir",
            topic="cache-directory",
        ) from error
    return directory


def _make(directory: Path) -> None:
    """Create a directory and missing parents with mode 0700, whatever the umask."""
    try:
        directory.mkdir(mode=_DIRECTORY_MODE)
    except FileExistsError:
        return
    except FileNotFoundError:
        if directory.parent == directory:
            raise
        _make(directory.parent)
        directory.mkdir(mode=_DIRECTORY_MODE, exist_ok=True)
    if sys.platform != "win32":
        directory.chmod(_DIRECTORY_MODE)


def _refuse_foreign_parent(base: Path) -> None:
    """Refuse to create root's files in another user's home (sudo keeps HOME on some systems)."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    for parent in (base, *base.parents):
        if parent.exists():
            if parent.stat().st_uid != 0:
                raise _refused(parent, "belongs to another user, but this process runs as root")
            return


def _check(directory: Path, status: os.stat_result) -> None:
    if not stat.S_ISDIR(status.st_mode):
        raise _refused(directory, "is not a directory", "remove it")
    if sys.platform == "win32":
        return  # there the inherited access list counts, not the mode
    if status.st_uid != os.geteuid():
        raise _refused(directory, "belongs to another user")
    if status.st_mode & 0o022:
        raise _refused(directory, "can be written by others")


def _refused(
    path: Path, why: str, change: str = "make it accessible only to you (`chmod 700`)"
) -> StoreError:
    return StoreError(
        f"{path} {why}",
        f"{change}, or give another directory with --token-cache-dir",
        topic="cache-directory",
    )


def write_private_file(directory: Path, name: str, content: bytes, *, lasting: bool = False) -> None:
    """Replace ``directory/name`` in one step: after an error or a crash the old or the new file is there, complete.

    With ``lasting``, the new file also survives a power failure, for two calls of fsync. Without it the file may be empty or
    damaged after one, which its reader must take for a missing file.

    Raises:
        StoreError: The disk is full, read-only or fails. The old file is unchanged.
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
                if lasting:
                    flush_file(descriptor)
            patiently(lambda: temporary.replace(directory / name))
            if lasting:
                flush_directory(directory)
        except BaseException:
            patiently(lambda: temporary.unlink(missing_ok=True))
            raise
    except OSError as error:
        words, hint = explain(
            error, "free some space, make the directory writable, or choose another --token-cache-storage"
        )
        raise StoreError(
            f"cannot write {directory / name}: {words}", hint, topic="cache-directory"
        ) from error
    sweep(directory, name)


def sweep(directory: Path, name: str = "") -> None:
    """Remove old temporary files of ``directory/name``, which killed writers have left; by default of all files."""
    for leftover in _temporary_files(directory, name):
        with contextlib.suppress(OSError):  # another process has removed it
            if abs(time() - leftover.lstat().st_mtime) > WRITING_SECONDS:
                leftover.unlink()


def _temporary_files(directory: Path, name: str) -> list[Path]:
    """Return the temporary files of ``directory/name``, or of all files if the name is empty."""
    start = f".{name}." if name else "."
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(directory) as entries:
        return [directory / entry.name for entry in entries if entry.name.startswith(start)]
    return []


def read_private_file(directory: Path, name: str) -> bytes | None:
    """Return the content of ``directory/name``, or None if it is missing or not private."""
    end = patience()
    while (content := read_private(os.fspath(directory), name, FILE_LIMIT)) is None and not end.passed():
        if reason_not_private(directory, name) or not os.path.lexists(directory / name):
            break
        sleep(PAUSE)  # Windows: it is being replaced
    return content


def reason_not_private(directory: Path, name: str) -> str:
    """Return why `read_private_file` refuses ``directory/name``, for a message; empty if it accepts the file, or there is none."""
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


def remove_private_file(directory: Path, name: str, *, lasting: bool = False) -> bool:
    """Remove ``directory/name`` and its temporary files. Return whether it existed.

    With ``lasting``, a power failure cannot undo the removal. This costs one fsync.

    Raises:
        StoreError: The file cannot be removed.
    """
    try:
        for path in (*_temporary_files(directory, name), directory / name):
            patiently(partial(path.unlink, missing_ok=path.name != name))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        words, hint = explain(error, "remove the file yourself")
        raise StoreError(
            f"cannot remove {directory / name}: {words}", hint, topic="cache-directory"
        ) from error
    if lasting:
        flush_directory(directory)
    return True


def private_file_names(directory: Path) -> list[str]:
    """Return the sorted names of the files in ``directory``, without temporary ones; none if it does not exist."""
    try:
        return sorted(entry.name for entry in os.scandir(directory) if not entry.name.startswith("."))
    except OSError:
        return []


def keep_newest(directory: Path, most: int) -> None:
    """Remove the oldest files in ``directory`` until ``most`` are left, and old temporary files."""
    sweep(directory)
    with contextlib.suppress(OSError):
        files = [directory / name for name in private_file_names(directory)]
        for file in sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)[most:]:
            file.unlink(missing_ok=True)
