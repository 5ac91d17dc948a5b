"""Replace a file in one step: written next to it, flushed to the disk, renamed over it.

After a crash the old file or the new one is there, complete. If no rename is possible, the complete new content is in a backup.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.system.files_in_use import patiently
from kubectl_oidc.system.flush import flush_directory, flush_file
from kubectl_oidc.text import sanitize

from .backup import free_name
from .file_checks import give_owner_and_mode

if TYPE_CHECKING:
    from typing import Self


class KubeconfigChanged(KubeconfigError):
    """Another program, such as an editor, has changed a kubeconfig since it was read."""


def replace_file(target: Path, content: bytes, before: os.stat_result | None) -> None:
    """Replace ``target`` with ``content``, completely or not at all."""
    with Replacement(target) as new:
        new.put(content, before)


class Replacement:
    """A file that will replace ``target``: created, with room on the disk, before its content is known.

    Args:
        target: The file; not a symbolic link.
        room: Bytes that must fit on the disk.

    Raises:
        OSError: No file of this size can be created there.
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
        """Replace the target with ``content``, completely or not at all.

        If the file cannot be renamed over the target (a mounted file, another owner's, a directory with the sticky bit), the target
        is overwritten, as kubectl does. Until that is done, the complete content is in a backup.

        Args:
            before: The target's status when it was read; None if it did not exist.

        Raises:
            KubeconfigChanged: Another program has changed the target since.
            KubeconfigError: It was overwritten only in part; the error names the backup.
            OSError: Nothing was written.
        """
        self._file.seek(0)
        self._file.truncate()
        self._file.write(content)
        in_place = before is not None and not self._copy_attributes(before)
        self._flush()
        if before is not None:
            os.utime(self._path)
            _check_unchanged(self._target, before)
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
        flush_directory(self._target.parent)

    def _copy_attributes(self, before: os.stat_result) -> bool:
        """Copy the target's owner, mode and, on Linux, extended attributes to the new file; return whether that is allowed."""
        try:
            shutil.copystat(self._target, self._path)
            give_owner_and_mode(self._file.fileno(), before, mode=stat.S_IMODE(before.st_mode))
        except PermissionError:
            return False
        return True

    def _overwrite(self, content: bytes) -> None:
        descriptor = os.open(self._target, os.O_WRONLY | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(descriptor, "wb") as file:
            if sys.platform != "win32":
                self._path.chmod(0o600)
            backup = self._path.rename(free_name(self._target))
            flush_directory(self._target.parent)
            try:
                file.write(content)
                file.truncate()
                file.flush()
                flush_file(file.fileno())
            except OSError as error:
                raise KubeconfigError(
                    f"the kubeconfig {sanitize(self._target)} was not written completely: {error.strerror or error}",
                    f"copy the complete file over it: {sanitize(backup)}",
                ) from error
        backup.unlink()

    def close(self) -> None:
        """Remove the new file if it was not used."""
        with suppress(OSError):
            self._file.close()
        patiently(lambda: self._path.unlink(missing_ok=True))

    def _flush(self) -> None:
        self._file.flush()
        flush_file(self._file.fileno())


def _check_unchanged(target: Path, before: os.stat_result) -> None:
    """Raise if a program without the lock, such as an editor, has changed the file meanwhile."""
    now = target.stat()
    if (now.st_ino, now.st_size, now.st_mtime_ns) != (before.st_ino, before.st_size, before.st_mtime_ns):
        raise KubeconfigChanged(
            f"the kubeconfig {sanitize(target)} was changed by another program just now",
            "run the command again",
        )
