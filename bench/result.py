"""What a part of the bench hands to the page: its goals with what was measured, its tables and its plots."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from .timing import NO_PEER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .timing import Times
    from .world import World


class Row(NamedTuple):
    """One line of a table of goals.

    Attributes:
        goal: What is to be reached.
        measured: What was measured, as it is written.
        met: Whether that is what is to be reached, as it is written.
    """

    goal: Goal
    measured: str
    met: str

    def cells(self) -> Sequence[str]:
        """Return the cells of the line."""
        return (self.goal.what, self.goal.against, self.goal.goal, self.measured, self.met)


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached.

    Args:
        what: What is measured.
        against: What it is held against.
        goal: What is to hold, in words.
        most: The largest ratio that meets it, where it is a ratio.
        pure: Whether it is a goal of the pure wheel, not of the bundle.
    """

    what: str
    against: str
    goal: str
    most: float = 0.0
    pure: bool = False

    def ratio(self, ours: float, theirs: float | None, unit: str = "ms", note: str = "") -> Row:
        """Return the row for two medians; ``theirs`` is None if there is no other program."""
        if theirs is None:
            return self.unmeasured(f"{NO_PEER} (ours takes {ours:.1f} {unit})")
        shown = f"{ours / theirs:.2f} times ({ours:.1f} against {theirs:.1f} {unit})"
        return self.holds(ours / theirs <= self.most, f"{shown}{note}")

    def holds(self, met: bool, measured: str) -> Row:  # noqa: FBT001 - it is the question itself
        """Return the row for something measured."""
        return Row(self, measured, "met" if met else "**NOT MET**")

    def unmeasured(self, reason: str) -> Row:
        """Return the row for what could not be measured."""
        return Row(self, f"not measured: {reason}", "")


def at_most(what: str, against: str, most: float, *, pure: bool = False) -> Goal:
    """Return the goal of a ratio."""
    return Goal(what, against, f"≤ {most:g} times", most, pure)


@dataclass(frozen=True, slots=True)
class Section:
    """What one part found out.

    Args:
        rows: A row for each of its goals.
        text: Markdown below the section's title: tables and what is to be said.
        plots: SVG by name; the page shows them after the text.
    """

    rows: Sequence[Row]
    text: str = ""
    plots: Mapping[str, Plot] = field(default_factory=dict)

    def unjudged(self, reason: str) -> Section:
        """Return the section with its figures, and no row of it called met or not met."""
        rows = [row._replace(met=f"not judged: {reason}" if row.met else "") for row in self.rows]
        return replace(self, rows=rows)


class Plot(NamedTuple):
    """A picture and what it shows, in words for who does not see it."""

    svg: str
    words: str


class Part(NamedTuple):
    """One part of the bench.

    Attributes:
        name: What ``--only`` calls it.
        title: Its title on the page.
        goals: What it measures.
        measure: How; it raises CouldNotMeasure where that is impossible.
        long: Whether ``--quick`` leaves it out.
    """

    name: str
    title: str
    goals: Sequence[Goal]
    measure: Callable[[World], Section]
    long: bool = False

    def without(self, reason: str) -> Section:
        """Return the section of a part that was not measured."""
        return Section([goal.unmeasured(reason) for goal in self.goals])


def times_table(times: Mapping[str, Times], bare: Times | None = None) -> str:
    """Return times as a Markdown table.

    Args:
        times: By what was measured.
        bare: The bare interpreter's, to hold the others against.
    """
    head = ["", "median", "middle half", "processor time"]
    rows = [head + (["times bare", "processor time above bare"] if bare else [])]
    for name, one in times.items():
        cells = [name, f"{one.wall:.1f} ms", f"{one.low:.1f} to {one.high:.1f} ms", f"{one.cpu:.1f} ms"]
        if bare:
            cells += [f"{one.wall / bare.wall:.2f}", f"{one.cpu - bare.cpu:.1f} ms"]
        rows.append(cells)
    return table(rows)


def table(rows: Sequence[Sequence[str]], *, words: int = 1) -> str:
    """Return rows as a Markdown table that is readable in a terminal too.

    Args:
        rows: The first is the head.
        words: How many columns from the left are words; the rest are numbers, to the right.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rule = ["-" * (width + 1) + ("-" if column < words else ":") for column, width in enumerate(widths)]
    lines = [
        "| "
        + " | ".join(
            f"{cell:<{width}}" if column < words else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join(rule) + "|", *lines[1:]])
