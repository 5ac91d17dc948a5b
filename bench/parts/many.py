"""Helm, Terraform, k9s and shell loops start many plugins at once, just when the credential has ended."""

from __future__ import annotations

import time
from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING

from bench.result import Goal, Part, Row, Section, table
from bench.timing import Subject, together
from bench.world import BARE, OURS, PURE

if TYPE_CHECKING:
    from bench.scene import Scene
    from bench.world import World

MANY = 20
ENDED = 2  # seconds; then the token has ended for everybody
WHAT = f"{MANY} plugins at once after expiry"
GOALS = {
    OURS: Goal(WHAT, "kubelogin", "≤ 3 times, one refresh", 3),
    PURE: Goal(WHAT, f"{MANY} bare interpreters at once", "≤ 5 times, one refresh", 5, pure=True),
}
ROUNDS = 10


def _measure(world: World) -> Section:
    scenes = {side.name: world.scene("many", side) for side in world.sides}
    sides: list[tuple[Scene, Subject]] = [
        (scene, scene.signed_in(name, "disk")) for name, scene in scenes.items()
    ]
    bare = world.bare()
    walls: dict[str, list[float]] = defaultdict(list)
    requests: dict[str, list[int]] = defaultdict(list)
    together(bare, MANY)
    for _ in range(min(ROUNDS, world.few)):
        for side, subject in sides:
            world.provider.lives[side.client] = ENDED
            side.answer(subject, "--force-refresh")
            del world.provider.lives[side.client]
        time.sleep(ENDED + 0.1)
        walls[BARE].append(together(bare, MANY))
        for _, subject in sides:
            before = len(world.provider.asked)
            walls[subject.name].append(together(subject, MANY))
            requests[subject.name].append(len(world.provider.asked) - before)
    medians = {name: median(taken) for name, taken in walls.items()}
    against = {OURS: medians.get(world.peer_name), PURE: medians[BARE]}
    rows = [_row(goal, medians[name], against[name], max(requests[name])) for name, goal in GOALS.items()]
    return Section(rows, _text(medians, requests))


def _row(goal: Goal, ours: float, theirs: float | None, refreshes: int) -> Row:
    row = goal.ratio(ours, theirs, note=f", {refreshes} request(s) at most")
    return row if refreshes == 1 else goal.holds(False, row.measured)


def _text(medians: dict[str, float], requests: dict[str, list[int]]) -> str:
    rows = [["", "until the last has ended", "times bare", "requests, all together"]]
    for name, taken in medians.items():
        asked = (
            " to ".join(str(one) for one in sorted({min(requests[name]), max(requests[name])}))
            if name in requests
            else ""
        )
        rows.append([name, f"{taken:.0f} ms", f"{taken / medians[BARE]:.2f}", asked])
    return table(rows)


PART = Part("many", f"{MANY} plugins at once", tuple(GOALS.values()), _measure)
