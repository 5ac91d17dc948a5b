"""Plots as SVG, written by hand: a few bars or lines, readable in a light and in a dark theme.

The colours follow ``prefers-color-scheme``, and the paper is part of the picture, so that a page whose theme is the other one
does not make it unreadable. Lines differ by their dashes and marks too, and each is named beside its end.
"""

from __future__ import annotations

from math import ceil, floor, log10
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 720
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 180, 66, 56
_STEPS = 5  # about so many lines of the grid
_MARKS = 8  # so many values are written below the horizontal axis as they are

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
.paper { fill: #ffffff; }
.grid { stroke: #d1d9e0; }
.ours { fill: #0550ae; stroke: #0550ae; }
.peer { fill: #bc4c00; stroke: #bc4c00; }
.pure { fill: #6639ba; stroke: #6639ba; }
.bare { fill: #818b98; stroke: #818b98; }
.range { stroke: #1f2328; }
path { fill: none !important; stroke-width: 2; }
path.peer { stroke-dasharray: 7 4; }
path.pure { stroke-dasharray: 2 3; }
text.ours, text.peer, text.pure { stroke: none; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .paper { fill: #0d1117; }
  .grid { stroke: #3d444d; }
  .ours { fill: #79c0ff; stroke: #79c0ff; }
  .peer { fill: #ffa657; stroke: #ffa657; }
  .pure { fill: #d2a8ff; stroke: #d2a8ff; }
  .range { stroke: #e6edf3; }
}
"""


class Bar(NamedTuple):
    """One bar.

    Attributes:
        name: What stands before it.
        value: How long it is.
        low: Where the middle half begins.
        high: Where it ends.
        kind: What decides its colour: ``ours``, ``pure``, ``peer`` or ``bare``.
    """

    name: str
    value: float
    low: float
    high: float
    kind: str


class Line(NamedTuple):
    """One line: its name, its points, and ``ours``, ``pure`` or ``peer`` for its colour."""

    name: str
    points: Sequence[tuple[float, float]]
    kind: str


def bars(title: str, shown: Sequence[Bar]) -> str:
    """Return a plot of horizontal bars, each with its value and its middle half.

    Args:
        title: What is shown, with its unit.
        shown: At least one.
    """
    left, row = 250, 34
    step, top = _scale(max(bar.high for bar in shown))
    width = WIDTH - left - 64
    height = _TOP + row * len(shown) + 34
    body = []
    for tick in _ticks(step, top):
        x = left + width * tick / top
        body.append(_grid(x, _TOP - 10, x, height - 28))
        body.append(_text(x, height - 10, _number(tick), "middle"))
    for place, bar in enumerate(shown):
        y = _TOP + row * place
        end = left + width * bar.value / top
        body += [
            _text(left - 8, y + 15, bar.name, "end"),
            _bar(bar.kind, left, end, y),
            _range(left + width * bar.low / top, left + width * bar.high / top, y + 10),
            _text(left + width * max(bar.value, bar.high) / top + 6, y + 15, f"{bar.value:.1f}", "start"),
        ]
    return _svg(title, height, body)


def lines(
    title: str, series: Sequence[Line], across: str, upwards: str, *, marks: bool = True, height: int = 380
) -> str:
    """Return a plot of lines; what the height means stands below the title.

    Args:
        title: What is shown.
        series: At least one line.
        across: What the horizontal axis means, with its unit.
        upwards: The same for the vertical one.
        marks: Whether each point is marked.
        height: Of the picture.
    """
    xs = [x for line in series for x, _ in line.points]
    least, most = min(xs), max(xs)
    step, top = _scale(max(y for line in series for _, y in line.points))
    width, tall = WIDTH - _LEFT - _RIGHT, height - _TOP - _BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        return _LEFT + width * (x - least) / ((most - least) or 1), _TOP + tall * (1 - y / top)

    body = [_text(16, 48, upwards, "start")]
    for tick in _ticks(step, top):
        _, y = at(least, tick)
        body += [_grid(_LEFT, y, _LEFT + width, y), _text(_LEFT - 8, y + 4, _number(tick), "end")]
    for x in _below(sorted(set(xs))):
        body.append(_text(at(x, 0)[0], height - _BOTTOM + 20, _number(x), "middle"))
    body.append(_text(_LEFT + width / 2, height - 12, across, "middle"))
    for line in series:
        kind = line.kind
        points = [at(x, y) for x, y in line.points]
        body.append(f'<path class="{kind}" d="M{" L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>')
        if marks:
            body += [f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in points]
    for name, y, kind in _names([(line.name, at(*line.points[-1])[1], line.kind) for line in series]):
        body.append(_text(_LEFT + width + 12, y + 4, name, "start", kind))
    return _svg(title, height, body)


def _names(ends: Sequence[tuple[str, float, str]]) -> list[tuple[str, float, str]]:
    """Return where the lines' names stand, apart from each other."""
    placed: list[tuple[str, float, str]] = []
    for name, y, kind in sorted(ends, key=lambda one: one[1]):
        placed.append((name, max(y, placed[-1][1] + 18) if placed else y, kind))
    return placed


def _svg(title: str, height: float, body: Sequence[str]) -> str:
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title">',
        f'<title id="title">{escape(title)}</title>',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        _text(16, 26, title, "start", "title"),
    ]
    return "\n".join([*head, *body, "</svg>", ""])


def _text(x: float, y: float, words: str, anchor: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _bar(kind: str, x1: float, x2: float, y: float) -> str:
    return f'<rect class="{kind}" fill-opacity="0.75" x="{x1}" y="{y}" width="{x2 - x1:.1f}" height="20"/>'


def _grid(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _range(x1: float, x2: float, y: float) -> str:
    return f'<line class="range" stroke-width="2" x1="{x1:.1f}" y1="{y}" x2="{x2:.1f}" y2="{y}"/>'


def _scale(most: float) -> tuple[float, float]:
    """Return a round step of the grid and the end of the axis."""
    rough = most / _STEPS or 1.0
    power = 10.0 ** floor(log10(rough))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= rough)
    return step, step * ceil(most / step) or step


def _ticks(step: float, top: float) -> list[float]:
    return [step * number for number in range(round(top / step) + 1)]


def _below(values: Sequence[float]) -> Sequence[float]:
    """Return what stands below the horizontal axis: each value, or round ones where they are many."""
    if len(values) <= _MARKS:
        return values
    step, top = _scale(values[-1] - values[0])
    first = step * ceil(values[0] / step)
    return [tick + first for tick in _ticks(step, top) if tick + first <= values[-1]]


def _number(value: float) -> str:
    return f"{value:g}"
