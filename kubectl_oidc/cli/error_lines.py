"""Write a line of an error to a terminal: in colour where it has one, and wrapped between words."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from .paragraphs import wrapped

_STYLES = {"error": "bold red", "hint": "bold"}


def write_to_terminal(line: str) -> None:
    """Write an error, a hint or a line of a list to standard error, which is a terminal.

    Neither a command in backquotes nor a URL, path or flag is broken. rich obeys NO_COLOR and TERM=dumb.
    """
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    kind, colon, _ = line.partition(":")
    style = _STYLES.get(kind) if colon else None
    if style is None:
        console.print(Text(line), soft_wrap=True)
        return
    text = Text("\n".join(wrapped(line, console.width)))
    text.stylize(style, 0, len(kind) + 1)
    console.print(text, soft_wrap=True)
