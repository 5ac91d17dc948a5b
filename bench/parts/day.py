"""A simulated day: tokens that live 20 seconds, and a call every second for two minutes."""

from __future__ import annotations

import threading
import time
from statistics import median, quantiles
from typing import TYPE_CHECKING

from bench.plot import Line, lines
from bench.result import Part, Plot, Section, at_most, table
from bench.timing import CouldNotMeasure, Subject, once
from bench.world import OURS, PURE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.world import World

DISTANCE = 100  # milliseconds
LIFE = 20  # seconds
CALLS, EVERY, WINDOWS = 120, 1.0, 3
AHEAD = "--refresh-ahead=0.7"
WHAT = f"a simulated day, 99th percentile: {LIFE}-second tokens, a call a second, {DISTANCE} ms"
GOALS = {name: at_most(WHAT, "kubelogin's", 0.25, pure=name == PURE) for name in (OURS, PURE)}


def _measure(world: World) -> Section:
    subjects = []
    for side in world.sides:
        scene = world.scene("day", side)
        world.provider.lives[scene.client] = LIFE
        subjects.append(scene.signed_in(side.name, "disk", *(() if side.key == "peer" else (AHEAD,))))
    with world.distance(DISTANCE):
        windows = [_window(subjects) for _ in range(WINDOWS)]
    calls = {one.name: [wall for window in windows for wall in window[one.name]] for one in subjects}
    late = {name: _percentile(taken, 99) for name, taken in calls.items()}
    rows = [goal.ratio(late[name], late.get(world.peer_name)) for name, goal in GOALS.items()]
    said = f"{WINDOWS} times two minutes, the first call of each omitted. This program runs with `{AHEAD}`."
    series = [
        Line(
            side.name,
            [(percent, _percentile(calls[side.name], percent)) for percent in range(50, 100)],
            side.key,
        )
        for side in world.sides
    ]
    svg = lines("A simulated day", series, "per cent of the calls that took no longer", "ms", marks=False)
    plot = Plot(svg, "Lines: how long a call takes, from the median to the 99th percentile")
    return Section(rows, f"{_table(calls)}\n\n{said}", {"day": plot})


def _window(subjects: Sequence[Subject]) -> Mapping[str, Sequence[float]]:
    """Call each subject every second for two minutes, the subjects evenly between each other.

    Returns:
        The milliseconds of each call but the first, by the subject's name.

    Raises:
        CouldNotMeasure: A call failed.
    """
    taken: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    failures: list[CouldNotMeasure] = []
    began = time.monotonic() + 0.2

    def call(subject: Subject, offset: float) -> None:
        for number in range(CALLS):
            time.sleep(max(0.0, began + offset + number * EVERY - time.monotonic()))
            try:
                taken[subject.name].append(once(subject).wall)
            except CouldNotMeasure as error:
                failures.append(error)
                return

    callers = [
        threading.Thread(target=call, args=(subject, place * EVERY / len(subjects)))
        for place, subject in enumerate(subjects)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    if failures:
        raise failures[0]
    return {name: walls[1:] for name, walls in taken.items()}


def _percentile(taken: Sequence[float], percent: int) -> float:
    return quantiles(taken, n=100, method="inclusive")[percent - 1]


def _table(calls: Mapping[str, Sequence[float]]) -> str:
    rows = [["", "calls", "median", "95 %", "99 %", "longest"]]
    for name, taken in calls.items():
        times = (median(taken), _percentile(taken, 95), _percentile(taken, 99), max(taken))
        rows.append([name, str(len(taken)), *(f"{one:.0f} ms" for one in times)])
    return table(rows)


PART = Part("day", "A simulated day", tuple(GOALS.values()), _measure, long=True)
