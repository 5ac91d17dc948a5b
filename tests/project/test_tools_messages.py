"""The page of messages is what the program says, and finds what it says wherever that stands."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tools.messages import LOG, PACKAGE, PAGE, page, rows_of

if TYPE_CHECKING:
    from pathlib import Path


def sentences(source: str) -> list[tuple[str, ...]]:
    return [row.sentences for row in rows_of(source)]


@pytest.fixture(scope="module")
def written() -> str:
    """Return the page as it would be written now."""
    return page()


def test_the_page_is_what_the_program_says(written: str) -> None:
    """A message that is new or has changed is on the page only when somebody has written it there: `make pages`."""
    assert PAGE.read_text(encoding="utf-8") == written, "read the new messages aloud, then `make pages`"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise StoreError("it is full", "make room")', [("it is full", "make room")]),
        ('raise StoreError(f"{path} is full", hint="make room")', [("{path} is full", "make room")]),
        ('say(f"good for {remaining(left, limit=3)} more")', [("good for {left} more",)]),
        ('say("one " + name + " two")', [("one {name} two",)]),
        ('say(f"{sanitize(a.b)} and {c[0]}")', [("{b} and {c}",)]),
        ("say(f'for {d.join(map(sanitize, names))} or {type(e).__name__}')", [("for {names} or {type}",)]),
        ('say("it worked" if good else "it failed")', [("it worked | it failed",)]),
        ('HINTS = {"denied": "ask an administrator"}', [("ask an administrator",)]),
        ('def f():\n    """A docstring."""\n    return "it is over"', [("it is over",)]),
        ('outer(inner("it is so"), "do that")', [("do that",), ("it is so",)]),
        ('x: "a type of mine" = 1', []),
        ('re.compile("some words here")', []),
        ('("--flag", {"help": "What it does.", "metavar": "A"})', []),
        ('say("word")', []),
        ('open(path, "utf-8")', []),
    ],
)
def test_sentences_are_found(source: str, found: list[tuple[str, ...]]) -> None:
    """In calls, in tables, in what is returned; not in docstrings, types, expressions and help."""
    assert sentences(source) == found


def test_what_only_v_shows_stands_apart(written: str) -> None:
    """Those who sign in never see it."""
    (row,) = rows_of('log.info(1, "no session here")')
    assert row.logged
    assert "## " + LOG in written


ERRORS = {
    name
    for name, node in (
        (node.name, node)
        for node in ast.walk(ast.parse((PACKAGE / "errors.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    if any(isinstance(base, ast.Name) and base.id.endswith(("Error", "Refused")) for base in node.bases)
}


def without_hint(path: Path) -> list[str]:
    """Return the errors that a module makes without saying what to do next."""
    made = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS
    ]
    return [
        f"{path.name}:{node.lineno}"
        for node in made
        if not any(isinstance(argument, ast.Starred) for argument in node.args)
        and len(node.args) < 2
        and not any(keyword.arg == "hint" for keyword in node.keywords)
    ]


def test_every_error_says_what_to_do() -> None:
    """An error without a hint leaves a person alone."""
    assert len(ERRORS) > 15
    assert [found for path in PACKAGE.rglob("*.py") for found in without_hint(path)] == []
