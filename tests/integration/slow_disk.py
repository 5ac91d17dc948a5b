"""The installed program on a slow disk: one rename of its own takes seconds, and says when it has begun."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.plugin import wait_until

if TYPE_CHECKING:
    from pathlib import Path

# The program as it is, in an interpreter whose os.replace sleeps once: at the Nth file of a directory.
_PROGRAM = """
import os, sys, time
marker, directory, number, seconds = sys.argv[1], f"/{sys.argv[2]}/.", int(sys.argv[3]), float(sys.argv[4])
sys.argv[:] = ["kubectl-oidc_login", *sys.argv[5:]]
replace = os.replace
def slow(temporary, name):
    global number
    if directory in os.fspath(temporary):
        number -= 1
        if number == 0:
            open(marker, "w").close()
            time.sleep(seconds)
    replace(temporary, name)
os.replace = slow
from kubectl_oidc import main
main()
"""


class SlowDisk:
    """A disk that is slow once.

    Args:
        marker: A file that is made when the slow rename has begun.
        directory: The cache's directory whose file is written.
        number: Which file of it, in the order in which they are written, from 1.
        seconds: How long its rename takes.
    """

    def __init__(self, marker: Path, directory: str, number: int, seconds: float) -> None:
        self.marker = marker
        self.command = [sys.executable, "-c", _PROGRAM, str(marker), directory, str(number), str(seconds)]

    def wait(self) -> None:
        """Wait until the slow fsync has begun."""
        wait_until(self.marker.exists, "the program writes to the slow disk")
