"""A small file that a flag names, with something secret in it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from kubectl_oidc.errors import UsageError
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from pathlib import Path

_LIMIT = 65536
"""The most bytes that are read."""


def read(flag: str, path: Path, *, hint: str, topic: str) -> bytes:
    """Return what a file holds.

    Args:
        flag: The flag that names it, for the error.
        path: The file.
        hint: The error's hint.
        topic: The error's heading in docs/troubleshooting.md.

    Raises:
        UsageError: It cannot be read.
    """
    why = "it is not a regular file"  # a pipe that nobody writes to would hang us
    try:
        if stat.S_ISREG(path.stat().st_mode):
            with path.open("rb") as file:
                return file.read(_LIMIT)
    except OSError as error:
        why = error.strerror or str(error)
    raise UsageError(f"{flag}: {sanitize(path)} cannot be read: {why}", hint, topic=topic)
