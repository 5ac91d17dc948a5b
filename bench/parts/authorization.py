"""The first sign-in: how long until the authorization request reaches the provider, with nothing cached."""

from __future__ import annotations

import shutil
from statistics import median
from typing import TYPE_CHECKING

from bench.result import Part, Section, at_most, table
from bench.timing import CouldNotMeasure, Subject, once
from bench.world import NO_PEER, OURS

if TYPE_CHECKING:
    from bench.scene import Scene
    from bench.world import World

DISTANCE = 50  # milliseconds
REQUEST = "GET /authorize"
GOAL = at_most(f"time until the authorization request, nothing cached, {DISTANCE} ms", "kubelogin", 1.5)


def _measure(world: World) -> Section:
    scenes = [(OURS, world.scene("authorization-ours"))]
    if world.peer:
        scenes.append((world.peer_name, world.scene("authorization-peer", peer=True)))
    sides = [(scene, scene.subject(name, "disk")) for name, scene in scenes]
    taken: dict[str, list[float]] = {name: [] for name, _ in scenes}
    for scene, _ in sides:
        scene.make()
    with world.distance(DISTANCE):
        for turn in range(1 + world.few):
            for scene, subject in sides:
                milliseconds = _sign_in(world, scene, subject)
                if turn:  # the first fills the caches of the system
                    taken[subject.name].append(milliseconds)
    ours, *peers = (median(times) for times in taken.values())
    row = GOAL.ratio(ours, peers[0]) if peers else GOAL.unmeasured(f"{NO_PEER} (ours takes {ours:.0f} ms)")
    rows = [["", "until the authorization request"]]
    return Section([row], table(rows + [[name, f"{median(times):.0f} ms"] for name, times in taken.items()]))


def _sign_in(world: World, scene: Scene, subject: Subject) -> float:
    """Sign in with nothing cached and return the milliseconds until the provider was asked."""
    shutil.rmtree(scene.home / ".kube", ignore_errors=True)
    before = len(world.provider.asked)
    started = once(subject).started
    for asked in world.provider.asked[before:]:
        if asked.line == REQUEST:
            return (asked.at - started) / 1e6
    raise CouldNotMeasure(f"{subject.name} did not sign in")


PART = Part("authorization", "The first sign-in", (GOAL,), _measure)
