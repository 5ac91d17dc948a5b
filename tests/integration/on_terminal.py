"""The program at a terminal: standard error, and standard input, are a pseudo-terminal that a test reads and types on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import termios
import threading
from typing import TYPE_CHECKING, Self

from tests.plugin import Ended, begin_at_terminal, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_ROWS = 40
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def without_escapes(text: str) -> str:
    """Return a text without what moves the cursor and sets colours."""
    return _ESCAPES.sub("", text)


class OnTerminal:
    """The program, started at a terminal; standard output is a pipe, as kubectl has it.

    Args:
        words: The command line after the program's name.
        controlling: Whether it is the program's controlling terminal, as at a login.
        through: A command that runs the program, which stands behind it.
        env: Variables beside the test's own environment.
        columns: How wide it is.
        rows: How high it is.
    """

    def __init__(
        self,
        *words: str,
        controlling: bool = True,
        through: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
        columns: int = 160,
        rows: int = _ROWS,
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environ = {**os.environ, "TERM": "xterm-256color", **(env or {})}
        self._process = begin_at_terminal(
            list(words), environ, slave, controlling=controlling, through=through
        )
        os.close(slave)
        self._seen = bytearray()
        self._answered = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()
        self._reader.join(5)
        os.close(self._master)

    def raw(self) -> str:
        """Return what came to the terminal, escape sequences included."""
        return self._seen.decode("utf-8", "replace")

    def text(self) -> str:
        """Return what came to the terminal, without escape sequences; each redrawing of a line is a line."""
        return without_escapes(self.raw()).replace("\r\n", "\n").replace("\r", "\n")

    def shows(self, words: str) -> None:
        """Wait until the terminal has shown these words."""
        wait_until(lambda: words in self.text() or self._process.poll() is not None, f"{words!r} is shown")
        assert words in self.text(), self.text()

    def asks(self, words: str) -> None:
        """Wait until the terminal has shown these words, such as ``[y/N]: ``, since something was typed."""
        wait_until(
            lambda: words in self.text()[self._answered :] or self._process.poll() is not None,
            f"{words!r} is shown",
        )
        assert words in self.text()[self._answered :], self.text()

    def type(self, keys: bytes) -> None:
        """Type."""
        self._answered = len(self.text())
        os.write(self._master, keys)

    def hides(self) -> bool:
        """Tell whether the terminal does not show the keys that are typed."""
        return not termios.tcgetattr(self._master)[3] & termios.ECHO

    def ended(self, timeout: float = 30.0) -> Ended:
        """Wait for the end and return what came out; what the terminal has shown stands for standard error."""
        stdout, _ = self._process.communicate(timeout=timeout)
        self._reader.join(5)
        return Ended(self._process.returncode, stdout, self.text())

    def _read(self) -> None:
        # On Linux the read fails when the last program has let go of the terminal.
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 65536):
                self._seen += data
