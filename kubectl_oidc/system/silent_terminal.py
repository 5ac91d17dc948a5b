"""A terminal that shows nothing: for `doctor`, which reports warnings itself, and for renewals while another program has the terminal."""

from __future__ import annotations

from .terminal import Terminal


class SilentTerminal(Terminal):
    """A terminal that stores warnings instead of showing them.

    Attributes:
        warnings: Each warning with its hint.
    """

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[tuple[str, str]] = []

    @property
    def interactive(self) -> bool:
        """Return False: nobody reads it."""
        return False

    def need(self, line: str) -> None:
        """Drop the line: who uses this terminal never asks for a sign-in."""

    def warn(self, message: str, hint: str) -> None:
        """Store a warning."""
        self.warnings.append((message, hint))
