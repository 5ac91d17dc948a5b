"""Flush files and directories to disk, so that they survive a power failure."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def flush_file(descriptor: int) -> None:
    """Flush an open file to disk. On macOS, fsync(2) leaves it in the disk's own memory, which F_FULLFSYNC empties (fcntl(2))."""
    if sys.platform == "darwin":
        import fcntl

        with contextlib.suppress(OSError, AttributeError):  # a file server, or a build of Python, may lack it
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)


def flush_directory(directory: Path) -> None:
    """Flush a directory to disk: otherwise a power failure can undo a rename or removal (fsync(2))."""
    if sys.platform == "win32":
        return  # a directory cannot be opened there
    with contextlib.suppress(OSError):  # some file systems cannot do this; the rename itself is done
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            flush_file(descriptor)
        finally:
            os.close(descriptor)
