"""Find what others may use in a cache directory, and make it private again.

What others could only read is kept. What others could have written is removed: with private permissions it would be trusted.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from kubectl_oidc.fast_path import known_command
from kubectl_oidc.fast_path.credential import CREDENTIALS_DIRECTORY
from kubectl_oidc.oidc import metadata_cache

from . import failed_sign_ins
from .stores import disk, index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DIRECTORIES = (
    *(disk.DIRECTORY, disk.UNWRITTEN, CREDENTIALS_DIRECTORY, index.DIRECTORY),
    *(known_command.DIRECTORY, failed_sign_ins.DIRECTORY, metadata_cache.DIRECTORY),
)
_OTHERS, _OTHERS_WRITE, _OWNER = 0o077, 0o022, 0o700


def loose_paths(cache_dir: Path) -> list[Path]:
    """Return the directories that others may write, and the files that they may use: `system.private_files` refuses both.

    Only what belongs to this user counts. Symbolic links are left alone.
    """
    return [path for path, _ in _loose(cache_dir)]


def others_could_write(cache_dir: Path) -> bool:
    """Return whether one of `loose_paths` could be written by others, so that `make_private` removes something."""
    return any(mode & _OTHERS_WRITE for _, mode in _loose(cache_dir))


def _loose(cache_dir: Path) -> Iterator[tuple[Path, int]]:
    """Yield the paths with their modes."""
    if sys.platform == "win32":
        return  # there the inherited access list counts, not the mode
    with suppress(OSError):
        status = cache_dir.stat()
        if status.st_uid == os.geteuid() and status.st_mode & _OTHERS_WRITE:
            yield cache_dir, status.st_mode
    for name in _DIRECTORIES:
        for path in (cache_dir / name, *_files(cache_dir / name)):
            with suppress(OSError):
                status = path.lstat()
                counts = _OTHERS_WRITE if stat.S_ISDIR(status.st_mode) else _OTHERS
                if (
                    status.st_uid == os.geteuid()
                    and not stat.S_ISLNK(status.st_mode)
                    and status.st_mode & counts
                ):
                    yield path, status.st_mode


def _files(directory: Path) -> list[Path]:
    with suppress(OSError), os.scandir(directory) as entries:
        if directory.is_symlink():
            return []
        return [directory / entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    return []


if sys.platform == "win32":

    def make_private(_cache_dir: Path) -> None:
        """Change nothing: there the inherited access list counts, not the mode."""

else:

    def make_private(cache_dir: Path) -> None:
        """Take every permission of others from what `loose_paths` returns, and remove what others could have written.

        Removed are the files that others could write, and all content of the directories that they could write; if that is the
        cache directory, the content of all directories in it that have records. Directories are changed first. A symbolic
        link that replaces a file meanwhile is not followed.

        Raises:
            OSError: A mode cannot be changed, or a file cannot be removed. The directories have their old modes, so that the next
                call finds them too.
        """
        with ExitStack() as opened:
            changed: list[tuple[int, int]] = []
            base = _open_directory(opened, cache_dir)
            try:
                base_loose = _close_to_others(base, changed)
                for name in _DIRECTORIES:
                    with suppress(FileNotFoundError):
                        directory = _open_directory(opened, name, base)
                        loose = _close_to_others(directory, changed)
                        _mend_files(directory, remove=loose or base_loose)
            except BaseException:
                for directory, mode in changed:
                    os.fchmod(directory, mode)
                raise

    def _open_directory(opened: ExitStack, path: Path | str, base: int | None = None) -> int:
        """Return a descriptor of a directory. A symbolic link to one is followed only without ``base``.

        Raises:
            FileNotFoundError: There is no directory.
        """
        follow = 0 if base is None else os.O_NOFOLLOW
        try:
            directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | follow, dir_fd=base)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR}:
                raise FileNotFoundError(error.errno, error.strerror, path) from error
            raise
        opened.callback(os.close, directory)
        return directory

    def _close_to_others(directory: int, changed: list[tuple[int, int]]) -> bool:
        """Return whether others could write a directory of this user. If so, note its mode, and take all permissions from them."""
        status = os.fstat(directory)
        if status.st_uid != os.geteuid() or not status.st_mode & _OTHERS_WRITE:
            return False
        mode = stat.S_IMODE(status.st_mode)
        changed.append((directory, mode))
        os.fchmod(directory, mode & _OWNER)
        return True

    def _mend_files(directory: int, *, remove: bool) -> None:
        """Remove all content of a directory of this user; without ``remove``, only the files that others could write."""
        if os.fstat(directory).st_uid != os.geteuid():
            return
        for name in os.listdir(directory):
            with suppress(FileNotFoundError):  # another process has removed it
                mode = os.lstat(name, dir_fd=directory).st_mode
                if remove and stat.S_ISDIR(mode):
                    shutil.rmtree(name, dir_fd=directory)
                elif remove or _is_to_remove(directory, name, mode):
                    os.unlink(name, dir_fd=directory)

    def _is_to_remove(directory: int, name: str, mode: int) -> bool:
        """Return whether others could write a file. If they could only use it otherwise, take the permission from them."""
        if not stat.S_ISREG(mode) or not mode & _OTHERS:
            return False
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
                return False
            if status.st_mode & _OTHERS_WRITE:
                return True
            os.fchmod(file, stat.S_IMODE(status.st_mode) & _OWNER)
            return False
        finally:
            os.close(file)
