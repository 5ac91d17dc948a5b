"""Format commands for users to paste into a shell: quoted, one flag per line."""

from __future__ import annotations

import os
import re
import shlex
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ONE_LINE = 76  # characters
_POWERSHELL_PLAIN = re.compile(r"[A-Za-z0-9_./:=\\-]+")


def is_powershell() -> bool:
    """Return whether commands are for PowerShell: on Windows, unless this is a shell of MSYS2 such as Git Bash."""
    return sys.platform == "win32" and not os.environ.get("MSYSTEM")


def posix(words: Sequence[str]) -> str:
    """Return a command for sh, bash and zsh."""
    return _lines(words, shlex.quote, " \\\n  ")


def powershell(words: Sequence[str]) -> str:
    """Return a command for PowerShell, which interprets commas and @ in bare words.

    No quoting of double quotes works in both PowerShell 7.2 and later versions. After ``--%`` every version passes the
    rest of the line on unchanged.
    """
    if any('"' in word for word in words) and not any(char in word for word in words for char in "%|\n"):
        from subprocess import list2cmdline

        return f"{words[0]} --% {list2cmdline(words[1:])}"
    return _lines(words, _powershell_quote, " `\n  ")


def one_line(words: Sequence[str]) -> str:
    """Return a command on a single line for this system's shell, whatever its length."""
    return " ".join(map(_powershell_quote if is_powershell() else shlex.quote, words))


def _powershell_quote(word: str) -> str:
    return word if _POWERSHELL_PLAIN.fullmatch(word) else "'" + word.replace("'", "''") + "'"


def _lines(words: Sequence[str], quote: Callable[[str], str], line_break: str) -> str:
    """Join words into lines. Each flag begins a line, together with the value that follows it."""
    lines: list[str] = []
    for word in words:
        if lines and not word.startswith("-"):
            lines[-1] += " " + quote(word)
        else:
            lines.append(quote(word))
    line = " ".join(lines)
    return line if len(line) <= _ONE_LINE else line_break.join(lines)
