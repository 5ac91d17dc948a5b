"""The peak memory of a cached call."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from bench.result import Goal, Part, Section, table
from bench.timing import peak
from bench.world import NO_PEER, OURS

if TYPE_CHECKING:
    from bench.world import World

GOAL = Goal("peak memory of a cached call (`disk`)", "kubelogin", "less")
RUNS = 9


def _measure(world: World) -> Section:
    subjects = [world.bare(), world.scene("memory-ours").signed_in(OURS, "disk")]
    if world.peer:
        subjects.append(world.scene("memory-peer", peer=True).signed_in(world.peer_name, "disk"))
    taken: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    for _ in range(RUNS):
        for subject in subjects:
            taken[subject.name].append(peak(subject))
    peaks = {name: median(one) for name, one in taken.items()}
    ours = peaks[OURS]
    if world.peer:
        other = peaks[world.peer_name]
        row = GOAL.holds(ours < other, f"{ours:.1f} MB against {other:.1f} MB")
    else:
        row = GOAL.unmeasured(f"{NO_PEER} (ours takes {ours:.1f} MB)")
    rows = [["", "peak resident set"]]
    return Section([row], table(rows + [[name, f"{one:.1f} MB"] for name, one in peaks.items()]))


PART = Part("memory", "Memory", (GOAL,), _measure)
