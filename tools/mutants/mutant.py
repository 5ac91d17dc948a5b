"""One small break of a module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small break of a module.

    Args:
        function: The function that it is in, ``Class.method`` for a method, "" outside of functions.
        change: The statement with its change marked, ``return [-now-]{+None+}``; unique within the function.
        lines: The lines of the statement (of its head, for a compound one), counted from 1; None where it
            runs as the module is loaded.
        code: The whole module, broken.
    """

    function: str
    change: str
    lines: range | None
    code: CodeType
