"""``make breaks``: a break is noticed where each of its tests fails, and everything else is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.breaks import BREAKS, DEMANDS, CannotTry, attempt, breaks_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.together("breaks")  # they are tried once

PROGRAM = "def double(number):\n    return number * 2\n"
TESTS = """
import pytest, sys
from program import double

def test_double():
    assert double(3) == 6

@pytest.mark.parametrize("number", [0, 1])
def test_case(number):
    assert double(number) == 2 * number

def test_of_nothing():
    assert double

def test_that_is_skipped():
    pytest.skip("a part is missing")  # an example: it proves nothing, and `make breaks` must say so

def test_that_fails():
    assert not double
"""


# What a break is called, what it replaces, what stands there instead, and which tests must notice it.
TRIED: dict[str, tuple[str, str, list[str]]] = {
    "noticed": ("* 2", "* 3", ["test_double", "test_case", "test_case[1]"]),
    "not by every test": ("* 2", "* 3", ["test_double", "test_of_nothing"]),
    "not by this case": ("* 2", "* 3", ["test_case[0]"]),
    "gone": ("* 5", "* 3", ["test_double"]),
    "twice": ("number", "1", ["test_double"]),
    "no program": ("* 2", "* (", ["test_double"]),
    "proves nothing": ("* 2", "* 2 + 0", ["test_that_fails", "test_that_is_skipped"]),
}


def repository(root: Path, tried: dict[str, tuple[str, str, list[str]]]) -> Path:
    """Make a repository of one program and its tests, with these breaks."""
    (root / "tests").mkdir(parents=True)
    (root / "program.py").write_text(PROGRAM)
    (root / "tests" / "test_program.py").write_text(TESTS)
    demands, breaks = "", ""
    for name, (text, instead, tests) in tried.items():
        named = [f"tests/test_program.py::{test}" for test in tests]
        demands += f"[[Part]]\ndemand = '{name}'\ntests = {named}\n"
        breaks += f"[['{name}']]\nfile = 'program.py'\ntext = '{text}'\ninstead = '{instead}'\n"
    (root / DEMANDS).write_text(demands)
    (root / BREAKS).write_text(breaks)
    return root


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Try them all, and return what is wrong."""
    root = repository(tmp_path_factory.mktemp("breaks") / "repository", TRIED)
    found = list(attempt(root, breaks_of(root)))
    assert (root / "program.py").read_text() == PROGRAM, "the work tree is left alone"
    assert sorted(path.name for path in root.iterdir()) == ["program.py", "tests"]
    return found


def about(name: str, wrong: list[str]) -> list[str]:
    return [line.partition(": ")[2] for line in wrong if line.startswith(f"{name}: ")]


def test_a_break_that_its_tests_notice_is_no_error(wrong: list[str]) -> None:
    """All of the demand's where none are named: a test, one of which a case fails, and that case alone."""
    assert about("noticed", wrong) == []


@pytest.mark.parametrize(
    ("name", "test"), [("not by every test", "test_of_nothing"), ("not by this case", "test_case[0]")]
)
def test_a_break_that_a_named_test_does_not_notice_is_an_error(
    wrong: list[str], name: str, test: str
) -> None:
    """Though another notices it."""
    assert about(name, wrong) == [f"with '* 3' in program.py tests/test_program.py::{test} still passes"]


@pytest.mark.parametrize(
    ("test", "why"), [("test_that_fails", "assert not"), ("test_that_is_skipped", "a part is missing")]
)
def test_a_test_that_does_not_pass_without_any_break_proves_nothing(
    wrong: list[str], test: str, why: str
) -> None:
    """It fails, or is skipped here."""
    (error,) = [line for line in wrong if f"{test} does not pass without any break: " in line]
    assert why in error


@pytest.mark.parametrize(("name", "words"), [("gone", "found 0 times"), ("twice", "found 2 times")])
def test_a_text_that_is_not_found_once_is_an_error(wrong: list[str], name: str, words: str) -> None:
    """Then the program has changed, and the break must follow."""
    (error,) = about(name, wrong)
    assert error.startswith(f"{words} in program.py, not once: ")


def test_a_break_with_which_nothing_runs_is_an_error(wrong: list[str]) -> None:
    """Tests that cannot even be loaded have noticed nothing."""
    (error,) = about("no program", wrong)
    assert error.startswith("the tests cannot be run")
    assert "SyntaxError" in error


def test_a_test_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    """Before anything is broken."""
    root = repository(tmp_path / "repository", {"nobody notices": ("* 2", "* 3", ["no_such_test"])})
    with pytest.raises(CannotTry, match="no_such_test"):
        list(attempt(root, breaks_of(root)))
