"""The text output of doctor: marks, columns, widths, and names from outside."""

from __future__ import annotations

import io
import os
import re

import pytest
from rich.console import Console

from kubectl_oidc.cli.doctor_output import DoctorOutput
from kubectl_oidc.diagnosis.run import Result, Status
from tests.topics import told_apart

LONG = "word " * 40


def written(*results: Result, width: int = 80, encoding: str = "utf-8", terminal: bool = False) -> str:
    """Return the output of these results."""
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
    output = DoctorOutput(console)
    for result in results:
        output.result(result)
    file.flush()
    return raw.getvalue().decode(encoding).replace(os.linesep, "\n")


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
    """It is ASCII if the encoding lacks the other marks."""
    assert written(result(status)) == f"{mark} discovery          seen\n"
    assert written(result(status), encoding="ascii") == f"{plain} discovery          seen\n"


def test_a_hint_is_below_its_message() -> None:
    """With its topic, if it has one."""
    lines = written(result(Status.PROBLEM, "seen", "do this", "tls")).splitlines()
    assert lines[1] == " " * 21 + "hint: do this (troubleshooting: tls)"
    assert written(result(Status.PROBLEM, "seen", "do this")).splitlines()[1].endswith("hint: do this")


@pytest.mark.parametrize("width", [40, 60, 80, 300])
def test_lines_are_wrapped_at_the_terminals_width(width: int) -> None:
    """From 60 to 100 columns; further lines are indented."""
    lines = written(result(Status.WARNING, LONG, LONG, "tls"), width=width).splitlines()
    widest = min(max(width, 60), 100)
    assert widest - 5 <= max(map(len, lines)) <= widest
    assert all(line.startswith(" " * 21) for line in lines[1:])


def test_text_from_outside_is_not_parsed_as_markup_and_fits_the_encoding() -> None:
    assert "[red]ops[/red] :smile:" in written(result(Status.OK, "[red]ops[/red] :smile:"))
    assert "gr?ppe" in written(result(Status.OK, "grüppe"), encoding="ascii")


def test_only_a_terminal_has_colour() -> None:
    """There the mark and the name of a problem are red."""
    assert "\x1b" not in written(result(Status.PROBLEM))
    assert "\x1b[31m✗" in written(result(Status.PROBLEM), terminal=True)


@pytest.mark.parametrize(
    ("counts", "numbers"),
    [
        ((0, 0, 0), []),
        ((0, 2, 0), ["2"]),
        ((1, 0, 0), ["1"]),
        ((3, 1, 4), ["3", "1", "4"]),
        ((0, 0, 5), ["5"]),
    ],
)
def test_the_end_counts_problems_warnings_and_skipped_checks(
    counts: tuple[int, int, int], numbers: list[str]
) -> None:
    said = end_of(*counts)
    assert said.count("\n") == 1
    assert re.findall(r"\d+", said) == numbers


def test_the_end_tells_problems_warnings_and_skipped_checks_apart() -> None:
    kinds = {"none": (0, 0, 0), "problems": (5, 0, 0), "warnings": (0, 5, 0), "skipped": (0, 0, 5)}
    told_apart({kind: [end_of(*counts)] for kind, counts in kinds.items()})


def end_of(problems: int, warnings: int, skipped: int) -> str:
    """Return the last line for so many findings."""
    file = io.StringIO()
    DoctorOutput(Console(file=file, width=80)).end(problems, warnings, skipped)
    return file.getvalue()
