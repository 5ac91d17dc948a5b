"""What survives a mutation run is explained, and docs/mutants.md says so."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from tools.mutants.explained import EVERY, FILE, Explanation, explanations, outdated
from tools.mutants.mutant import Mutant
from tools.mutants.page import PAGE, Row, page_of, rows_of
from tools.mutants.targets import PACKAGE, ROOT, TARGETS, name_of, path_of, tests_of as paths_of_tests

EXPLAINED = explanations(FILE.read_text(encoding="utf-8"))
MUTANT = Mutant("validate", "return [-token-]{+None+}", range(1, 2), compile("", "mutant", "exec"))
EXPLANATION = Explanation("id_token", "validate", "It changes nothing.", frozenset({MUTANT.change}))


def functions_of(module: str) -> set[str]:
    """Return the names of a module's functions and classes, with those that they are in."""

    def within(node: ast.AST, name: str) -> set[str]:
        names = {name}
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names |= within(child, f"{name}.{child.name}".lstrip("."))
            else:
                names |= within(child, name)
        return names

    return within(ast.parse(path_of(module).read_text(encoding="utf-8")), "")


@pytest.mark.parametrize("module", TARGETS)
def test_what_is_mutated_is_there_with_its_tests(module: str) -> None:
    """Module and tests have not moved away, and every explanation is for a function that exists."""
    assert path_of(module).is_file()
    assert [name for name in paths_of_tests(module) if not (ROOT / name).is_file()] == []
    explained = [one for one in EXPLAINED if one.module == module]
    assert {one.function for one in explained} <= functions_of(module)
    assert [one for one in explained if not one.reason.endswith(".") or not one.changes] == []


def test_every_grant_and_all_of_the_loopback_server_are_mutated() -> None:
    """A new file there is not forgotten."""
    there = {
        str(path.relative_to(ROOT / PACKAGE).with_suffix(""))
        for part in ("grants", "loopback")
        for path in (ROOT / PACKAGE / part).glob("*.py")
    }

    assert there - set(TARGETS) == {"grants/__init__"}  # a docstring
    assert name_of("loopback/__init__") == "kubectl_oidc.loopback"


def test_an_explanation_covers_its_change_and_no_other() -> None:
    """Function and change are compared whole, and what is killed or gone meanwhile is named."""
    assert EXPLANATION.covers(MUTANT)
    assert not EXPLANATION.covers(replace(MUTANT, function="_subject"))
    assert not EXPLANATION.covers(replace(MUTANT, change="return [-token-]"))
    assert replace(EXPLANATION, changes=frozenset({EVERY})).covers(MUTANT)
    assert outdated([EXPLANATION], [MUTANT]) == []
    assert outdated([EXPLANATION], []) == [(EXPLANATION, MUTANT.change)]


def test_the_page_keeps_the_rows_of_modules_that_were_not_tried_again() -> None:
    """What is written is read again, and sums stand below."""
    rows = {"jws": Row(10, 6, 1, 2, 1), "grants/polling": Row(5, 5, 0, 0, 0)}

    page = page_of(rows, [EXPLANATION])

    assert rows_of(page) == rows
    assert [cell.strip() for cell in next(line for line in page.splitlines() if "| all " in line).split("|")][
        2:-1
    ] == ["15", "11", "1", "2", "1"]
    assert "- `validate` (1): It changes nothing." in page


def test_the_page_is_that_of_the_last_run() -> None:
    """Rows stand in their order, each mutant's end is counted, and the explanations are those of explained.toml."""
    page = PAGE.read_text(encoding="utf-8")
    rows = rows_of(page)

    assert list(rows) == [module for module in TARGETS if module in rows]
    for module, row in rows.items():
        assert row.mutants == row.killed + row.timed_out + row.explained + row.left, module
    assert page == page_of(rows, EXPLAINED)
