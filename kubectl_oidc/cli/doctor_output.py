"""Print the results of `doctor`: one line a check with its mark, and the hint indented below it.

Lines are wrapped at the terminal's width, but not below 60 columns. Marks are coloured only on a terminal (rich obeys
NO_COLOR). They are ASCII if the encoding lacks the others.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from kubectl_oidc.diagnosis.run import Status
from kubectl_oidc.system.terminal import NARROWEST, WIDEST

from .paragraphs import wrapped

if TYPE_CHECKING:
    from typing import Self

    from kubectl_oidc.diagnosis.run import Result

_MARKS = {Status.OK: "✓", Status.WARNING: "!", Status.PROBLEM: "✗", Status.SKIPPED: "-"}
_ASCII = {**_MARKS, Status.OK: "+", Status.PROBLEM: "x"}
_STYLES = {Status.OK: "green", Status.WARNING: "yellow", Status.PROBLEM: "red", Status.SKIPPED: "dim"}
_NAME = 19  # columns of a check's name
_MARGIN = 2 + _NAME


class DoctorOutput:
    """Prints results one after the other on a console, which decides width, encoding and colour."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = min(max(console.width, NARROWEST), WIDEST)
        self._marks = _MARKS if _can_encode(console.encoding, "".join(_MARKS.values())) else _ASCII

    @classmethod
    def on_stdout(cls) -> Self:
        """Return the output on standard output."""
        return cls(Console(highlight=False, markup=False, emoji=False, soft_wrap=True))

    def line(self, text: str) -> None:
        """Print a line of its own, such as the first: which user, context, issuer and client are checked."""
        self._print(Text(self._wrapped(text)))

    def result(self, result: Result) -> None:
        """Print one result."""
        mark = self._marks[result.status]
        first = f"{mark} {result.name.ljust(_NAME)}"
        lines = self._wrapped(result.message, first, " " * _MARGIN)
        style = _STYLES[result.status]
        self._print(Text(lines[:1], style=style).append(lines[1:], style="dim" if style == "dim" else ""))
        if result.hint:
            more = f" (troubleshooting: {result.topic})" if result.topic else ""
            hint = self._wrapped(f"{result.hint}{more}", " " * _MARGIN + "hint: ", " " * (_MARGIN + 2))
            self._print(Text(hint))

    def end(self, problems: int, warnings: int, skipped: int) -> None:
        """Print how many problems and warnings were found, and how many checks were skipped."""
        text = f"{problems} problem{'s' if problems > 1 else ''}" if problems else "No check failed"
        if not (problems or warnings or skipped):
            text = "All checks passed"
        if warnings:
            text += f", {warnings} warning{'s' if warnings > 1 else ''}"
        if skipped:
            text += f", {skipped} skipped"
        if problems:
            text += ". Start with the first problem."
        self._print(Text(self._wrapped(text)))

    def _wrapped(self, text: str, first: str = "", margin: str = "") -> str:
        return "\n".join(wrapped(text, self._width, first, margin))

    def _print(self, text: Text) -> None:
        """Print a text. Characters that the encoding lacks become ``?``: names in it come from outside."""
        encoding = self._console.encoding
        if not _can_encode(encoding, text.plain):
            spans = text.spans
            text = Text(text.plain.encode(encoding, "replace").decode(encoding), spans=spans)
        self._console.print(text, soft_wrap=True)
        sys.stdout.flush()


def _can_encode(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
