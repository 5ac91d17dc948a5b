"""A mutant takes the place of the function that it breaks, whatever decorators made of that."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tools.mutants.mutant import Mutant
from tools.mutants.swap import Unswappable, swap

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

SOURCE = """
from dataclasses import dataclass
from functools import cache

def plain(): return "whole"

def around():
    def within(): return "whole"
    return within()

@cache
def cached(): return "whole"

@dataclass(frozen=True, slots=True)
class Values:
    name: str = "n"
    def method(self): return "whole"
    @classmethod
    def made(cls): return "whole"
    @staticmethod
    def apart(): return "whole"
    @property
    def seen(self): return "whole"

constant = plain()
"""


def mutant_of(function: str, source: str) -> Mutant:
    """Return a mutant whose whole text is given."""
    return Mutant(function, "", range(1, 2), compile(source, "mutant", "exec", dont_inherit=True))


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (tmp_path / "broken_soon.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_soon", raising=False)
    import broken_soon  # type: ignore[import-not-found]

    return broken_soon  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("function", "call"),
    [
        ("plain", "plain()"),
        ("around.within", "around()"),
        ("cached", "cached()"),
        ("Values.method", "Values().method()"),
        ("Values.made", "Values.made()"),
        ("Values.apart", "Values.apart()"),
        ("Values.seen", "Values().seen"),
    ],
)
def test_the_function_and_no_other_runs_the_broken_code(module: ModuleType, function: str, call: str) -> None:
    """Functions, methods of every kind, and what a decorator has wrapped."""
    name = function.rpartition(".")[2]
    head, found, rest = SOURCE.partition(f"def {name}(")
    mutant = mutant_of(function, head + found + rest.replace('"whole"', '"broken"', 1))
    ways = ["plain()", "around()", "Values().method()", "Values.made()", "Values.apart()", "Values().seen"]

    swap(module, mutant)

    assert eval(call, vars(module)) == "broken"  # noqa: S307 - our own words
    assert {eval(way, vars(module)) for way in ways if way != call} == {"whole"}  # noqa: S307


@pytest.mark.parametrize("function", ["constant", "absent", "Values", ""])
def test_what_is_no_function_is_left_to_the_other_way(module: ModuleType, function: str) -> None:
    """The caller then replaces the whole module."""
    with pytest.raises(Unswappable):
        swap(module, mutant_of(function, SOURCE))
