"""A refresh, with the provider's metadata known, at several distances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.plot import Line, lines
from bench.result import Goal, Part, Plot, Row, Section, at_most, table
from bench.timing import Times, measure
from bench.world import NO_PEER, OURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.world import World

ENDED = 5  # seconds; our program hands out no token that ends so soon a second time
NEAREST = 180  # milliseconds

ONE_REQUEST = Goal("refresh, metadata known", "requests", "exactly 1")
AT_ZERO = Goal("refresh at 0 ms round trip", "the clock", f"≤ {NEAREST} ms")
AWAY = {
    distance: at_most(f"refresh at {distance} ms round trip", "kubelogin", most)
    for distance, most in ((50, 1.25), (100, 0.9), (200, 0.8))
}
DISTANCES = (0, *AWAY)


def _measure(world: World) -> Section:
    scene = world.scene("refresh-ours")
    ours = scene.signed_in(OURS, "disk")
    world.provider.lives[scene.client] = ENDED
    scene.answer(ours, "--force-refresh")
    subjects, requests = [ours], {OURS: scene.requests_of(ours)}
    if world.peer:
        # It has no memory of its command line, so that a refresh that is asked for goes the way of one that is due.
        other = world.scene("refresh-peer", peer=True)
        forced = other.signed_in(world.peer_name, "disk").but("--force-refresh")
        subjects.append(forced)
        requests[forced.name] = other.requests_of(forced)
    times: dict[int, dict[str, Times]] = {}
    for distance in DISTANCES:
        with world.distance(distance):
            times[distance] = measure(subjects, world.few, warm_up=1)
    return Section(
        [_counted(requests[OURS]), *_rows(times, world)], _text(times, requests), {"refresh": _plot(times)}
    )


def _counted(requests: Sequence[str]) -> Row:
    return ONE_REQUEST.holds(len(requests) == 1, f"{len(requests)}: {', '.join(requests)}")


def _rows(times: Mapping[int, Mapping[str, Times]], world: World) -> list[Row]:
    nearest = times[0][OURS].wall
    rows = [AT_ZERO.holds(nearest <= NEAREST, f"{nearest:.0f} ms")]
    for distance, goal in AWAY.items():
        if world.peer:
            at = times[distance]
            rows.append(goal.ratio(at[OURS].wall, at[world.peer_name].wall))
        else:
            rows.append(goal.unmeasured(f"{NO_PEER} (ours takes {times[distance][OURS].wall:.0f} ms)"))
    return rows


def _text(times: Mapping[int, Mapping[str, Times]], requests: Mapping[str, Sequence[str]]) -> str:
    rows = [["", "requests", *(f"{distance} ms" for distance in times)]]
    for name, asked in requests.items():
        rows.append([name, str(len(asked)), *(f"{at[name].wall:.0f} ms" for at in times.values())])
    asked = "\n".join(f"- {name}: {', '.join(lines) or 'none'}" for name, lines in requests.items())
    return f"{table(rows)}\n\nWhat one refresh asks the provider:\n\n{asked}"


def _plot(times: Mapping[int, Mapping[str, Times]]) -> Plot:
    series = [Line(name, [(distance, at[name].wall) for distance, at in times.items()]) for name in times[0]]
    svg = lines("A refresh", series, "round trip to the provider, ms", "median, ms")
    return Plot(svg, "Lines: the median time of a refresh by the round trip to the provider")


PART = Part("refresh", "A refresh", (ONE_REQUEST, AT_ZERO, *AWAY.values()), _measure)
