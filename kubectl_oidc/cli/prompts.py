"""Ask the user at the terminal: questions on standard error, answers from standard input."""

from __future__ import annotations

import sys

import click

from kubectl_oidc.errors import UsageError
from kubectl_oidc.system.signals import Interrupted
from kubectl_oidc.system.standard_error import is_attended
from kubectl_oidc.system.terminal import Terminal
from kubectl_oidc.text import sanitize

NOTHING_CHANGED = "Cancelled. Nothing was changed."
_LONGEST = 1000  # the most characters of a proposal
_YES, _NO = ("y", "yes"), ("n", "no")


def can_ask(terminal: Terminal) -> bool:
    """Return whether a user can answer: standard input and error are a terminal, and this process is in its foreground."""
    return terminal.interactive and is_attended(sys.stdin)


def needs_confirmation(what: str, hint: str) -> UsageError:
    """Return the error for a change that needs a confirmation if nobody can be asked.

    Args:
        what: The change, as "removing 2 sessions".
    """
    return UsageError(f"{what} needs a confirmation, and there is no terminal to ask at", hint)


def confirm_change(question: str) -> None:
    """Ask whether to make a change; Enter is no.

    Raises:
        Abort: The input has ended.
        Exit: The answer is no: the user reads that nothing was changed, and the exit status is 1.
    """
    terminal = Terminal()
    if not Questions(terminal).confirm(question, proposal=False):
        terminal.need(NOTHING_CHANGED)
        raise click.exceptions.Exit(1)


class Questions:
    """Asks questions; an empty answer accepts the proposal.

    Nothing is written to standard output, which may be a pipe. Ctrl-C and the end of the input end the program.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def ask(self, question: str, proposal: str = "") -> str:
        """Return the answer without surrounding white space; never empty.

        Args:
            proposal: The answer for Enter; empty for none. It is ignored if a terminal cannot show it exactly, because nobody
                should agree to what they cannot see.

        Raises:
            Abort: The input has ended.
        """
        proposal = proposal if sanitize(proposal, limit=_LONGEST) == proposal else ""
        shown = f"{question} [{proposal}]: " if proposal else f"{question}: "
        while True:
            answer = self._line(shown) or proposal
            if answer:
                return answer
            self._terminal.need("Type an answer, or press Ctrl-C to stop.")

    def confirm(self, question: str, *, proposal: bool) -> bool:
        """Return whether the user answers yes; Enter is the proposal.

        Raises:
            Abort: The input has ended.
        """
        shown = f"{question} [{'Y/n' if proposal else 'y/N'}]: "
        while True:
            answer = self._line(shown).lower()
            if not answer:
                return proposal
            if answer in (*_YES, *_NO):
                return answer in _YES

    def _line(self, shown: str) -> str:
        """Return one line; ask again if it is not UTF-8."""
        while True:
            self._terminal.prompt(shown)
            try:
                line = sys.stdin.buffer.readline()
            except (Interrupted, KeyboardInterrupt):
                self._terminal.prompt("\n")  # the error message starts on a new line
                raise
            if not line:
                self._terminal.prompt("\n")
                raise click.Abort
            try:
                return line.decode().strip()
            except UnicodeDecodeError:
                self._terminal.need("That is not UTF-8.")
