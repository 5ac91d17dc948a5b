"""What the demo prints: its own lines, and those of the commands that it runs, indented."""

from __future__ import annotations

import sys

_FIRST_MANIFEST = "1. "  # what the first of setup's headings for cluster and kubeconfig begins with


def say(line: str) -> None:
    """Print a line at once. Characters that the encoding lacks become ``?``."""
    if sys.stdout is None:
        return  # it was closed; the exit status still shows the result
    encoding = sys.stdout.encoding or "ascii"
    print(line.encode(encoding, "replace").decode(encoding), flush=True)


class Quoted:
    """Prints a command's lines, indented, as they come: a person may have to open an address in one of them.

    Attributes:
        left_out: Whether the manifests of setup began, which are not printed.
    """

    def __init__(self) -> None:
        self.left_out = False
        self._empty = 0  # lines; those at the end are not printed

    def __call__(self, line: str) -> None:
        """Print a line without its line break."""
        self.left_out = self.left_out or line.startswith(_FIRST_MANIFEST)
        if self.left_out:
            return
        if not line.strip():
            self._empty += 1
            return
        for text in (*[""] * self._empty, f"  {line}"):
            say(text)
        self._empty = 0
