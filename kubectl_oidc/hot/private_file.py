"""Read a file of ours, and only ours: a regular file, one link, our owner, our eyes only."""

import os
import sys

WINDOWS = sys.platform == "win32"
_FLAGS = os.O_RDONLY | (
    getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_REGULAR, _TYPE, _OTHERS, _OTHERS_WRITE = 0o100000, 0o170000, 0o077, 0o022


def read_private(directory: str, name: str, limit: int) -> bytes | None:
    """Return the content of ``directory/name``, or None when it is missing, too long or not ours alone.

    A symlink, a FIFO, a second hard link, a foreign owner, a mode that others can use, and a directory that others
    can write are all refused: what somebody else could have put there is not believed.

    Args:
        directory: The directory, which must be ours and writable by us alone.
        name: The file's name in it.
        limit: The longest content that is read, in bytes.
    """
    try:
        if not WINDOWS:
            place = os.stat(directory)  # noqa: PTH116
            if place.st_uid != os.geteuid() or place.st_mode & _OTHERS_WRITE:
                return None
        descriptor = os.open(f"{directory}/{name}", _FLAGS)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(descriptor)
        if status.st_mode & _TYPE != _REGULAR or status.st_size > limit:
            return None
        if not WINDOWS and (
            status.st_uid != os.geteuid() or status.st_mode & _OTHERS or status.st_nlink != 1
        ):
            return None
        return os.read(descriptor, limit)
    except OSError:
        return None
    finally:
        os.close(descriptor)
