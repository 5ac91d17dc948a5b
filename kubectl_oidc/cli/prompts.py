"""Questions to the person at the terminal: a line each, on standard error, answered on standard input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from kubectl_oidc.errors import Interrupted
from kubectl_oidc.system.standard_error import is_attended
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from kubectl_oidc.system.terminal import Terminal

_LONGEST = 1000  # characters of a proposal
_YES, _NO = ("y", "yes"), ("n", "no")


def can_ask(terminal: Terminal) -> bool:
    """Tell whether a person is there: standard input and standard error are a terminal of theirs, and we are in its foreground."""
    return terminal.interactive and is_attended(sys.stdin)


class Questions:
    """What is asked, with what is proposed; an empty answer takes the proposal.

    Nothing is written to standard output, which may be a pipe. Ctrl-C ends the program as anywhere; so does the end of the input.

    Args:
        terminal: Where the person reads the question.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def ask(self, words: str, proposal: str = "") -> str:
        """Return what is typed, without white space around it; never empty.

        Args:
            words: The question.
            proposal: What Enter alone means; empty where there is no such thing. One that a terminal does not show as it is
                is none: nobody agrees to what is not seen.

        Raises:
            Abort: The input has ended.
        """
        proposal = proposal if sanitize(proposal, limit=_LONGEST) == proposal else ""
        shown = f"{words} [{proposal}]: " if proposal else f"{words}: "
        while True:
            answer = self._line(shown) or proposal
            if answer:
                return answer

    def confirm(self, words: str, *, proposal: bool) -> bool:
        """Return whether the person says yes.

        Args:
            words: The question.
            proposal: What Enter alone means.

        Raises:
            Abort: The input has ended.
        """
        shown = f"{words} [{'Y/n' if proposal else 'y/N'}]: "
        while True:
            answer = self._line(shown).lower()
            if not answer:
                return proposal
            if answer in (*_YES, *_NO):
                return answer in _YES

    def _line(self, shown: str) -> str:
        """Return one line; one that is not UTF-8 is asked for again."""
        while True:
            self._terminal.prompt(shown)
            try:
                line = sys.stdin.buffer.readline()
            except (Interrupted, KeyboardInterrupt):
                self._terminal.prompt("\n")  # what is said of it stands on a line of its own
                raise
            if not line:
                self._terminal.prompt("\n")
                raise click.Abort
            try:
                return line.decode().strip()
            except UnicodeDecodeError:
                self._terminal.need("That is not UTF-8.")
