"""API discovery."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.demo_cluster import Cluster

from tests.unit.demo.kubernetes.requests import AGGREGATED


def test_discovery_finds_every_resource(cluster: Cluster) -> None:
    """From /api and /apis to every group, version and resource."""
    assert cluster.ask("/api").document["versions"] == ["v1"]
    groups = cluster.ask("/apis").document
    assert groups["kind"] == "APIGroupList"
    found = set()
    for group in groups["groups"]:
        assert cluster.ask(f"/apis/{group['name']}").document == {
            "kind": "APIGroup",
            "apiVersion": "v1",
            **group,
        }
        for version in group["versions"]:
            found |= resources_at(cluster, f"/apis/{version['groupVersion']}", version["groupVersion"])
    assert found == {
        ("clusterrolebindings", "ClusterRoleBinding", False),
        ("selfsubjectreviews", "SelfSubjectReview", False),
        ("selfsubjectaccessreviews", "SelfSubjectAccessReview", False),
        ("selfsubjectrulesreviews", "SelfSubjectRulesReview", False),
    }
    assert resources_at(cluster, "/api/v1", "v1") == {
        ("namespaces", "Namespace", False),
        ("pods", "Pod", True),
    }


def resources_at(cluster: Cluster, path: str, group_version: str) -> set[tuple[str, str, bool]]:
    """Return the resources of a group version: name, kind and whether it is namespaced."""
    document = cluster.ask(path).document
    assert (document["kind"], document["groupVersion"]) == ("APIResourceList", group_version)
    return {(one["name"], one["kind"], one["namespaced"]) for one in document["resources"]}


@pytest.mark.parametrize("path", ["/api", "/apis"])
def test_a_client_that_prefers_the_aggregated_form_gets_this_one(cluster: Cluster, path: str) -> None:
    """Its content type says so."""
    answer = cluster.ask(path, Accept=f"{AGGREGATED},application/json")
    assert answer.kind == "application/json"
    assert answer.document == cluster.ask(path).document
