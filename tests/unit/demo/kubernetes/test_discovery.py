"""Both forms of API discovery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.demo_cluster import Cluster

from tests.unit.demo.kubernetes.requests import AGGREGATED


def test_legacy_discovery_finds_every_resource(cluster: Cluster) -> None:
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


@pytest.mark.parametrize("version", ["v2", "v2beta1"])
def test_aggregated_discovery_has_the_same_resources(cluster: Cluster, version: str) -> None:
    """One document for /api and one for /apis, in the requested version."""
    found: dict[str, Any] = {}
    for path in ("/api", "/apis"):
        answer = cluster.ask(path, Accept=f"{AGGREGATED.format(version)},application/json")
        assert answer.kind == AGGREGATED.format(version)
        assert answer.document["kind"] == "APIGroupDiscoveryList"
        assert answer.document["apiVersion"] == f"apidiscovery.k8s.io/{version}"
        for group in answer.document["items"]:
            name = group["metadata"].get("name", "")
            found[f"/apis/{name}/v1" if name else "/api/v1"] = group["versions"][0]["resources"]
    assert len(found) == 4
    for path, resources in found.items():
        legacy = cluster.ask(path).document["resources"]
        assert [(one["resource"], one["singularResource"], one["verbs"]) for one in resources] == [
            (one["name"], one["singularName"], one["verbs"]) for one in legacy
        ]
        assert [one["scope"] for one in resources] == [
            "Namespaced" if one["namespaced"] else "Cluster" for one in legacy
        ]
        assert [one.get("shortNames") for one in resources] == [one.get("shortNames") for one in legacy]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (f"{AGGREGATED.format('v2')},{AGGREGATED.format('v2beta1')},application/json", "v2"),
        (f"{AGGREGATED.format('v3')},{AGGREGATED.format('v2beta1')},application/json", "v2beta1"),
        (f"{AGGREGATED.format('v3')},application/json", None),
        ("application/json", None),
    ],
)
def test_the_first_known_discovery_form_in_accept_is_used(
    cluster: Cluster, accept: str, kind: str | None
) -> None:
    """A client lists the newest form first, and plain JSON last."""
    answer = cluster.ask("/apis", Accept=accept)
    assert answer.kind == (AGGREGATED.format(kind) if kind else "application/json")
    assert answer.document["kind"] == ("APIGroupDiscoveryList" if kind else "APIGroupList")


def test_only_the_two_roots_have_aggregated_discovery(cluster: Cluster) -> None:
    """Other paths answer with the legacy document."""
    answer = cluster.ask("/api/v1", Accept=f"{AGGREGATED.format('v2')},application/json")
    assert (answer.kind, answer.document["kind"]) == ("application/json", "APIResourceList")
