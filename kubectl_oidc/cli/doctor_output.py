"""What `doctor` shows: one line a check with its mark, and indented under it what to do.

Wrapped to the terminal's width, from 60 columns; the marks are in colour only where a terminal shows it (NO_COLOR is honoured
by rich), and ASCII where the encoding has no others.
"""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from kubectl_oidc.diagnosis.run import Status
from kubectl_oidc.system.terminal import NARROWEST, WIDEST

if TYPE_CHECKING:
    from typing import Self

    from kubectl_oidc.diagnosis.run import Result

_MARKS = {Status.OK: "✓", Status.WARNING: "!", Status.PROBLEM: "✗", Status.SKIPPED: "-"}
_ASCII = {**_MARKS, Status.OK: "+", Status.PROBLEM: "x"}
_STYLES = {Status.OK: "green", Status.WARNING: "yellow", Status.PROBLEM: "red", Status.SKIPPED: "dim"}
_NAME = 19  # columns of a name
_MARGIN = 2 + _NAME


class DoctorOutput:
    """Writes results one after the other.

    Args:
        console: Where to: gives width, encoding and colour.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = min(max(console.width, NARROWEST), WIDEST)
        self._marks = _MARKS if _has(console.encoding, "".join(_MARKS.values())) else _ASCII

    @classmethod
    def on_stdout(cls) -> Self:
        """Return one for standard output."""
        return cls(Console(highlight=False, markup=False, emoji=False, soft_wrap=True))

    def title(self, words: str) -> None:
        """Write what is examined."""
        self._lines(words, "", "")

    def result(self, result: Result) -> None:
        """Write one result."""
        mark = self._marks[result.status]
        first = f"{mark} {result.name.ljust(_NAME)}"
        lines = self._wrapped(result.message, first)
        style = _STYLES[result.status]
        self._print(Text(lines[:1], style=style).append(lines[1:], style="dim" if style == "dim" else ""))
        if result.hint:
            more = f" (troubleshooting: {result.topic})" if result.topic else ""
            self._lines(f"{result.hint}{more}", " " * _MARGIN + "hint: ", " " * (_MARGIN + 2))

    def end(self, problems: int, warnings: int) -> None:
        """Write how it ended.

        Args:
            problems: How many problems were found.
            warnings: How many warnings.
        """
        if problems:
            words = f"{problems} problem{'s' if problems > 1 else ''}: begin with the first"
        else:
            words = "Nothing is wrong"
        if warnings:
            words += f", {warnings} thing{'s' if warnings > 1 else ''} to know"
        self._lines(words, "", "")

    def _wrapped(self, words: str, first: str) -> str:
        return textwrap.fill(
            words,
            self._width,
            initial_indent=first,
            subsequent_indent=" " * _MARGIN,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def _lines(self, words: str, first: str, margin: str) -> None:
        lines = textwrap.fill(
            words,
            self._width,
            initial_indent=first,
            subsequent_indent=margin,
            break_long_words=False,
            break_on_hyphens=False,
        )
        self._print(Text(lines))

    def _print(self, text: Text) -> None:
        """Write, with ``?`` for what the encoding has not: names come from outside."""
        encoding = self._console.encoding
        if not _has(encoding, text.plain):
            spans = text.spans
            text = Text(text.plain.encode(encoding, "replace").decode(encoding), spans=spans)
        self._console.print(text, soft_wrap=True)
        sys.stdout.flush()


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
