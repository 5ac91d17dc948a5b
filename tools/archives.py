"""Archives whose bytes depend only on what is in them: entries in order, one time, no owner."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import shutil
import subprocess
import tarfile
import zipfile
from typing import TYPE_CHECKING

from tools import lock_files

if TYPE_CHECKING:
    from pathlib import Path

EARLIEST = 315532800
"""1980-01-01, the earliest time that a zip archive can hold, in seconds since 1970."""


def time_of_entries() -> int:
    """Return SOURCE_DATE_EPOCH, else the time of this checkout's commit, else 1980, in seconds since 1970.

    Raises:
        ValueError: SOURCE_DATE_EPOCH is not an integer.
    """
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        return max(int(epoch), EARLIEST)
    git = shutil.which("git")
    if git is None or not (lock_files.ROOT / ".git").exists():
        return EARLIEST
    command = [git, "log", "-1", "--format=%ct"]
    done = subprocess.run(command, cwd=lock_files.ROOT, capture_output=True, text=True, check=True)
    return max(int(done.stdout), EARLIEST)


def write(directory: Path, archive: Path, *, time: int) -> None:
    """Pack a directory, whose name every entry begins with.

    Files that their owner may execute get mode 755, other files 644.

    Args:
        directory: The directory. It has no links.
        archive: Where the archive goes. A name that ends in ``.zip`` makes it a zip archive, any other a ``.tar.gz``.
        time: The modification time of every entry, in seconds since 1970.
    """
    paths = sorted(
        [directory, *directory.rglob("*")], key=lambda path: path.relative_to(directory).as_posix()
    )
    if archive.suffix == ".zip":
        _write_zip(directory.parent, paths, archive, time)
    else:
        _write_tar(directory.parent, paths, archive, time)


def _write_tar(parent: Path, paths: list[Path], archive: Path, time: int) -> None:
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=9, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in paths:
            entry = tarfile.TarInfo(path.relative_to(parent).as_posix())
            entry.mtime, entry.mode = time, _mode(path)
            if path.is_dir():
                entry.type = tarfile.DIRTYPE
                tar.addfile(entry)
            else:
                entry.size = path.stat().st_size
                with path.open("rb") as content:
                    tar.addfile(entry, content)


def _write_zip(parent: Path, paths: list[Path], archive: Path, time: int) -> None:
    moment = dt.datetime.fromtimestamp(time, dt.UTC).timetuple()[:6]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in paths:
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(parent).as_posix(), moment)
                entry.create_system, entry.external_attr = 3, _mode(path) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, path.read_bytes())


def _mode(path: Path) -> int:
    return 0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644
