"""What survives and may: explained.toml, read and held against a run."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .mutant import Mutant

EVERY: Final = "*"
FILE: Final = Path(__file__).with_name("explained.toml")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why some mutants of one function may survive.

    Args:
        module: A key of ``TARGETS``.
        function: As in ``Mutant``.
        reason: A sentence.
        changes: As in ``Mutant``; ``*`` alone for all of a function that no unit test can run.
    """

    module: str
    function: str
    reason: str
    changes: frozenset[str]

    def covers(self, mutant: Mutant) -> bool:
        """Whether it explains a mutant of its module.

        Args:
            mutant: A mutant of ``self.module``.
        """
        return mutant.function == self.function and bool({mutant.change, EVERY} & self.changes)


def explanations(text: str) -> list[Explanation]:
    """Parse explained.toml.

    Args:
        text: The file's text.

    Raises:
        TypeError: A member is missing, or one too many is there.
    """
    entries = tomllib.loads(text).get("explained", [])
    return [Explanation(**{**entry, "changes": frozenset(entry["changes"])}) for entry in entries]


def outdated(explained: Iterable[Explanation], survivors: Iterable[Mutant]) -> list[tuple[Explanation, str]]:
    """Return explanations, with the change, of what does not survive any more or is not there any more.

    Args:
        explained: Explanations of one module.
        survivors: All mutants of it that survived, or that were out of time.
    """
    alive = {(mutant.function, change) for mutant in survivors for change in (mutant.change, EVERY)}
    return [
        (explanation, change)
        for explanation in explained
        for change in sorted(explanation.changes)
        if (explanation.function, change) not in alive
    ]
