"""Standard output: open even if it was closed, able to encode every character, and it records why a write failed."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress

TYPE_CHECKING = False  # a plugin that only waits for another one does not import the module typing
if TYPE_CHECKING:
    from typing import Any


SIGPIPE_STATUS = 128 + 13
"""The exit status of a program whose output nobody reads any more, as a shell shows it."""


def open_descriptors() -> None:
    """Open the null device for each of standard input, output and error that is closed.

    Otherwise a file or socket that is opened later would get that number, and the token would be written into it. The null device
    is opened for reading only, so a write fails as on a closed descriptor.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # takes the lowest free number: this one


class _Output(io.FileIO):
    """Standard output that records why a write failed."""

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            self.failure = error
            raise


_outputs: list[_Output] = []


def make_lenient() -> None:
    """Make standard output and standard error accept every character.

    A file or a pipe gets UTF-8, for any encoding of the console: JSON of the log is for programs too (RFC 8259 §8.1). A terminal
    shows a question mark for characters that it lacks.
    """
    if isinstance(sys.stderr, io.TextIOWrapper) and not os.isatty(2):
        sys.stderr.reconfigure(encoding="utf-8")
    if sys.stdout is not None and os.isatty(1):
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
        return
    if sys.stdout is not None:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
    _outputs.append(_Output(1, "w", closefd=False))
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(_outputs[-1]), encoding="utf-8", errors="replace")


def failure() -> OSError | None:
    """Return why standard output could not be written, or None."""
    return _outputs[-1].failure if _outputs else None


def flush() -> OSError | None:
    """Flush standard output and standard error. Return why standard output could not be written, or None."""
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            # Python would report it again at exit; let it write to the null device.
            null = os.open(os.devnull, os.O_WRONLY)
            if null != descriptor:  # equal if the descriptor was closed
                os.dup2(null, descriptor)
                os.close(null)
    return failure()


def ends_quietly(error: OSError) -> bool:
    """Return whether a command ends without an error: a person's command whose reader has gone, as in ``status | head -1``.

    A client that does not get its credential must read why.
    """
    return error.errno == errno.EPIPE and sys.argv[1:2] != ["get-token"]
