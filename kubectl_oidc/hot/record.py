"""Small records of ours: read where nobody else can have written them, and whole or not at all.

A record is a line that names its format, a line with the digest of the rest, and the rest. The digest is BLAKE2b
(RFC 7693), 16 bytes; it guards against what is damaged, not against an owner who forges.
"""

import os
import sys

try:
    # Built into the interpreter or a tiny extension; hashlib would load OpenSSL, at a third of our budget.
    from _blake2 import blake2b
except ImportError:  # pragma: no cover - an interpreter without it
    from hashlib import blake2b

WINDOWS = sys.platform == "win32"
_FLAGS = os.O_RDONLY | (
    getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_REGULAR, _TYPE, _OTHERS, _OTHERS_WRITE = 0o100000, 0o170000, 0o077, 0o022


def hexdigest(content: bytes) -> str:
    """Return the digest of ``content`` as 32 hexadecimal digits."""
    digest: str = blake2b(content, digest_size=16).hexdigest()
    return digest


def seal(form: bytes, body: bytes) -> bytes:
    """Return the record of ``body``.

    Args:
        form: The format's name and version, without a line break.
        body: Any bytes.
    """
    return b"%s\n%s\n%s" % (form, hexdigest(body).encode(), body)


def unseal(form: bytes, record: bytes) -> bytes | None:
    """Return what is sealed in ``record``, or None when it is not whole or of another format.

    Args:
        form: The format's name and version.
        record: What was read.
    """
    head, _, rest = record.partition(b"\n")
    check, _, body = rest.partition(b"\n")
    return body if head == form and hexdigest(body).encode() == check else None


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
