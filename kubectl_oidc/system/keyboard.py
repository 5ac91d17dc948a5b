"""What a person types: at the controlling terminal, and on standard input only if the client says that it is theirs.

kubectl gives standard input to the plugin where ``spec.interactive`` in KUBERNETES_EXEC_INFO says so; otherwise it may be a
manifest that kubectl itself is about to read. Nothing is asked if standard error is not a person's terminal (see
``standard_error``): a full-screen program such as k9s owns the screen and the keys then. In the background of a shell no key is
read, because reading would stop us.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from time import sleep
from typing import TYPE_CHECKING

from kubectl_oidc.errors import Interrupted, SignInError, SignInTimeout
from kubectl_oidc.exec_credential import ExecInfo

from .standard_error import in_foreground

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .deadline import Deadline
    from .terminal import Terminal

SLICE = 0.2
"""Seconds of waiting for a key at once."""

LONGEST = 65536
"""Bytes of a line; an address that is pasted may have some thousand."""


class Keyboard:
    """The keys of one terminal, read as they are typed.

    The terminal's own line editing is not used: it cuts lines after 4,096 bytes (1,024 on macOS), and an address that is
    pasted may be longer.

    Args:
        descriptor: The terminal.
        terminal: Where the person sees something.
    """

    def __init__(self, descriptor: int, terminal: Terminal) -> None:
        self._descriptor = descriptor
        self._terminal = terminal
        self._line = bytearray()
        self._ours: Callable[[], bool] = lambda: True

    def ask(self, words: str, deadline: Deadline, *, shown: bool = False) -> str:
        """Return the line that is typed after these words.

        Args:
            words: What stands before it.
            deadline: When nobody is awaited any longer.
            shown: Whether what is typed is seen.

        Raises:
            SignInTimeout: Nobody typed a line in time.
            SignInError: What was typed is nothing.
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
            "try again; --authentication-timeout-sec sets the time",
        )

    @contextlib.contextmanager
    def reading(self, words: str = "") -> Iterator[None]:
        """Have the terminal give each key at once, and not show it, while the block runs.

        Args:
            words: What stands before the keys; shown again when the process goes on after Ctrl-Z, and what was typed is forgotten.
        """

        def begin() -> None:
            self._line.clear()
            self._terminal.prompt(words)

        with self._terminal.reading_keys(), _each_key(self._descriptor, begin) as self._ours:
            begin()
            yield

    def poll(self, seconds: float, *, shown: bool = False) -> str | None:
        """Return the line that is complete now, without its end; None when none is.

        Args:
            seconds: The longest time to wait for a key.
            shown: Whether what is typed is seen.

        Raises:
            SignInError: It is not UTF-8.
        """
        for key in _keys(self._descriptor, seconds, self._ours):
            if key in b"\r\n\x04":
                line, self._line = bytes(self._line), bytearray()
                try:
                    return line.decode().strip("\r\n")
                except UnicodeDecodeError:
                    raise SignInError("what was typed is not UTF-8", "set the terminal to UTF-8") from None
            self._take(key, shown=shown)
        return None

    def _take(self, key: int, *, shown: bool) -> None:
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
        """Show the last character, once it is whole."""
        for length in range(1, 5):
            with contextlib.suppress(UnicodeDecodeError):
                self._terminal.prompt(self._line[-length:].decode())
                return
            if self._line[-length:][0] & 0xC0 != 0x80:  # noqa: PLR2004 - UTF-8's first byte
                return


@contextlib.contextmanager
def keyboard(terminal: Terminal, environ: Mapping[str, str]) -> Iterator[Keyboard | None]:
    """Give the person's keyboard, or None where nobody can be asked.

    Args:
        terminal: What the user sees.
        environ: The environment, which may say whose standard input is.
    """
    descriptor = _open(terminal, environ)
    if descriptor is None:
        yield None
        return
    try:
        yield Keyboard(descriptor, terminal)
    finally:
        if descriptor > 2:  # noqa: PLR2004 - not one of the standard ones
            os.close(descriptor)


def no_terminal(what: str, instead: str) -> SignInError:
    """Return the error where somebody must type something and there is no terminal.

    Args:
        what: What is needed.
        instead: What can be done without a terminal.
    """
    return SignInError(
        f"{what}, and there is no terminal to type it on",
        f"run it in the foreground of a terminal, or {instead}",
        topic="no-terminal",
    )


if sys.platform == "win32":
    import msvcrt

    def _open(terminal: Terminal, _environ: Mapping[str, str]) -> int | None:
        return 0 if terminal.interactive else None

    @contextlib.contextmanager
    def _each_key(_descriptor: int, _resumed: Callable[[], None]) -> Iterator[Callable[[], bool]]:
        yield lambda: True  # the console gives each key at once, and does not show it

    def _keys(_descriptor: int, seconds: float, _ours: Callable[[], bool]) -> Iterator[int]:
        if not msvcrt.kbhit():
            sleep(min(seconds, 0.05))
        while msvcrt.kbhit():
            key = msvcrt.getwch()
            if key == "\x03":
                raise Interrupted(signal.SIGINT)  # the console gives the key itself while keys are read
            if key in "\x00\xe0" and _is_half():  # an arrow or function key, in two parts
                msvcrt.getwch()
                continue
            if "\ud800" <= key <= "\udbff":  # UTF-16's first half of a character
                key += msvcrt.getwch()
            yield from key.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()

    def _is_half() -> bool:
        """Tell whether the other half of a key waits, or a person has typed this very character: U+00E0 is an à.

        The C library keeps the other half where a character would be that was put back, and has room for one.
        """
        try:
            msvcrt.ungetwch(" ")
        except OSError:
            return True
        msvcrt.getwch()
        return False

else:
    import select

    from .hidden_input import hidden_keys as _each_key

    def _keys(descriptor: int, seconds: float, ours: Callable[[], bool]) -> Iterator[int]:
        if not ours():
            sleep(seconds)
            return
        ready, _, _ = select.select([descriptor], [], [], seconds)
        # One by one: what stands behind the end of a line is for whoever asks next.
        while ready and ours():  # the process may have been stopped meanwhile
            key = b""
            with contextlib.suppress(OSError):  # the terminal has gone
                key = os.read(descriptor, 1)
            if not key:
                sleep(seconds)
                return
            yield key[0]
            ready, _, _ = select.select([descriptor], [], [], 0)

    def _open(terminal: Terminal, environ: Mapping[str, str]) -> int | None:
        """Return the controlling terminal, else standard input where it is a terminal and the person's."""
        if not terminal.interactive:
            return None
        with contextlib.suppress(OSError):
            descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
            if in_foreground(descriptor):
                return descriptor
            os.close(descriptor)  # in the background, where reading would stop us
            return None
        # No controlling terminal, as in some containers.
        interactive = ExecInfo.parse(environ.get("KUBERNETES_EXEC_INFO")).interactive
        return 0 if interactive and os.isatty(0) else None
