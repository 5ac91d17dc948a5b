"""A call that needs Python, from the bundle and from an environment: ``version``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.result import Part, Section, at_most, times_table
from bench.timing import Subject, measure
from bench.world import OURS, PURE

if TYPE_CHECKING:
    from bench.world import World

GOAL = at_most("cold start from the bundle (`version`)", "the pure wheel", 1)


def _measure(world: World) -> Section:
    environment = {"HOME": str(world.work), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    subjects = [
        Subject(side.name, (str(side.program), "version"), environment)
        for side in world.sides
        if side.key != "peer"
    ]
    times = measure(subjects, max(3, world.runs // 5))
    text = f"{times_table(times)}\n\nThe files are in the system's cache, and no other process of the program runs."
    return Section([GOAL.ratio(times[OURS].wall, times[PURE].wall)], text)


PART = Part("start", "A call that needs Python", (GOAL,), _measure)
