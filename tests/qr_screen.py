"""Read a QR code from the half blocks of a terminal, as a camera sees them."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

_HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
_PIXELS = 4
"""The width of a module in the picture, in pixels."""


def shown(said: Sequence[str]) -> list[str]:
    """Return the lines of the one code among the lines of a terminal."""
    blocks = "".join(_HALVES)
    runs = (list(lines) for _, lines in groupby(said, key=lambda line: bool(line) and not line.strip(blocks)))
    (code,) = [lines for lines in runs if (drawn := "".join(lines)).strip() and not drawn.strip(blocks)]
    return code


def modules(lines: Sequence[str], *, dark_text: bool) -> list[list[int]]:
    """Return the rows of modules, 1 for a dark one.

    Args:
        lines: The lines of the terminal, all of one length.
        dark_text: Whether the text is darker than its background.
    """
    rows = [[_HALVES[block][half] for block in line] for line in lines for half in (0, 1)]
    return [[int(bool(module) == dark_text) for module in row] for row in rows]


def decoded(rows: Sequence[Sequence[int]]) -> str | None:
    """Return what a QR code says, by a decoder that takes no light code on a dark ground; None if there is none."""
    zxingcpp = pytest.importorskip("zxingcpp")
    picture = [
        pixels
        for row in rows
        for pixels in [bytes(255 * (1 - one) for one in row for _ in range(_PIXELS))] * _PIXELS
    ]
    shape = len(picture), len(picture[0])
    found = zxingcpp.read_barcode(memoryview(b"".join(picture)).cast("B", shape), try_invert=False)
    return found.text if found else None
