"""Standard streams that take nothing."""

from __future__ import annotations

import io


def closed() -> io.TextIOBase:
    """Return a stream that is closed."""
    stream = io.StringIO()
    stream.close()
    return stream


class Full(io.StringIO):
    """A stream on a disk without space."""

    def write(self, _: str, /) -> int:
        """Fail as a full disk does."""
        raise OSError(28, "No space left on device")
