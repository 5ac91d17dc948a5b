"""Back up a kubeconfig before it changes: a copy next to it. Only the newest copies are kept."""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from kubectl_oidc.system.flush import flush_file

from .file_checks import give_owner_and_mode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BACKUPS = 3
"""How many copies of a kubeconfig are kept."""


@contextmanager
def backed_up(target: Path, status: os.stat_result) -> Iterator[Path]:
    """Copy the file next to itself, readable only by its owner, before the block changes it; then keep the newest `BACKUPS` copies.

    If the block fails and the file is as it was, the copy is removed again.

    Raises:
        OSError: The copy failed; no older copy was removed.
    """
    backup = _copy(target, status)
    try:
        yield backup
    except BaseException:
        with suppress(OSError):
            if backup.read_bytes() == target.read_bytes():
                backup.unlink()
        raise
    _remove_older(target, backup)


def _remove_older(target: Path, backup: Path) -> None:
    """Keep only the newest `BACKUPS` copies of a file, among them ``backup``."""
    names = re.compile(re.escape(target.name) + r"\.backup-(\d{8}T\d{6})(?:-(\d{1,2}))?")
    found = [
        (match[1], int(match[2] or 0), path)
        for path in target.parent.iterdir()
        if (match := names.fullmatch(path.name)) and path != backup and stat.S_ISREG(path.lstat().st_mode)
    ]
    for _, _, path in sorted(found)[: max(0, len(found) - BACKUPS + 1)]:
        with suppress(OSError):
            path.unlink()


def _copy(target: Path, status: os.stat_result) -> Path:
    """Copy the file next to itself under a free name."""
    for backup in _backup_names(target):
        try:
            descriptor = os.open(backup, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        try:
            with os.fdopen(descriptor, "wb") as copy:
                copy.write(target.read_bytes())
                give_owner_and_mode(copy.fileno(), status, mode=0o600)
                copy.flush()
                flush_file(copy.fileno())
        except BaseException:
            backup.unlink(missing_ok=True)
            raise
        return backup
    raise FileExistsError(17, "no free name for the backup", str(target))


def _backup_names(target: Path) -> Iterator[Path]:
    stamp = time.strftime("%Y%m%dT%H%M%S", time.localtime())
    for number in range(100):
        yield target.with_name(f"{target.name}.backup-{stamp}{f'-{number}' if number else ''}")


def free_name(target: Path) -> Path:
    """Return a name for a backup that no file has."""
    return next(name for name in _backup_names(target) if not os.path.lexists(name))
