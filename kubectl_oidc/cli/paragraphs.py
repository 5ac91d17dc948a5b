"""Wrap text into lines: between words, but neither in a word nor at a space in a path."""

from __future__ import annotations

import re
import textwrap

_KEPT = "\0"  # stands for a space in a path; text from outside has none of these

# A path from its root to a space, then words of which the last has a separator inside: `C:\\Users\\Ada Lovelace\\.kube`.
_WITH_SPACES = re.compile(
    r"""(?<![^\s"'`(=])(?:[A-Za-z]:[\\/]|\\\\|~?/)[^\s:;,]*(?: (?:[^\s:;,/\\]+ ){0,2}[^\s:;,/\\]+[/\\][^\s:;,]*)+"""
)


def wrapped(text: str, width: int, first: str = "", margin: str = "") -> list[str]:
    """Return text in lines of at most ``width`` columns. A word or a path that is longer gets a line of its own.

    Args:
        first: How the first line begins.
        margin: How the other lines begin.
    """
    kept = _WITH_SPACES.sub(lambda path: path[0].replace(" ", _KEPT), text)
    lines = textwrap.wrap(
        kept,
        width,
        initial_indent=first,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_KEPT, " ") for line in lines]
