"""Write to standard error, but not to a terminal that another program uses.

The user sees what we write only while the terminal is in line mode and our process group is in its foreground. Full-screen
programs (k9s, less) set raw mode and pass their terminal to the plugin; a background job shares its terminal with the
shell. Output of the plugin would spoil their screens.
"""

from __future__ import annotations

import contextlib
import os
import sys

TYPE_CHECKING = False  # a plugin that only waits does not import the module typing
if TYPE_CHECKING:
    from typing import TextIO


class State:
    """The state of this process's standard error.

    Attributes:
        reading: Whether this process itself has set raw mode, to read keys.
        kept: Text that was not written yet: warnings that wait for the user, and text for a terminal that others use.
        spoken: Whether something was written for the user.
    """

    reading = False
    kept = ""
    spoken = False


class Screen:
    """Standard error for a thread that draws: it writes nothing while another program uses the terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text if the user sees the terminal."""
        return self._stream.write(text) if is_attended(self._stream) else len(text)

    def __getattr__(self, name: str) -> object:
        """Return the stream's own attribute."""
        return getattr(self._stream, name)


def write(text: str) -> None:
    """Write the kept text and then this text to standard error. Keep both while another program uses the terminal.

    Characters that the stream's encoding does not have become question marks.
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
    """Return whether nothing may be written to standard error: this is the plugin, and another program uses the terminal.

    Commands that a user types are never muted.
    """
    return is_plugin() and is_terminal(sys.stderr) and not is_attended(sys.stderr)


def is_plugin() -> bool:
    """Return whether a client runs this process (get-token), not a user."""
    return "get-token" in sys.argv[1:]


def is_terminal(stream: TextIO) -> bool:
    """Return whether a standard stream is a terminal. A closed one, which is None, is not."""
    with contextlib.suppress(ValueError, AttributeError, OSError):
        # Windows' isatty is true for the null device too. Python uses a separate class for consoles (PEP 528).
        raw = getattr(stream.buffer, "raw", None) if sys.platform == "win32" else None
        return (raw is None or type(raw).__name__ == "_WindowsConsoleIO") and stream.isatty()
    return False


def is_attended(stream: TextIO) -> bool:
    """Return whether the user sees a standard stream: a terminal in line mode, with our process group in its foreground."""
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
    """Return whether no other process group has the terminal. True for a terminal that is not our controlling one."""
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:  # as in some containers
        return True
