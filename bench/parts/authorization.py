"""The first sign-in: how long until the authorization request reaches the provider, with nothing cached."""

from __future__ import annotations

import shutil
from statistics import median
from typing import TYPE_CHECKING

from bench.result import Part, Section, at_most, table
from bench.timing import CouldNotMeasure, Subject, once
from bench.world import OURS, PURE

if TYPE_CHECKING:
    from bench.scene import Scene
    from bench.world import World

DISTANCE = 50  # milliseconds
REQUEST = "GET /authorize"
WHAT = f"time until the authorization request, nothing cached, {DISTANCE} ms"
GOALS = {OURS: at_most(WHAT, "kubelogin", 1.2), PURE: at_most(WHAT, "kubelogin", 1.5, pure=True)}


def _measure(world: World) -> Section:
    scenes = [world.scene("authorization", side) for side in world.sides]
    subjects = [scene.subject(side.name, "disk") for scene, side in zip(scenes, world.sides, strict=True)]
    taken: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    for scene in scenes:
        scene.make()
    with world.distance(DISTANCE):
        for turn in range(1 + world.few):
            for scene, subject in zip(scenes, subjects, strict=True):
                milliseconds = _sign_in(world, scene, subject)
                if turn:  # the first fills the caches of the system
                    taken[subject.name].append(milliseconds)
    medians = {name: median(times) for name, times in taken.items()}
    rows = [goal.ratio(medians[name], medians.get(world.peer_name)) for name, goal in GOALS.items()]
    cells = [[name, f"{one:.0f} ms"] for name, one in medians.items()]
    return Section(rows, table([["", "until the authorization request"], *cells]))


def _sign_in(world: World, scene: Scene, subject: Subject) -> float:
    """Sign in with nothing cached and return the milliseconds until the provider was asked."""
    shutil.rmtree(scene.home / ".kube", ignore_errors=True)
    before = len(world.provider.asked)
    started = once(subject).started
    for asked in world.provider.asked[before:]:
        if asked.line == REQUEST:
            return (asked.at - started) / 1e6
    raise CouldNotMeasure(f"{subject.name} did not sign in")


PART = Part("authorization", "The first sign-in", tuple(GOALS.values()), _measure)
