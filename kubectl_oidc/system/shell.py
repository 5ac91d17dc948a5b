"""Commands as people paste them into their shell: quoted, one flag a line."""

from __future__ import annotations

import os
import re
import shlex
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ONE_LINE = 76  # characters
_POWERSHELL_PLAIN = re.compile(r"[A-Za-z0-9_./:=-]+")


def is_powershell() -> bool:
    """Tell whether commands are for PowerShell: on Windows, unless this is a shell of MSYS2 such as Git Bash."""
    return sys.platform == "win32" and not os.environ.get("MSYSTEM")


def posix(words: Sequence[str]) -> str:
    """Return a command for sh, bash and zsh."""
    return _lines(words, shlex.quote, " \\\n  ")


def powershell(words: Sequence[str]) -> str:
    """Return a command for PowerShell, where a comma or an @ in a bare word has a meaning of its own.

    Up to version 7.2 it hands double quotes on as if they were its own, and what it does since cannot be written so that
    both understand it; after ``--%`` every version hands on what stands there.
    """
    if any('"' in word for word in words) and not any(char in word for word in words for char in "%|\n"):
        from subprocess import list2cmdline

        return f"{words[0]} --% {list2cmdline(words[1:])}"
    return _lines(words, _powershell_quote, " `\n  ")


def one_line(words: Sequence[str]) -> str:
    """Return a command on one line for this system's shell, however long."""
    return " ".join(map(_powershell_quote if is_powershell() else shlex.quote, words))


def _powershell_quote(word: str) -> str:
    return word if _POWERSHELL_PLAIN.fullmatch(word) else "'" + word.replace("'", "''") + "'"


def _lines(words: Sequence[str], quote: Callable[[str], str], line_break: str) -> str:
    """Join words to lines: each flag begins one, and keeps the value that follows it."""
    lines: list[str] = []
    for word in words:
        if lines and not word.startswith("-"):
            lines[-1] += " " + quote(word)
        else:
            lines.append(quote(word))
    line = " ".join(lines)
    return line if len(line) <= _ONE_LINE else line_break.join(lines)
