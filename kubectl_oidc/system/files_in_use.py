"""Repeat file operations that Windows refuses while another program has the file open.

On Windows a file that is open, even for reading, can be neither replaced nor removed. Virus scanners and indexers open
every new file for a moment. Other systems replace and remove open files, and a refusal is final.
"""

from __future__ import annotations

import sys
from time import sleep
from typing import TYPE_CHECKING, TypeVar

from .deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 2.0
"""The longest time to wait for a file. This program's own readers take milliseconds."""

PAUSE = 0.01

T = TypeVar("T")


def patience() -> Deadline:
    """Return the deadline for waiting for a file; it has passed already on systems other than Windows."""
    return Deadline.after(SECONDS if sys.platform == "win32" else 0)


def explain(error: OSError, hint: str) -> tuple[str, str]:
    """Return what an error says, and a hint: the given one, unless Windows refuses the file because another program has it open.

    Windows often reports such a file as one that the user may not change, so the words leave that open.
    """
    words = error.strerror or str(error)
    if sys.platform == "win32" and isinstance(error, PermissionError):
        return (
            f"{words} (another program may have it open)",
            "close the program that uses the file, such as an editor or a virus scanner, and run the command again",
        )
    return words, hint


def patiently(work: Callable[[], T]) -> T:
    """Return the result of ``work``, one operation that changes nothing if it fails. Repeat it for a while if Windows refuses it.

    Raises:
        OSError: The error of the last try.
    """
    end = patience()
    while True:
        try:
            return work()
        except PermissionError:
            if end.passed():
                raise
        sleep(PAUSE)
