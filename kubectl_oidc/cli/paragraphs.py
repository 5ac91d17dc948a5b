"""Wrap text into lines: between words, but neither in a word nor at a space in a path or a command."""

from __future__ import annotations

import re
import textwrap

_KEPT = "\0"  # stands for a space in a path or a command; text from outside has none of these
_COMMAND = re.compile(r"`[^`]+`")

# A path from its root to a space, then words of which the last has a separator inside: `C:\\Users\\Ada Lovelace\\.kube`.
_WITH_SPACES = re.compile(
    r"""(?<![^\s"'`(=])(?:[A-Za-z]:[\\/]|\\\\|~?/)[^\s:;,]*(?: (?:[^\s:;,/\\]+ ){0,2}[^\s:;,/\\]+[/\\][^\s:;,]*)+"""
)


def wrapped(text: str, width: int, first: str = "", margin: str = "") -> list[str]:
    """Return text in lines of at most ``width`` columns. A longer word, path or command in backquotes gets a line of its own.

    Args:
        first: How the first line begins.
        margin: How the other lines begin.
    """
    kept = text
    for pattern in (_COMMAND, _WITH_SPACES):
        kept = pattern.sub(lambda found: found[0].replace(" ", _KEPT), kept)
    lines = textwrap.wrap(
        kept,
        width,
        initial_indent=first,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_KEPT, " ") for line in lines]
