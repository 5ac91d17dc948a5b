"""Files that another program has open just now: on Windows they can be neither replaced nor removed, for that moment.

Whoever reads one there shares it with other readers alone, and so do virus scanners and indexers, which look at each new
file. Elsewhere an open file is replaced and removed like any other, and a refusal is final.
"""

from __future__ import annotations

import sys
from time import sleep
from typing import TYPE_CHECKING, TypeVar

from .deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 2.0
"""The longest that a file is waited for: readers of ours have done within milliseconds."""

PAUSE = 0.01

T = TypeVar("T")


def patience() -> Deadline:
    """Return when a file is waited for no longer; passed already where there is nothing to wait for."""
    return Deadline.after(SECONDS if sys.platform == "win32" else 0)


def patiently(work: Callable[[], T]) -> T:
    """Return what ``work`` returns, and do it again for a while where Windows refuses it.

    Args:
        work: One step with a file, which changes nothing where it fails.

    Raises:
        OSError: What ``work`` failed with, at the end.
    """
    end = patience()
    while True:
        try:
            return work()
        except PermissionError:
            if end.passed():
                raise
        sleep(PAUSE)
