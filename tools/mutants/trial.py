"""Trials: what the tests of a module say about its mutants.

Of the tests those are run that reach the broken statement, up to the first that fails. A mutant within a
function is tried by swapping the code of that function in a fork of a process that has loaded the tests, which takes little
more than the tests. What runs as modules and tests are loaded is tried with the whole module replaced, before it is loaded.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

import pytest

from . import inside
from .processes import Work, statuses
from .targets import PACKAGE, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from .mutant import Mutant

_SLOWER = 5  # a test may take so many times as long as it took without a mutant,
_GRACE, _START = 2.0, 15.0  # and so many seconds more; all together so many more
_QUICK = 0.2  # seconds
_LONGEST = 7200.0
_OURS = (PACKAGE, "tests")
_PASSED_OVER = (
    "tools",
    "conftest",
    "__main__",
    "__mp_main__",
    "pytest",
    "_pytest",
    "xdist",
    "coverage",
)


class CannotTry(Exception):
    """The tests fail without any mutant, or cannot be run; the message says which."""


class Outcome(Enum):
    """What the tests say about a mutant."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant and the tests that may notice it.

    Args:
        number: What it is known by.
        mutant: The mutant.
        tests: Node ids, in the order in which they are run, and how many seconds each may take.
        seconds: How long all of that may take.
        loaded: The broken statement also runs as the tests are loaded.
    """

    number: int
    mutant: Mutant
    tests: Mapping[str, float]
    seconds: float
    loaded: bool


@dataclass(frozen=True, slots=True)
class Tests:
    """What is known about a module's tests.

    Args:
        seconds: How long each takes, by node id.
        reached: Which of them reach which line of the module; "" is the loading of modules and tests.
    """

    seconds: Mapping[str, float]
    reached: Mapping[int, Sequence[str]]

    @classmethod
    def of(cls, module: str, scratch: Path) -> Tests:
        """Run a module's tests as they are, and load the libraries that they load.

        Args:
            module: A key of ``TARGETS``.
            scratch: A directory of ours.

        Raises:
            CannotTry: One of them fails.
        """
        _unload(list(sys.modules))  # what was loaded for the module before
        into = scratch / "watched"
        seen = json.loads(_alone(partial(inside.watch, module, into), into))
        _load(seen["loaded"], name_of(module))
        return cls(seen["seconds"], {int(line): tests for line, tests in seen["reached"].items()})

    def trials(self, mutants: Sequence[Mutant]) -> Iterator[Trial]:
        """Yield the trials of all mutants that a test reaches; their numbers are their places among all.

        Args:
            mutants: All mutants of this module.
        """
        lines: dict[str, set[int]] = {}
        for mutant in mutants:
            lines.setdefault(mutant.function, set()).update(mutant.lines or ())
        for number, mutant in enumerate(mutants):
            reaching = {test for line in mutant.lines or () for test in self.reached.get(line, ())}
            loaded = mutant.lines is None or "" in reaching
            tests = self._in_order(self.seconds if loaded else reaching, lines[mutant.function])
            if tests:
                limits = {test: _SLOWER * self.seconds[test] + _GRACE for test in tests}
                seconds = _SLOWER * sum(self.seconds[test] for test in tests) + _START
                yield Trial(number, mutant, limits, seconds, loaded)

    def _in_order(self, tests: Iterable[str], function: set[int]) -> list[str]:
        """Return tests in the order in which they will probably notice: quick ones that go where few of them go."""
        rarest: dict[str, int] = {}
        for line in function:
            there = self.reached.get(line, ())
            for test in there:
                rarest[test] = min(len(there), rarest.get(test, len(there)))
        return sorted(
            tests,
            key=lambda test: (self.seconds[test] > _QUICK, rarest.get(test, 0), self.seconds[test], test),
        )


def outcomes(
    module: str, mutants: Sequence[Mutant], tests: Tests, scratch: Path, *, jobs: int
) -> list[Outcome]:
    """Return what a module's tests say about each of its mutants.

    Args:
        module: A key of ``TARGETS``.
        mutants: The mutants.
        tests: The module's tests.
        scratch: A directory of ours.
        jobs: How many processes there are at once.
    """
    found = [Outcome.SURVIVED] * len(mutants)
    trials = list(tests.trials(mutants))
    into = scratch / "swapped"
    quick = [trial for trial in trials if trial.mutant.lines is not None]
    slow = [trial for trial in trials if trial.mutant.lines is None]
    swapped = json.loads(_alone(partial(inside.swapped, module, quick, jobs, into), into))
    for trial in quick:
        status = swapped[str(trial.number)]
        found[trial.number] = _outcome(status)
        if status == inside.UNDECIDED or (status == pytest.ExitCode.OK and trial.loaded):
            slow.append(trial)
    works = [
        Work(
            trial.number,
            partial(inside.replaced, module, trial, scratch / f"{trial.number}-replaced"),
            trial.seconds,
            scratch / "replaced.log",
        )
        for trial in slow
    ]
    for number, status in statuses(works, jobs=jobs):
        found[number] = _outcome(status)
    return found


def _outcome(status: int | None) -> Outcome:
    if status in {None, inside.LATE}:
        return Outcome.TIMED_OUT
    if status == pytest.ExitCode.USAGE_ERROR:
        raise CannotTry("pytest did not understand how it was called")
    survived = status in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    return Outcome.SURVIVED if survived else Outcome.KILLED


def _alone(do: partial[int], into: Path) -> str:
    """Run a function in a process of its own, and return what it has written to ``into``."""
    log = into.with_suffix(".log")
    ((_, status),) = statuses([Work(0, do, _LONGEST, log)], jobs=1)
    if status != pytest.ExitCode.OK:
        raise CannotTry(
            f"the tests cannot be run, or fail without any mutant:\n{log.read_text(encoding='utf-8')[-4000:]}"
        )
    return into.read_text(encoding="utf-8")


def _load(names: Iterable[str], mutated: str) -> None:
    """Load what the tests load, so that each fork has it: all but the mutated module and what is made of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            if name.partition(".")[0] in _PASSED_OVER:
                continue
            before = set(sys.modules)
            with suppress(Exception):
                importlib.import_module(name)
            if mutated in sys.modules:
                _unload(set(sys.modules) - before)


def _unload(names: Iterable[str]) -> None:
    for name in names:
        if name.partition(".")[0] in _OURS:
            package, _, last = name.rpartition(".")
            del sys.modules[name]
            if package in sys.modules:
                vars(sys.modules[package]).pop(last, None)
