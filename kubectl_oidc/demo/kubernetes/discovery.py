"""Kubernetes API discovery: one document for each group version. Every client accepts it instead of the aggregated form."""

from __future__ import annotations

from typing import Any

from .resources import RESOURCES

Document = dict[str, Any]

GROUPS = tuple(dict.fromkeys(resource.group for resource in RESOURCES if resource.group))


def document(path: str) -> Document | None:
    """Return the discovery document of a URL's path such as ``/apis``, without a slash at its end; None for another path."""
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in GROUPS]}
    if path == "/api/v1":
        return _resource_list("")
    for name in GROUPS:
        if path == f"/apis/{name}":
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(name)}
        if path == f"/apis/{name}/v1":
            return _resource_list(name)
    return None


def _group(name: str) -> Document:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _resource_list(group: str) -> Document:
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/v1" if group else "v1",
        "resources": [
            {
                "name": one.name,
                "singularName": one.singular,
                "namespaced": one.namespaced,
                "kind": one.kind,
                "verbs": one.verbs,
                "shortNames": one.short_names,
                "categories": one.categories,
            }
            for one in RESOURCES
            if one.group == group
        ],
    }
