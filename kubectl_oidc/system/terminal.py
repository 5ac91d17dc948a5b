"""Messages for the user on standard error. Without a user at the terminal, only messages that need one are written."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, cast

from kubectl_oidc.text import sanitize

from .log import VERBOSITY
from .standard_error import Screen, State, is_attended, is_plugin, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from rich.status import Status

NARROWEST = 60
"""The narrowest terminal that all output fits, in columns."""

WIDEST = 100
"""The widest paragraph, in columns."""


class Terminal:
    """Standard error, whether it is a terminal or not.

    Warnings that were kept are written before the next message that needs the user, and before an error.
    """

    def __init__(self) -> None:
        self._waits = False
        self._status: Status | None = None

    @property
    def interactive(self) -> bool:
        """Whether the user sees what is written now. This can change at any time."""
        return is_attended(sys.stderr)

    def say(self, line: str) -> None:
        """Write an informational line, only to a terminal."""
        if self.interactive:
            self.need(line)

    def need(self, line: str) -> None:
        """Write a line that the user must read, terminal or not."""
        write(f"{line}\n")

    def show(self, thing: str, *, large: bool = False) -> None:
        """Write text that the user must read or copy on a line of its own. On a terminal it is highlighted; if large, as three lines."""
        if not self.interactive:
            self.need(f"  {thing}")
            return
        from rich.console import Console
        from rich.text import Text

        with contextlib.suppress(OSError, ValueError):
            write("")
            console = Console(stderr=True, highlight=False, soft_wrap=True)
            line = f" {thing} "
            margin = [" " * len(line)] if large and console.color_system else []
            for part in (*margin, line, *margin):
                console.print(Text("  ").append(part, style="bold reverse"))

    def prompt(self, words: str) -> None:
        """Write a prompt; the user types on the same line."""
        write(words)

    def warn(self, message: str, hint: str) -> None:
        """Write a warning and a hint.

        Without a terminal, the plugin keeps it until the user is asked for something, unless ``-v`` is given. Some clients
        join standard error to standard output, so a call that needs no user must write nothing there.
        """
        words = f"warning: {sanitize(message)}" + (f" ({sanitize(hint)})" if hint else "")
        if is_plugin() and not (self.interactive or State.spoken or VERBOSITY.level):
            State.kept += words + "\n"
        else:
            self.need(words)

    @contextlib.contextmanager
    def say_if_slow(self, line: str, seconds: float) -> Iterator[None]:
        """Write a line to a terminal if the block takes longer than ``seconds``."""
        if not self.interactive:
            yield
            return
        from threading import Timer

        timer = Timer(seconds, self.say, (line,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    @contextlib.contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Show what the block waits for, while the user is at the terminal. `tick` changes the text."""
        self._waits = True
        self.tick(text)
        try:
            yield
        finally:
            self._waits = False
            self._stop()

    def tick(self, text: str) -> None:
        """Change the text of `waiting`. Hide it while another program uses the terminal, and show it again afterwards."""
        if not self._waits:
            return
        if not self.interactive:
            self._stop()
            return
        from rich.markup import escape

        if self._status:
            self._status.update(escape(text))
            return
        from rich.console import Console

        write("")
        console = Console(stderr=True, highlight=False)
        if sys.platform != "win32":
            console.file = cast("TextIO", Screen(sys.stderr))
        self._status = console.status(escape(text), spinner="line")
        self._status.start()

    def _stop(self) -> None:
        status, self._status = self._status, None
        if status:
            status.stop()

    @staticmethod
    @contextlib.contextmanager
    def reading_keys() -> Iterator[None]:
        """Record that raw mode is our own while the block runs."""
        State.reading = True
        try:
            yield
        finally:
            State.reading = False
