"""Ages and tables as Kubernetes prints them."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_oidc.demo.kubernetes.resources import Cluster, Resource, find
from kubectl_oidc.demo.kubernetes.tables import object_list, table

HOUR, DAY = 3600, 86400
BORN = 1_760_000_000.0


def pods() -> tuple[Resource, list[dict[str, Any]]]:
    """Return the resource and the objects of a cluster that was made at BORN."""
    resource = find("", "v1", "pods")
    assert resource is not None
    return resource, Cluster(clock=lambda: BORN).objects(resource)


@pytest.mark.parametrize(
    ("later", "age"),
    [
        (0, "2d4h"),
        (DAY, "3d4h"),
        (19 * HOUR, "2d23h"),
        (20 * HOUR, "3d"),
        (5.8 * DAY - 1, "7d23h"),
        (5.8 * DAY + 3 * HOUR, "8d"),
        (30 * DAY, "32d"),
    ],
)
def test_the_age_is_that_of_the_request(later: float, age: str) -> None:
    """It grows while the API runs. The longer it is, the coarser (``HumanDuration`` in k8s.io/apimachinery)."""
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
