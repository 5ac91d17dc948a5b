"""Read what the user types, from the controlling terminal. Standard input is read only if the client allows it.

kubectl gives its standard input to the plugin if ``spec.interactive`` in KUBERNETES_EXEC_INFO is true. Otherwise standard
input may be a manifest that kubectl reads later. Nothing is read if the user does not see standard error (see
``standard_error``): a full-screen program such as k9s owns the screen and the keys then. In a shell's background, reading
would stop the process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from time import sleep
from typing import TYPE_CHECKING

from kubectl_oidc.errors import SignInError, SignInTimeout
from kubectl_oidc.exec_credential import ExecInfo
from kubectl_oidc.system.signals import Interrupted

from .standard_error import in_foreground

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .deadline import Deadline
    from .terminal import Terminal

SLICE = 0.2
"""The longest single wait for a key, in seconds."""

LONGEST = 65536
"""The longest line, in bytes. A pasted URL may have several thousand."""


class Keyboard:
    """Read the keys of one terminal as they are typed.

    The terminal's own line editing is not used: it cuts lines after 4,096 bytes (1,024 on macOS), and a pasted URL may be
    longer.

    Args:
        descriptor: The terminal to read from.
        terminal: Where prompts and echo are written.
    """

    def __init__(self, descriptor: int, terminal: Terminal) -> None:
        self._descriptor = descriptor
        self._terminal = terminal
        self._line = bytearray()
        self._may_read: Callable[[], bool] = lambda: True

    def ask(self, words: str, deadline: Deadline, *, shown: bool = False) -> str:
        """Write a prompt, and return the line that the user types.

        Raises:
            SignInTimeout: No line was typed before the deadline.
            SignInError: The line is empty.
        """
        with self.reading(words):
            try:
                while not deadline.passed():
                    line = self.poll(min(SLICE, deadline.left()), shown=shown)
                    if line == "":
                        raise SignInError("nothing was typed", "run it again and type it")
                    if line is not None:
                        return line
            finally:
                self._terminal.prompt("\n")
        raise SignInTimeout(
            "nobody typed what was asked for in time",
            "try again; for more time, raise --authentication-timeout-sec",
        )

    @contextlib.contextmanager
    def reading(self, words: str = "") -> Iterator[None]:
        """Make the terminal return each key at once, without echo, while the block runs.

        Args:
            words: The prompt. When the process continues after Ctrl-Z, it is shown again and typed characters are dropped.
        """

        def begin() -> None:
            self._line.clear()
            self._terminal.prompt(words)

        with self._terminal.reading_keys(), hidden_keys(self._descriptor, begin) as self._may_read:
            begin()
            yield

    def poll(self, seconds: float, *, shown: bool = False) -> str | None:
        """Return the line if it is complete, without its end; otherwise None.

        Raises:
            SignInError: The line is not UTF-8.
        """
        for key in _keys(self._descriptor, seconds, self._may_read):
            if key in b"\r\n\x04":
                line, self._line = bytes(self._line), bytearray()
                try:
                    return line.decode().strip("\r\n")
                except UnicodeDecodeError:
                    raise SignInError("what was typed is not UTF-8", "set the terminal to UTF-8") from None
            self._edit(key, shown=shown)
        return None

    def _edit(self, key: int, *, shown: bool) -> None:
        """Apply one key to the line."""
        if key in b"\x7f\x08":
            while self._line and self._line[-1] & 0xC0 == 0x80:  # noqa: PLR2004 - UTF-8's later bytes
                self._line.pop()
            if self._line:
                self._line.pop()
                if shown:
                    self._terminal.prompt("\b \b")
        elif key == 0x15:  # noqa: PLR2004 - Ctrl-U
            if shown:
                self._terminal.prompt("\b \b" * len(self._line.decode(errors="replace")))
            self._line.clear()
        elif key >= 0x20 and len(self._line) < LONGEST:  # noqa: PLR2004 - no control character
            self._line.append(key)
            if shown:
                self._echo()

    def _echo(self) -> None:
        """Write the last character, once all its bytes have arrived."""
        for length in range(1, 5):
            with contextlib.suppress(UnicodeDecodeError):
                self._terminal.prompt(self._line[-length:].decode())
                return
            if self._line[-length:][0] & 0xC0 != 0x80:  # noqa: PLR2004 - UTF-8's first byte
                return


@contextlib.contextmanager
def keyboard(terminal: Terminal, environ: Mapping[str, str]) -> Iterator[Keyboard | None]:
    """Yield the user's keyboard, or None if nobody can be asked.

    Args:
        environ: KUBERNETES_EXEC_INFO in it tells whether the plugin may read standard input.
    """
    descriptor = _open_terminal(terminal, environ)
    if descriptor is None:
        yield None
        return
    try:
        yield Keyboard(descriptor, terminal)
    finally:
        if descriptor > 2:  # noqa: PLR2004 - not one of the standard ones
            os.close(descriptor)


def no_terminal(what: str, instead: str) -> SignInError:
    """Return the error for input that is needed and cannot be typed without a terminal."""
    return SignInError(
        f"{what}, but there is no terminal to type it at",
        f"run it in the foreground of a terminal, or {instead}",
        topic="no-terminal",
    )


if sys.platform == "win32":
    import msvcrt

    def _open_terminal(terminal: Terminal, _environ: Mapping[str, str]) -> int | None:
        return 0 if terminal.interactive else None

    @contextlib.contextmanager
    def hidden_keys(_descriptor: int, _resumed: Callable[[], None]) -> Iterator[Callable[[], bool]]:
        """Do nothing: the console returns each key at once, without echo."""
        yield lambda: True

    def _keys(_descriptor: int, seconds: float, _may_read: Callable[[], bool]) -> Iterator[int]:
        if not msvcrt.kbhit():
            sleep(min(seconds, 0.05))
        while msvcrt.kbhit():
            key = msvcrt.getwch()
            if key == "\x03":
                raise Interrupted(signal.SIGINT)  # while keys are read, the console returns Ctrl-C as a key
            if key in "\x00\xe0" and _other_half_waits():  # an arrow or function key, in two parts
                msvcrt.getwch()
                continue
            if "\ud800" <= key <= "\udbff":  # UTF-16's first half of a character
                key += msvcrt.getwch()
            yield from key.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()

    def _other_half_waits() -> bool:
        """Return whether the second half of a special key waits. If not, the user has typed this character: U+00E0 is à.

        The C library stores the second half in its buffer for ungetch, which has room for one character.
        """
        try:
            msvcrt.ungetwch(" ")
        except OSError:
            return True
        msvcrt.getwch()
        return False

else:
    import select

    from .hidden_input import hidden_keys

    def _keys(descriptor: int, seconds: float, may_read: Callable[[], bool]) -> Iterator[int]:
        if not may_read():
            sleep(seconds)
            return
        ready, _, _ = select.select([descriptor], [], [], seconds)
        # One by one: keys after the end of the line belong to the next reader.
        while ready and may_read():  # the process may have been stopped meanwhile
            key = b""
            with contextlib.suppress(OSError):  # the terminal has gone
                key = os.read(descriptor, 1)
            if not key:  # likewise, or Ctrl-Z discarded what was typed
                sleep(seconds)
                return
            yield key[0]
            ready, _, _ = select.select([descriptor], [], [], 0)

    def _open_terminal(terminal: Terminal, environ: Mapping[str, str]) -> int | None:
        """Return the controlling terminal, else standard input if it is a terminal and the client allows to read it."""
        if not terminal.interactive:
            return None
        with contextlib.suppress(OSError):
            descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
            if in_foreground(descriptor):
                return descriptor
            os.close(descriptor)  # in the background: reading would stop the process
            return None
        # No controlling terminal, as in some containers.
        interactive = ExecInfo.parse(environ.get("KUBERNETES_EXEC_INFO")).interactive
        return 0 if interactive and os.isatty(0) else None
