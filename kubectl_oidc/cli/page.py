"""Print a page on standard error: headings, paragraphs, tables, and text to copy.

Lines are wrapped at the terminal's width, but not below 60 columns. Colours appear only on a terminal (rich obeys NO_COLOR).
Text is never parsed as rich's markup, because some of it comes from outside.
"""

from __future__ import annotations

import re
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kubectl_oidc.diagnosis import Severity
from kubectl_oidc.system import shell
from kubectl_oidc.system.terminal import NARROWEST, WIDEST

from .paragraphs import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubectl_oidc.diagnosis import Finding
    from kubectl_oidc.system.terminal import Terminal

_TRAILING = re.compile(r" +$", re.MULTILINE)  # rich pads lines with spaces
_TO_COPY = re.compile(r"^-|^~?/|^[A-Za-z]:[\\/]|^\\\\|://")
_EMPTY_LINES = re.compile(r"\n{3,}")


class Page:
    """A page on standard error, printed as a whole.

    Args:
        console: Decides width, encoding and colour.
        powershell: Whether commands are quoted for PowerShell.
    """

    def __init__(self, console: Console, *, powershell: bool = False) -> None:
        self._console = console
        self._quote = shell.powershell if powershell else shell.posix
        self.powershell = powershell

    @classmethod
    def on_stderr(cls, *, powershell: bool) -> Page:
        """Return a page that is printed on standard error."""
        console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        console.width = max(console.width, NARROWEST)
        return cls(console, powershell=powershell)

    @contextmanager
    def printed_on(self, terminal: Terminal) -> Iterator[Page]:
        """Print what the block adds to the page when the block ends; nothing if it fails."""
        with self._console.capture() as captured:
            yield self
        terminal.need(_EMPTY_LINES.sub("\n\n", _TRAILING.sub("", captured.get())).strip("\n"))

    def heading(self, text: str) -> None:
        """Add a heading."""
        self._console.print()
        self._console.print(Text(text, style="bold"))

    def paragraph(self, text: str, *, indent: int = 0, style: str = "") -> None:
        """Add a paragraph, wrapped between words. A long path or URL is not broken."""
        margin = " " * indent
        lines = wrapped(text, min(self._console.width, WIDEST), margin, margin)
        self._console.print(Text("\n".join(lines), style=style), soft_wrap=True)

    def verbatim(self, text: str) -> None:
        """Add text for people to copy: not wrapped, not indented, between empty lines."""
        self._console.print()
        self._console.print(Text(text, style="cyan"), soft_wrap=True)
        self._console.print()

    def command(self, words: Sequence[str]) -> None:
        """Add a command, quoted for the shell."""
        self.verbatim(self._quote(words))

    def rows(self, rows: Sequence[tuple[str, str]], *, titles: tuple[str, str] | None = None) -> None:
        """Add a table of two columns. Long values continue on the next line."""
        names = min(max((len(name) for name, _ in (*rows, titles or ("", ""))), default=0), NARROWEST // 2)
        shown = [
            (name, _whole_words(value, max(self._console.width - names - 4, 20))) for name, value in rows
        ]
        widest = max((len(line) for _, value in shown for line in value.splitlines()), default=0)
        wide = names + widest + 4 > self._console.width
        table = Table(
            box=None if wide or not titles else box.SIMPLE_HEAD, show_header=bool(titles), pad_edge=False
        )
        first, second = titles or ("", "")
        table.add_column(first, overflow="fold", max_width=NARROWEST // 2)
        table.add_column(second, no_wrap=True, min_width=widest)
        for name, value in shown:
            table.add_row(Text(name), Text(value))
        before = self._console.width
        self._console.width = max(before, names + widest + 4)
        self._console.print(table)
        self._console.width = before

    def finding(self, finding: Finding) -> None:
        """Add a finding and its hint. It does not start with ``error:``, because the command itself did not fail."""
        style = "red" if finding.severity is Severity.PROBLEM else "yellow"
        self.paragraph(f"{finding.severity}: {finding.message}", style=style)
        self.paragraph(f"hint: {finding.hint} (troubleshooting: {finding.topic})", indent=2)


def _whole_words(value: str, room: int) -> str:
    """Return a value in lines of at most ``room`` columns. Flags, URLs and paths are not broken."""
    lines = []
    for line in value.splitlines():
        for part in wrapped(line, room) or [""]:
            whole = len(part) <= room or _TO_COPY.search(part)
            lines += [part] if whole else textwrap.wrap(part, room)
    return "\n".join(lines)
