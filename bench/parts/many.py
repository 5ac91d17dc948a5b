"""Helm, Terraform, k9s and shell loops start many plugins at once, just when the credential has ended."""

from __future__ import annotations

import time
from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING

from bench.result import Goal, Part, Row, Section, table
from bench.timing import Subject, together
from bench.world import BARE, OURS

if TYPE_CHECKING:
    from bench.scene import Scene
    from bench.world import World

MANY = 20
ENDED = 2  # seconds; then the token has ended for everybody
GOAL = Goal(
    f"{MANY} plugins at once after expiry", f"{MANY} bare interpreters at once", "≤ 5 times, one refresh", 5
)
ROUNDS = 10


def _measure(world: World) -> Section:
    scene = world.scene("many-ours")
    sides: list[tuple[Scene, Subject]] = [(scene, scene.signed_in(OURS, "disk"))]
    if world.peer:
        other = world.scene("many-peer", peer=True)
        sides.append((other, other.signed_in(world.peer_name, "disk")))
    bare = world.bare()
    walls: dict[str, list[float]] = defaultdict(list)
    requests: dict[str, list[list[str]]] = defaultdict(list)
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
            requests[subject.name].append([asked.line for asked in world.provider.asked[before:]])
    return Section([_row(walls, requests[OURS])], _text(walls, requests))


def _row(walls: dict[str, list[float]], requests: list[list[str]]) -> Row:
    ours, bare = median(walls[OURS]), median(walls[BARE])
    refreshes = max(len(round_) for round_ in requests)
    shown = f"{ours / bare:.2f} times ({ours:.0f} against {bare:.0f} ms), {refreshes} request(s) at most"
    return GOAL.holds(ours / bare <= GOAL.most and refreshes == 1, shown)


def _text(walls: dict[str, list[float]], requests: dict[str, list[list[str]]]) -> str:
    bare = median(walls[BARE])
    rows = [["", "until the last is gone", "times bare", "requests, of all together"]]
    for name, taken in walls.items():
        counts = sorted({len(round_) for round_ in requests[name]}) if name in requests else []
        asked = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else "".join(map(str, counts))
        rows.append([name, f"{median(taken):.0f} ms", f"{median(taken) / bare:.2f}", asked])
    return table(rows)


PART = Part("many", f"{MANY} plugins at once", (GOAL,), _measure)
