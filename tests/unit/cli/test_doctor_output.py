"""The examination for people: marks, columns, widths, and names from outside that are no markup."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from kubectl_oidc.cli.doctor_output import DoctorOutput
from kubectl_oidc.diagnosis.run import Result, Status

LONG = "word " * 40


def written(*results: Result, width: int = 80, encoding: str = "utf-8", terminal: bool = False) -> str:
    """Return what stands there after these results."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(
        file=file,
        width=width,
        force_terminal=terminal,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    sheet = DoctorOutput(console)
    for result in results:
        sheet.result(result)
    file.flush()
    return raw.getvalue().decode(encoding)


def result(status: Status, message: str = "seen", hint: str = "", topic: str = "") -> Result:
    return Result(name="discovery", status=status, message=message, hint=hint, topic=topic)


@pytest.mark.parametrize(
    ("status", "mark", "plain"),
    [
        (Status.OK, "✓", "+"),
        (Status.WARNING, "!", "!"),
        (Status.PROBLEM, "✗", "x"),
        (Status.SKIPPED, "-", "-"),
    ],
)
def test_each_status_has_its_mark(status: Status, mark: str, plain: str) -> None:
    """ASCII where the encoding has no other."""
    assert written(result(status)) == f"{mark} discovery          seen\n"
    assert written(result(status), encoding="ascii") == f"{plain} discovery          seen\n"


def test_a_hint_stands_under_its_message() -> None:
    """With the heading that explains it."""
    lines = written(result(Status.PROBLEM, "seen", "do this", "tls")).splitlines()
    assert lines[1] == " " * 21 + "hint: do this (troubleshooting: tls)"
    assert written(result(Status.PROBLEM, "seen", "do this")).splitlines()[1].endswith("hint: do this")


@pytest.mark.parametrize("width", [40, 60, 80, 300])
def test_lines_end_at_the_terminals_width(width: int) -> None:
    """From 60 to 100 columns; what goes on stands under where it began."""
    lines = written(result(Status.WARNING, LONG, LONG, "tls"), width=width).splitlines()
    widest = min(max(width, 60), 100)
    assert widest - 5 <= max(map(len, lines)) <= widest
    assert all(line.startswith(" " * 21) for line in lines[1:])


def test_words_from_outside_are_no_markup_and_lose_what_cannot_be_written() -> None:
    assert "[red]ops[/red] :smile:" in written(result(Status.OK, "[red]ops[/red] :smile:"))
    assert "gr?ppe" in written(result(Status.OK, "grüppe"), encoding="ascii")


def test_only_a_terminal_has_colour() -> None:
    """The mark and the name of a problem are red there."""
    assert "\x1b" not in written(result(Status.PROBLEM))
    assert "\x1b[31m✗" in written(result(Status.PROBLEM), terminal=True)


@pytest.mark.parametrize(
    ("problems", "warnings", "words"),
    [
        (0, 0, "Nothing is wrong"),
        (0, 2, "Nothing is wrong, 2 things to know"),
        (1, 0, "1 problem: begin with the first"),
        (3, 1, "3 problems: begin with the first, 1 thing to know"),
    ],
)
def test_the_end_counts(problems: int, warnings: int, words: str) -> None:
    file = io.StringIO()
    DoctorOutput(Console(file=file, width=80)).end(problems, warnings)
    assert file.getvalue() == f"{words}\n"
