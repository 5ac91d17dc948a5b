"""What was tried and held: noted by the tests that try it, written to a page of the documentation.

A test takes the fixture ``held`` and calls it when all that it asserts has held. ``pytest --write-held`` writes the page from a run;
without it a row that the page does not have fails its test, so that the page says no less than the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from . import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PAGE = parts.REPOSITORY / "docs" / "hostile-provider.md"
OPTION = "--write-held"
PROPERTY = "held"
_BEGIN = "<!-- What follows is written by the tests: make held -->\n"

Row = tuple[str, str, str]
"""A kind, what was tried, what became of it."""


def row_of(row: Row) -> str:
    """Return the row's line on the page."""
    return f"| {row[1]} | {row[2]} |"


def page_with(rows: Iterable[Row], text: str) -> str:
    """Return the page with these rows in the place of those that it has.

    Args:
        rows: What held, in any order.
        text: The page as it is.
    """
    by_kind: dict[str, list[Row]] = {}
    for row in sorted(set(rows)):
        by_kind.setdefault(row[0], []).append(row)
    total = sum(map(len, by_kind.values()))
    lines = [f"{total} scenarios were tested, and all passed.", "", "| kind | scenarios |", "|---|---:|"]
    lines += [f"| {kind} | {len(found)} |" for kind, found in by_kind.items()]
    for kind, found in by_kind.items():
        lines += ["", f"## {kind}", "", "| scenario | result |", "|---|---|"]
        lines += [row_of(row) for row in found]
    return text.partition(_BEGIN)[0] + _BEGIN + "\n" + "\n".join(lines) + "\n"


def rows_on(text: str) -> list[Row]:
    """Return the rows of the page."""
    found: list[Row] = []
    kind = ""
    for line in text.partition(_BEGIN)[2].splitlines():
        if line.startswith("## "):
            kind = line.removeprefix("## ")
        elif kind and line.startswith("| ") and line != "| scenario | result |":
            what, outcome = line.removeprefix("| ").removesuffix(" |").split(" | ")
            found.append((kind, what, outcome))
    return found


@pytest.fixture
def held(
    record_property: Callable[[str, object], None], request: pytest.FixtureRequest
) -> Callable[[str, str, str], None]:
    """Return what notes that a scenario held: its kind, what was tried, what became of it."""

    def note(kind: str, what: str, outcome: str) -> None:
        row = tuple(text.replace("|", "\\|") for text in (kind, what, outcome))
        record_property(PROPERTY, row)
        if not request.config.getoption(OPTION):
            assert row in rows_on(PAGE.read_text(encoding="utf-8")), f"`make held` writes it to {PAGE.name}"

    return note


class Writer:
    """Writes the page when the run is over; it sees the reports of all processes."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what held."""
        self._failed = self._failed or report.failed
        if report.when == "teardown" or not report.passed:
            return
        for name, value in report.user_properties:
            if name == PROPERTY:
                assert isinstance(value, list | tuple)
                kind, what, became = map(str, value)
                self._rows.append((kind, what, became))

    def pytest_sessionfinish(self) -> None:
        """Write the page, if nothing failed."""
        if self._rows and not self._failed:
            PAGE.write_text(page_with(self._rows, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
