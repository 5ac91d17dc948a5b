"""A refresh, with the provider's metadata known, at several distances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.plot import Line, lines
from bench.result import Goal, Part, Plot, Row, Section, at_most, table
from bench.timing import Times, measure
from bench.world import OURS, PURE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.timing import Subject
    from bench.world import Side, World

ENDED = 5  # seconds; our program hands out no token that ends so soon a second time
NEAREST = 180  # milliseconds

ONE_REQUEST = {
    name: Goal("refresh, metadata known", "requests", "exactly 1", pure=name == PURE) for name in (OURS, PURE)
}
AT_ZERO = Goal("refresh at 0 ms round trip", "the clock", f"≤ {NEAREST} ms", pure=True)
MOST = {OURS: {0: 3, 50: 1, 100: 0.8, 200: 0.7}, PURE: {50: 1.25, 100: 0.9, 200: 0.8}}
"""The largest ratio to kubelogin's time, by the round trip in milliseconds."""
RATIOS = {
    (name, distance): at_most(f"refresh at {distance} ms round trip", "kubelogin", ratio, pure=name == PURE)
    for name, ratios in MOST.items()
    for distance, ratio in ratios.items()
}
DISTANCES = tuple(MOST[OURS])


def _measure(world: World) -> Section:
    subjects, requests = [], {}
    for side in world.sides:
        subject, requests[side.name] = _signed_in(world, side)
        subjects.append(subject)
    times: dict[int, dict[str, Times]] = {}
    for distance in DISTANCES:
        with world.distance(distance):
            times[distance] = measure(subjects, world.few, warm_up=1)
    return Section(_rows(times, requests, world), _text(times, requests), {"refresh": _plot(times, world)})


def _signed_in(world: World, side: Side) -> tuple[Subject, Sequence[str]]:
    """Return a command that refreshes each time, and what it asks the provider."""
    scene = world.scene("refresh", side)
    subject = scene.signed_in(side.name, "disk")
    if side.key == "peer":
        # It has no memory of its command line, so that a refresh that is asked for goes the way of one that is due.
        subject = subject.but("--force-refresh")
    else:
        world.provider.lives[scene.client] = ENDED
        scene.answer(subject, "--force-refresh")
    return subject, scene.requests_of(subject)


def _rows(
    times: Mapping[int, Mapping[str, Times]], requests: Mapping[str, Sequence[str]], world: World
) -> list[Row]:
    rows = [
        goal.holds(len(requests[name]) == 1, f"{len(requests[name])}: {', '.join(requests[name])}")
        for name, goal in ONE_REQUEST.items()
    ]
    nearest = times[0][PURE].wall
    rows.append(AT_ZERO.holds(nearest <= NEAREST, f"{nearest:.0f} ms"))
    for (name, distance), goal in RATIOS.items():
        peer = times[distance].get(world.peer_name)
        rows.append(goal.ratio(times[distance][name].wall, peer.wall if peer else None))
    return rows


def _text(times: Mapping[int, Mapping[str, Times]], requests: Mapping[str, Sequence[str]]) -> str:
    rows = [["", "requests", *(f"{distance} ms" for distance in times)]]
    for name, asked in requests.items():
        rows.append([name, str(len(asked)), *(f"{at[name].wall:.0f} ms" for at in times.values())])
    asked = "\n".join(f"- {name}: {', '.join(lines) or 'none'}" for name, lines in requests.items())
    return f"{table(rows)}\n\nThe requests of one refresh:\n\n{asked}"


def _plot(times: Mapping[int, Mapping[str, Times]], world: World) -> Plot:
    series = [
        Line(side.name, [(distance, at[side.name].wall) for distance, at in times.items()], side.key)
        for side in world.sides
    ]
    svg = lines("A refresh", series, "round trip to the provider, ms", "median, ms")
    return Plot(svg, "Lines: the median time of a refresh by the round trip to the provider")


PART = Part("refresh", "A refresh", (*ONE_REQUEST.values(), AT_ZERO, *RATIOS.values()), _measure)
