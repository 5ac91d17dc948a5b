"""Draw a QR code (ISO/IEC 18004) at the terminal, for a phone: half blocks, two modules in each character."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from .standard_error import write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .terminal import Terminal

QUIET = 2
"""The light border in modules. The standard demands four; cameras need two, and more would not fit 24 lines."""

_BLOCKS = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
"""The characters, by whether the upper and the lower half are drawn in the text's colour."""


def show_qr_code(
    terminal: Terminal, words: str, text: str, environ: Mapping[str, str], *, below: int
) -> bool:
    """Show a line of words and the QR code of ``text`` below it. Nothing is shown if the terminal cannot show all of it at once.

    Args:
        words: What the code is for.
        text: What the code says: printable ASCII.
        environ: COLORFGBG in it tells a light background from a dark one, if there are no colours.
        below: How many lines the caller writes after it.

    Returns:
        Whether it was shown: at a terminal that is wide and high enough, and whose encoding has half blocks.
    """
    if not terminal.interactive or not _has_blocks():
        return False
    try:
        columns, lines = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    if 8 * len(text) > min(columns, 2 * lines) ** 2:
        return False  # a module holds one bit: no need to make the code, which takes a second for the longest
    modules = qr_modules(text)
    rows = (len(modules) + 1) // 2
    if not rows or len(modules) > columns or rows + 2 + below > lines:
        return False
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    coloured = console.color_system is not None and not console.no_color
    drawn = draw(modules, dark_text=coloured or _is_light(environ))
    write(f"{words}\n")
    for row in drawn:
        console.print(Text(row, style="#000000 on #ffffff" if coloured else ""))
    write("\n")
    return True


def qr_modules(text: str) -> list[bytes]:
    """Return the rows of the QR code, with its border. A byte is 1 for a dark module, 0 for a light one. Empty if the text is too long."""
    import segno

    try:
        code = segno.make_qr(text, error="l")
    except segno.DataOverflowError:
        return []
    return [bytes(row) for row in code.matrix_iter(border=QUIET)]


def draw(modules: list[bytes], *, dark_text: bool) -> list[str]:
    """Return the lines that show the modules.

    Args:
        modules: As `qr_modules` returns them.
        dark_text: Whether the terminal's text is darker than its background.
    """
    light = bytes(len(modules))
    pairs = zip(modules[::2], [*modules[1::2], light], strict=False)
    return [
        "".join(_BLOCKS[upper == dark_text, lower == dark_text] for upper, lower in zip(*pair, strict=True))
        for pair in pairs
    ]


def _has_blocks() -> bool:
    """Return whether standard error's encoding has the characters."""
    try:
        "".join(_BLOCKS.values()).encode(sys.stderr.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _is_light(environ: Mapping[str, str]) -> bool:
    """Return whether COLORFGBG ("foreground;background", of rxvt and Konsole) names a light background: 7 or 15."""
    return environ.get("COLORFGBG", "").rpartition(";")[2] in {"7", "15"}
