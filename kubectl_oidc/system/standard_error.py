"""Standard error, and whose terminal it is.

A terminal is a person's only while it is in line mode and our process group is in its foreground. Full-screen programs (k9s,
less) set raw mode and hand their terminal to the plugin; a background job shares its terminal with a shell. The plugin
writes nothing to a terminal that others use, because what it writes would spoil their screen.
"""

from __future__ import annotations

import contextlib
import os
import sys

TYPE_CHECKING = False  # a plugin that only waits does not import the module typing
if TYPE_CHECKING:
    from typing import TextIO


class State:
    """What this process does with its one standard error.

    Attributes:
        reading: Whether raw mode is our own, because we read keys.
        kept: What was not written: warnings that wait for a person, and words for a terminal that others use.
        spoken: Whether something was written that needs a person.
    """

    reading = False
    kept = ""
    spoken = False


class Screen:
    """Standard error for what is drawn by a thread: nothing is drawn while others use the terminal.

    Args:
        stream: Standard error.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text if a person is there."""
        return self._stream.write(text) if is_attended(self._stream) else len(text)

    def __getattr__(self, name: str) -> object:
        """Be the stream in everything else."""
        return getattr(self._stream, name)


def write(text: str) -> None:
    """Write to standard error what was kept back and then this; keep it back while others use the terminal.

    Args:
        text: With its line breaks; characters that the stream does not have become question marks.
    """
    if is_muted():
        State.kept += text
        return
    text, State.kept = State.kept + text, ""
    State.spoken = State.spoken or bool(text)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        encoding = getattr(sys.stderr, "encoding", None) or "ascii"
        sys.stderr.write(text.encode(encoding, "replace").decode(encoding, "replace"))
        sys.stderr.flush()


def is_muted() -> bool:
    """Tell whether nothing may be written to standard error: we are the plugin, and others use the terminal.

    Commands that a person types are never muted.
    """
    return is_plugin() and is_terminal(sys.stderr) and not is_attended(sys.stderr)


def is_plugin() -> bool:
    """Tell whether this is what clients run, not a command that a person typed."""
    return "get-token" in sys.argv[1:]


def is_terminal(stream: TextIO) -> bool:
    """Tell whether a standard stream is a terminal.

    Args:
        stream: ``sys.stdin``, ``sys.stdout`` or ``sys.stderr``; closed ones are None.
    """
    with contextlib.suppress(ValueError, AttributeError, OSError):
        # To Windows' isatty the null device is a terminal as well; Python reads a console by a class of its own (PEP 528).
        raw = getattr(stream.buffer, "raw", None) if sys.platform == "win32" else None
        return (raw is None or type(raw).__name__ == "_WindowsConsoleIO") and stream.isatty()
    return False


def is_attended(stream: TextIO) -> bool:
    """Tell whether a person is at a standard stream: a terminal in line mode, with our process group in the foreground.

    Args:
        stream: As in `is_terminal`.
    """
    if not is_terminal(stream):
        return False
    if sys.platform == "win32":
        return True
    import termios

    try:
        descriptor = stream.fileno()
        if not (State.reading or termios.tcgetattr(descriptor)[3] & termios.ICANON):
            return False
    except (OSError, ValueError, termios.error):  # the terminal has gone
        return False
    return in_foreground(descriptor)


def in_foreground(descriptor: int) -> bool:
    """Tell whether no other process group has the terminal; one that is not our controlling terminal tells nothing.

    Args:
        descriptor: The terminal.
    """
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:  # as in some containers
        return True
