"""Read a small secret file that a flag names."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from kubectl_oidc.errors import UsageError
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 65536
"""The most bytes that such a file may have."""


def read_secret_file(flag: str, path: Path, *, hint: str, topic: str) -> bytes:
    """Return the content of the file that ``flag`` names.

    Raises:
        UsageError: It cannot be read.
    """
    why = "it is not a regular file"  # reading a pipe without a writer would never end
    try:
        if stat.S_ISREG(path.stat().st_mode):
            with path.open("rb") as file:
                content = file.read(LIMIT + 1)
            if len(content) <= LIMIT:
                return content
            why = f"it has more than {LIMIT} bytes"
    except OSError as error:
        why = error.strerror or str(error)
    raise UsageError(f"{flag}: {sanitize(path)} cannot be read: {why}", hint, topic=topic)
