"""The peak memory of a cached call."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from bench.result import Part, Section, at_most, table
from bench.timing import peak
from bench.world import OURS, PURE

if TYPE_CHECKING:
    from bench.world import World

WHAT = "peak memory of a cached call (`disk`)"
GOALS = {OURS: at_most(WHAT, "kubelogin", 0.5), PURE: at_most(WHAT, "kubelogin", 1, pure=True)}
RUNS = 9


def _measure(world: World) -> Section:
    subjects = [world.scene("memory", side).signed_in(side.name, "disk") for side in world.sides]
    taken: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    for _ in range(RUNS):
        for subject in subjects:
            taken[subject.name].append(peak(subject))
    peaks = {name: median(one) for name, one in taken.items()}
    rows = [goal.ratio(peaks[name], peaks.get(world.peer_name), "MB") for name, goal in GOALS.items()]
    cells = [[name, f"{one:.1f} MB"] for name, one in peaks.items()]
    return Section(rows, table([["", "peak resident set"], *cells]))


PART = Part("memory", "Memory", tuple(GOALS.values()), _measure)
