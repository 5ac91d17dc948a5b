"""The page of what was tried and held says what the tests' tables hold, no less and no more."""

from __future__ import annotations

from collections import Counter

from tests.held import PAGE, Row, page_with, rows_on
from tests.hostile_scenarios import KINDS
from tests.hostile_scenarios.callbacks import ENDING, FORGED

ROWS: list[Row] = [
    ("Callback", "a code twice", "refused"),
    ("Key set", "is nothing", "refused; nothing is stored"),
    ("Key set", "is a \\| b", "believed"),
]


def test_rows_are_written_by_kind_and_read_again() -> None:
    """What stands above the mark stays; what stood below it goes."""
    once = page_with([ROWS[0]], "# Title\n")
    page = page_with([*ROWS, ROWS[0]], once)
    assert page.startswith("# Title\n")
    assert "3 scenarios were tested" in page
    assert "| Key set | 2 |" in page
    assert rows_on(page) == sorted(ROWS)


def test_the_page_has_every_row_of_the_tables() -> None:
    """A scenario that is added or removed without `make held` is seen here."""
    rows = rows_on(PAGE.read_text(encoding="utf-8"))
    expected = Counter(
        (f"{kind} ({flow})", scenario.name)
        for kind, scenarios in KINDS.items()
        for scenario in scenarios
        for flow in scenario.flows
    )
    expected += Counter(("Callback", callback.name) for callback in (*FORGED, *ENDING))
    own = {
        "a rotated key": ("Key set (refresh)", "has another key than when it was fetched"),
        "a start address that another user saw": (
            "Callback",
            "another user of the machine opens the start address",
        ),
        "what a session's refresh brings": ("ID token (refresh)", " than the session's"),
        "a refresh token that ended": ("Token response (refresh)", "no longer accepts the refresh token"),
    }
    found = Counter(
        (kind, what)
        for kind, what, _ in rows
        if kind not in {"Words", "Secrets"}
        and not any(kind == of and what.endswith(end) for of, end in own.values())
    )
    assert max(expected.values()) == 1, "no two scenarios have one name"
    assert found == expected
