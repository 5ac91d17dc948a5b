"""Find what others may use in a cache directory, and take the permission from them."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from kubectl_oidc.fast_path.credential import CREDENTIALS_DIRECTORY

from . import failed_sign_ins, known_commands
from .stores import disk, index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DIRECTORIES = (
    *(disk.DIRECTORY, disk.UNWRITTEN, CREDENTIALS_DIRECTORY, index.DIRECTORY),
    *(known_commands.DIRECTORY, failed_sign_ins.DIRECTORY),
)


def loose_paths(cache_dir: Path) -> list[Path]:
    """Return the directories that others may write, and the files that they may use: `system.private_files` refuses both.

    Only what belongs to this user counts. Symbolic links are left alone.
    """
    return [path for path, loose in _ours(cache_dir) if loose]


def make_private(cache_dir: Path) -> None:
    """Take every permission of others from what `loose_paths` returns.

    Raises:
        OSError: A mode cannot be changed.
    """
    for path in loose_paths(cache_dir):
        path.chmod(stat.S_IMODE(path.lstat().st_mode) & 0o700)


def _ours(cache_dir: Path) -> Iterator[tuple[Path, bool]]:
    if sys.platform == "win32":
        return  # there the inherited access list counts, not the mode
    with suppress(OSError):
        status = cache_dir.stat()
        yield cache_dir, status.st_uid == os.geteuid() and bool(status.st_mode & 0o022)
    for name in _DIRECTORIES:
        for path in (cache_dir / name, *_files(cache_dir / name)):
            with suppress(OSError):
                status = path.lstat()
                mine = status.st_uid == os.geteuid() and not stat.S_ISLNK(status.st_mode)
                yield path, mine and bool(status.st_mode & (0o022 if stat.S_ISDIR(status.st_mode) else 0o077))


def _files(directory: Path) -> list[Path]:
    with suppress(OSError), os.scandir(directory) as entries:
        return [directory / entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    return []
