"""A shell at a terminal, in which a test types as a reader of the pages does."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, NamedTuple

from tests import parts

from .on_terminal import OnTerminal, without_escapes

if TYPE_CHECKING:
    from collections.abc import Mapping

_PS1 = "\x1e$?\x1f"  # the status of the last command, between two bytes that nothing else writes
_PROMPT = re.compile(r"\x1e(\d+)\x1f")
_QUESTION = re.compile(r"\[([^\[\]\n]*)\]: $")


class Typed(NamedTuple):
    """What a command left behind: its exit status, and all that came to the terminal."""

    status: int
    said: str


class Shell(OnTerminal):
    """A POSIX shell that waits for commands; kubectl finds the program under test.

    Args:
        env: Variables beside the test's own environment.
    """

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        path = os.pathsep.join((str(parts.plugin().parent), os.environ["PATH"]))
        super().__init__(
            # Its standard output is the terminal too. What stands behind it is the program, which it does not look at.
            through=("sh", "-c", f"stty -echo; PS1='{_PS1}' PS2= exec sh -i >&2", "sh"),
            env={"PATH": path, **(env or {})},
        )
        self._read_up_to = 0
        self.wait()

    def run(self, command: str, *, timeout: float = 120.0) -> Typed:
        """Type a command and wait for its end; a question is answered with yes, or with what it proposes.

        Args:
            command: The command, as it stands on a page.
            timeout: Seconds after which the test fails.
        """
        self.type(f"{command}\n".encode())
        return self.wait(timeout=timeout)

    def wait(self, *, timeout: float = 120.0) -> Typed:
        """Wait for the end of what was typed."""
        end = time.monotonic() + timeout
        answered = 0
        while not (prompt := _PROMPT.search(said := self.raw()[self._read_up_to :])):
            assert time.monotonic() < end, f"no end after {timeout:g} s: {_left_on_screen(said)}"
            if question := _QUESTION.search(_left_on_screen(said[answered:])):
                answered = len(said)
                self.type(b"y\n" if question[1] in {"y/N", "Y/n"} else b"\n")
            time.sleep(0.01)
        self._read_up_to += prompt.end()
        return Typed(int(prompt[1]), _left_on_screen(said[: prompt.start()]))


def _left_on_screen(said: str) -> str:
    """Return what a reader still sees of it: a row that was erased from the next one, or written over, is gone."""
    said = re.sub(r"[^\n]*\n[^\n]*\x1b\[1A\x1b\[2K", "", said)
    return re.sub(r"[^\n]*\r", "", without_escapes(said).replace("\r\n", "\n"))
