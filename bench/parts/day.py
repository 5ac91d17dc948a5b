"""A day in short: tokens that live 20 seconds, and a call every second for two minutes."""

from __future__ import annotations

import threading
import time
from statistics import median, quantiles
from typing import TYPE_CHECKING

from bench.plot import Line, lines
from bench.result import Part, Plot, Section, at_most, table
from bench.timing import CouldNotMeasure, Subject, once
from bench.world import NO_PEER, OURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.world import World

DISTANCE = 100  # milliseconds
LIFE = 20  # seconds
CALLS, EVERY, WINDOWS = 120, 1.0, 3
AHEAD = "--refresh-ahead"
FRACTION = 0.7
GOAL = at_most(
    f"a day in short, 99th percentile: {LIFE}-second tokens, a call a second, {DISTANCE} ms",
    "kubelogin's",
    0.25,
)


def _measure(world: World) -> Section:
    ahead = [f"{AHEAD}={FRACTION}"] if world.takes(AHEAD) else []
    scene = world.scene("day-ours")
    world.provider.lives[scene.client] = LIFE
    subjects = [scene.signed_in(OURS, "disk", *ahead)]
    if world.peer:
        other = world.scene("day-peer", peer=True)
        world.provider.lives[other.client] = LIFE
        subjects.append(other.signed_in(world.peer_name, "disk"))
    with world.distance(DISTANCE):
        windows = [_window(subjects) for _ in range(WINDOWS)]
    calls = {one.name: [wall for window in windows for wall in window[one.name]] for one in subjects}
    late = {name: _percentile(taken, 99) for name, taken in calls.items()}
    ours = late[OURS]
    row = (
        GOAL.ratio(ours, late[world.peer_name])
        if world.peer
        else GOAL.unmeasured(f"{NO_PEER} (ours takes {ours:.0f} ms)")
    )
    said = (
        f"Ours runs with `{ahead[0]}`."
        if ahead
        else f"Ours has no `{AHEAD}` here: it refreshes when a token has ended."
    )
    text = f"{_table(calls)}\n\n{WINDOWS} times two minutes, the first call of each left out. {said}"
    return Section([row], text, {"day": _plot(calls)})


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


def _plot(calls: Mapping[str, Sequence[float]]) -> Plot:
    series = [
        Line(name, [(percent, _percentile(taken, percent)) for percent in range(50, 100)])
        for name, taken in calls.items()
    ]
    svg = lines("A day in short", series, "per cent of the calls that took no longer", "ms", marks=False)
    return Plot(svg, "Lines: how long a call takes, from the median to the 99th percentile")


PART = Part("day", "A day in short", (GOAL,), _measure, long=True)
