"""Ages and tables as Kubernetes prints them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.demo.kubernetes.resources import Cluster, Resource, find
from kubectl_oidc.demo.kubernetes.tables import human_duration, object_list, table

MINUTE, HOUR, DAY = 60, 3600, 86400
YEAR = 365 * DAY
BORN = 1_760_000_000.0
UNITS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY, "y": YEAR}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (1, "1s"),
        (119, "119s"),
        (2 * MINUTE, "2m"),
        (2 * MINUTE + 1, "2m1s"),
        (3 * MINUTE - 1, "2m59s"),
        (10 * MINUTE - 1, "9m59s"),
        (10 * MINUTE, "10m"),
        (10 * MINUTE + 59, "10m"),
        (HOUR, "60m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (3 * HOUR + MINUTE - 1, "3h"),
        (3 * HOUR + MINUTE, "3h1m"),
        (8 * HOUR - 1, "7h59m"),
        (8 * HOUR, "8h"),
        (8 * HOUR + 59 * MINUTE, "8h"),
        (2 * DAY - 1, "47h"),
        (2 * DAY, "2d"),
        (2 * DAY + HOUR - 1, "2d"),
        (2 * DAY + HOUR, "2d1h"),
        (8 * DAY - 1, "7d23h"),
        (8 * DAY, "8d"),
        (8 * DAY + 23 * HOUR, "8d"),
        (YEAR, "365d"),
        (2 * YEAR - 1, "729d"),
        (2 * YEAR, "2y"),
        (2 * YEAR + DAY - 1, "2y"),
        (2 * YEAR + DAY, "2y1d"),
        (3 * YEAR, "3y"),
        (8 * YEAR - 1, "7y364d"),
        (8 * YEAR, "8y"),
        (8 * YEAR + 364 * DAY, "8y"),
        (25 * YEAR, "25y"),
    ],
)
def test_ages_follow_kubernetes_rules(seconds: int, words: str) -> None:
    """``HumanDuration`` in k8s.io/apimachinery: the longer an age, the coarser."""
    assert human_duration(seconds) == words


@given(st.integers(0, 100 * YEAR))
def test_an_age_is_rounded_down(seconds: int) -> None:
    """By less than its finest unit."""
    words = human_duration(seconds)
    said, unit, digits = 0, 1, ""
    for character in words:
        if character.isdigit():
            digits += character
        else:
            unit = UNITS[character]
            said, digits = said + int(digits) * unit, ""

    assert said <= seconds < said + unit


def pods() -> tuple[Resource, list[dict[str, Any]]]:
    """Return the resource and the objects of a cluster that was made at BORN."""
    resource = find("", "v1", "pods")
    assert resource is not None
    return resource, Cluster(clock=lambda: BORN).objects(resource)


@pytest.mark.parametrize(
    ("later", "age"), [(0, "2d4h"), (DAY, "3d4h"), (30 * DAY, "32d"), (-3 * DAY, "<invalid>")]
)
def test_the_age_is_that_of_the_request(later: float, age: str) -> None:
    """It grows while the API runs. If the clock is set back, it is invalid."""
    resource, objects = pods()
    cells = table(resource, objects[:1], include="None", now=BORN + later)["rows"][0]["cells"]
    assert cells[:5] == ["web-6d8f7c5b9-2xkqp", "1/1", "Running", "0", age]


def test_ready_containers_and_restarts_are_counted() -> None:
    """RESTARTS is the sum."""
    resource, objects = pods()
    one = next(pod for pod in objects if len(pod["spec"]["containers"]) == 2)
    first, second = one["status"]["containerStatuses"]
    first.update(ready=False, restartCount=2)
    second.update(restartCount=3)
    cells = table(resource, [one], include="None", now=BORN)["rows"][0]["cells"]
    assert cells[1:4] == ["1/2", "Running", "5"]


def test_without_objects_there_are_no_rows() -> None:
    """The columns stay, so that kubectl can say that there are no resources."""
    resource, _ = pods()
    empty = table(resource, [], include="Metadata", now=BORN)
    assert empty["rows"] == []
    assert empty["columnDefinitions"][0]["name"] == "Name"
    assert object_list(resource, [])["items"] == []


def test_a_list_does_not_change_its_objects() -> None:
    """Only the items of the list lack kind and apiVersion."""
    resource, objects = pods()
    listed = object_list(resource, objects)
    assert listed["kind"] == "PodList"
    assert all({"kind", "apiVersion"} <= one.keys() for one in objects)
    assert [item | {"kind": "Pod", "apiVersion": "v1"} for item in listed["items"]] == objects
