"""Break the code that guards a sign-in, one statement at a time, and see whether the tests notice.

The exit status is 1 if a mutant survives that explained.toml does not explain, or one that it explains is killed or gone.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .explained import FILE, explanations, outdated
from .mutations import mutants_of
from .page import PAGE, Row, page_of, rows_of
from .targets import TARGETS, path_of
from .trial import CannotTry, Outcome, Tests, outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .explained import Explanation
    from .mutant import Mutant


def main() -> int:
    """Try all mutants, say what survives, and write the page.

    Returns:
        The exit status.
    """
    options = _parser().parse_args()
    explained = explanations(FILE.read_text(encoding="utf-8"))
    good = True
    for name in options.modules or TARGETS:
        module, _, function = name.partition(":")
        ours = [one for one in explained if one.module == module and function in {"", one.function}]
        try:
            row, as_explained = _module(module, function, ours, options.jobs)
        except CannotTry as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        good = good and as_explained
        if not function:
            rows = rows_of(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
            PAGE.write_text(page_of({**rows, module: row}, explained), encoding="utf-8")
    return 0 if good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument(
        "modules", nargs="*", type=_target, metavar="MODULE[:FUNCTION]", help=f"of {', '.join(TARGETS)}"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="how many trials at once (default: %(default)s)"
    )
    return parser


def _target(text: str) -> str:
    if text.partition(":")[0] not in TARGETS:
        raise argparse.ArgumentTypeError(f"{text} is none of {', '.join(TARGETS)}")
    return text


def _module(module: str, function: str, explained: Sequence[Explanation], jobs: int) -> tuple[Row, bool]:
    """Try a module's mutants; return its row, and whether the explanations are those that it takes."""
    mutants = [
        mutant
        for mutant in mutants_of(path_of(module).read_text(encoding="utf-8"), str(path_of(module)))
        if function in {"", mutant.function}
    ]
    began = time.monotonic()
    by_outcome: dict[Outcome, list[Mutant]] = {outcome: [] for outcome in Outcome}
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        tests = Tests.of(module, scratch)
        for mutant, outcome in zip(
            mutants, outcomes(module, mutants, tests, scratch, jobs=jobs), strict=True
        ):
            by_outcome[outcome].append(mutant)
    counts = ", ".join(f"{len(those)} {outcome.value}" for outcome, those in by_outcome.items())
    print(f"{module}: {len(mutants)} mutants, {counts}, {time.monotonic() - began:.0f} s", flush=True)
    survivors, late = by_outcome[Outcome.SURVIVED], by_outcome[Outcome.TIMED_OUT]
    new = [mutant for mutant in survivors if not any(one.covers(mutant) for one in explained)]
    old = outdated(explained, [*survivors, *late])
    _say(module, new, old)
    killed = len(by_outcome[Outcome.KILLED])
    return Row(len(mutants), killed, len(late), len(survivors) - len(new), len(new)), not new and not old


def _say(module: str, new: Sequence[Mutant], old: Sequence[tuple[Explanation, str]]) -> None:
    """Print what survives unexplained, in the form of explained.toml, and what is explained and does not survive."""
    for function in dict.fromkeys(mutant.function for mutant in new):
        print(f'\n[[explained]]\nmodule = "{module}"\nfunction = "{function}"\nreason = ""\nchanges = [')
        for mutant in new:
            if mutant.function == function:
                print(f"    '''{mutant.change}''',")
        print("]")
    for explanation, change in old:
        print(f"{module}: explained, but not alive: {explanation.function}: {change}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
