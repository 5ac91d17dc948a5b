"""Print tables on standard output in kubectl's style, for people and for awk."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from kubectl_oidc.system.terminal import NARROWEST
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_GAP = 3  # spaces between columns
EMPTY = "-"
"""The text of an empty cell, so that programs can count columns."""


def echo_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under titles; on a terminal that is too narrow, print each row as a list. Cells are sanitized here."""
    shown = [[sanitize(cell, limit=1000) or EMPTY for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(titles, *shown, strict=True)]
    room = _room()
    if room is None or sum(widths) + _GAP * (len(widths) - 1) <= room:
        lines: Iterable[str] = [_line(row, widths) for row in (titles, *shown)]
    else:
        lines = _lists(titles, shown)
    for line in lines:
        click.echo(line)


def echo_rows(rows: Sequence[tuple[str, str]]) -> None:
    """Print names and values, one line each; values are sanitized here."""
    widest = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:{widest}}   {sanitize(value, limit=4000) or EMPTY}")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
    return (" " * _GAP).join(padded).rstrip()


def _lists(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widest = max(map(len, titles))
    for number, row in enumerate(rows):
        if number:
            yield ""
        for title, cell in zip(titles, row, strict=True):
            yield f"{title.lower():{widest}}   {cell}"


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _room() -> int | None:
    """Return how many columns the terminal has; None if standard output is not a terminal."""
    try:
        return max(os.get_terminal_size(sys.stdout.fileno()).columns or 80, NARROWEST)
    except (OSError, ValueError, AttributeError):
        return None
