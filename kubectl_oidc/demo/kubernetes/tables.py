"""Objects as lists, and as tables whose columns the server defines (``meta.k8s.io/v1`` Table)."""

from __future__ import annotations

import time
from calendar import timegm
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .resources import Resource

TABLE = {"as": "Table", "v": "v1", "g": "meta.k8s.io"}
"""The parameters of ``Accept`` with which a client requests a table."""

Object = dict[str, Any]


def object_list(resource: Resource, objects: Sequence[Object]) -> Object:
    """Return the objects as a list, such as a PodList."""
    items = [
        {name: value for name, value in one.items() if name not in {"kind", "apiVersion"}} for one in objects
    ]
    return {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": {"resourceVersion": "100000"},
        "items": items,
    }


def table(resource: Resource, objects: Sequence[Object], *, include: str, now: float) -> Object:
    """Return the objects as a table.

    Args:
        include: What each row has of its object: ``Metadata``, ``Object`` or ``None``.
        now: The time for the ages, in epoch seconds.
    """
    columns, cells = _COLUMNS[resource.name]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": "100000"},
        "columnDefinitions": [
            {
                "name": name,
                "type": "string",
                "format": "name" if name == "Name" else "",
                "description": name,
                "priority": priority,
            }
            for name, priority in columns
        ],
        "rows": [{"cells": cells(one, now), **_carried(one, include)} for one in objects],
    }


def _carried(one: Object, include: str) -> Object:
    if include == "None":
        return {}
    if include == "Object":
        return {"object": one}
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": one["metadata"]}
    return {"object": partial}


def _pod(one: Object, now: float) -> list[Any]:
    status = one["status"]
    containers = status["containerStatuses"]
    ready = sum(container["ready"] for container in containers)
    restarts = sum(container["restartCount"] for container in containers)
    return [
        one["metadata"]["name"],
        f"{ready}/{len(containers)}",
        status["phase"],
        str(restarts),
        _age(one, now),
        status["podIP"],
        one["spec"]["nodeName"],
        "<none>",
        "<none>",
    ]


def _namespace(one: Object, now: float) -> list[Any]:
    return [one["metadata"]["name"], one["status"]["phase"], _age(one, now)]


def _binding(one: Object, now: float) -> list[Any]:
    groups = ", ".join(subject["name"] for subject in one["subjects"])
    return [one["metadata"]["name"], f"ClusterRole/{one['roleRef']['name']}", _age(one, now), "", groups, ""]


_COLUMNS: dict[str, tuple[tuple[tuple[str, int], ...], Callable[[Object, float], list[Any]]]] = {
    "pods": (
        (
            ("Name", 0), ("Ready", 0), ("Status", 0), ("Restarts", 0), ("Age", 0), ("IP", 1), ("Node", 1),
            ("Nominated Node", 1), ("Readiness Gates", 1),
        ),
        _pod,
    ),
    "namespaces": ((("Name", 0), ("Status", 0), ("Age", 0)), _namespace),
    "clusterrolebindings": (
        (("Name", 0), ("Role", 0), ("Age", 0), ("Users", 1), ("Groups", 1), ("ServiceAccounts", 1)),
        _binding,
    ),
}  # fmt: skip


def _age(one: Object, now: float) -> str:
    """Return an age as Kubernetes prints one of two days to two years: with the hours below eight days."""
    created = timegm(time.strptime(one["metadata"]["creationTimestamp"], "%Y-%m-%dT%H:%M:%SZ"))
    days, hours = divmod(int(now - created) // 3600, 24)
    return f"{days}d{hours}h" if hours and days < 8 else f"{days}d"  # noqa: PLR2004
