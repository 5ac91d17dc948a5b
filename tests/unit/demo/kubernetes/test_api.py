"""The demo's Kubernetes API over real TLS: objects, lists, tables, selectors, health."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.demo.provider.people import ADMINS

if TYPE_CHECKING:
    from tests.demo_cluster import Cluster

from tests.unit.demo.kubernetes.requests import BINDINGS, PODS, TABLE, names


@pytest.mark.parametrize(
    "path", ["/version", "/version/", "/healthz", "/livez", "/readyz", "/api", "/apis", "/api/v1"]
)
def test_every_user_may_read_discovery_and_health(cluster: Cluster, path: str) -> None:
    """By system:discovery."""
    assert cluster.ask(path, token=cluster.nobody()).status == 200


def test_pods_are_listed_as_json(cluster: Cluster) -> None:
    """A PodList of all namespaces; its items have neither kind nor apiVersion."""
    document = cluster.ask(PODS).document
    assert (document["kind"], document["apiVersion"]) == ("PodList", "v1")
    assert len(document["items"]) == 8
    assert {item["metadata"]["namespace"] for item in document["items"]} == {"default", "kube-system"}
    assert {item["status"]["phase"] for item in document["items"]} == {"Running"}
    assert not any({"kind", "apiVersion"} & item.keys() for item in document["items"])
    assert len({item["metadata"]["uid"] for item in document["items"]}) == 8


def test_a_namespace_lists_its_own_pods(cluster: Cluster) -> None:
    """A namespace without pods, or a missing one, lists none."""
    default, system = (
        names(cluster.ask(f"/api/v1/namespaces/{one}/pods")) for one in ("default", "kube-system")
    )
    assert (len(default), len(system)) == (2, 6)
    assert sorted(default + system) == sorted(names(cluster.ask(PODS)))
    assert names(cluster.ask("/api/v1/namespaces/kube-public/pods")) == []
    assert names(cluster.ask("/api/v1/namespaces/nowhere/pods")) == []


def test_a_single_object_has_kind_and_api_version(cluster: Cluster) -> None:
    pod = cluster.ask("/api/v1/namespaces/default/pods/web-6d8f7c5b9-2xkqp").document
    assert (pod["kind"], pod["apiVersion"], pod["metadata"]["namespace"]) == ("Pod", "v1", "default")
    namespace = cluster.ask("/api/v1/namespaces/kube-system").document
    assert (namespace["kind"], namespace["metadata"]["name"]) == ("Namespace", "kube-system")


def test_the_role_binding_of_the_story_exists(cluster: Cluster) -> None:
    """``oidc-cluster-admin`` gives cluster-admin to the group."""
    binding = cluster.ask(f"{BINDINGS}/oidc-cluster-admin").document
    assert binding["roleRef"]["name"] == "cluster-admin"
    assert [(one["kind"], one["name"]) for one in binding["subjects"]] == [("Group", ADMINS)]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("labelSelector=app%3Dweb", 2),
        ("labelSelector=app%3D%3Dweb", 2),
        ("labelSelector=k8s-app%3Dkube-dns", 2),
        ("labelSelector=app%3Dother", 0),
        ("labelSelector=app%3Dweb,k8s-app%3Dkube-dns", 0),
        ("labelSelector=", 8),
        ("fieldSelector=metadata.namespace%3Dkube-system", 6),
        ("fieldSelector=metadata.name%3Dcoredns-5b9dfbf96-4rjqs", 1),
        ("fieldSelector=status.phase%3DRunning,metadata.namespace%3D%3Ddefault", 2),
        ("fieldSelector=status.phase%3DPending", 0),
        ("labelSelector=k8s-app%3Dkube-proxy&fieldSelector=metadata.name%3Dkube-proxy-9cxnb", 1),
        ("limit=500", 8),
    ],
)
def test_selectors_filter_lists_and_tables(cluster: Cluster, query: str, count: int) -> None:
    """``-l name=value`` and ``--field-selector name=value``."""
    assert len(names(cluster.ask(f"{PODS}?{query}"))) == count
    assert len(names(cluster.ask(f"{PODS}?{query}", Accept=TABLE))) == count


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("fieldSelector=spec.hostname%3Da", "field label not supported: spec.hostname"),
        ("labelSelector=app", "name=value"),
        ("labelSelector=!app", "name=value"),
        ("labelSelector=app!%3Dweb", "app!=web"),
        ("labelSelector=app+in+(web)", "name=value"),
        ("fieldSelector=status.phase!%3DRunning", "status.phase!=Running"),
    ],
)
def test_an_unknown_selector_is_a_bad_request(cluster: Cluster, query: str, told: str) -> None:
    """It is not ignored."""
    code, reason, message = cluster.ask(f"{PODS}?{query}").failure
    assert (code, reason) == (400, "BadRequest")
    assert told in message


def test_pods_as_a_table(cluster: Cluster) -> None:
    """The columns that kubectl prints; wide ones have priority 1."""
    table = cluster.ask(PODS, Accept=TABLE).document
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    columns = [column["name"] for column in table["columnDefinitions"] if column["priority"] == 0]
    assert columns == ["Name", "Ready", "Status", "Restarts", "Age"]
    rows = {row["cells"][0]: row["cells"][1:5] for row in table["rows"]}
    assert len(rows) == 8
    assert rows["web-6d8f7c5b9-2xkqp"] == ["1/1", "Running", "0", "2d4h"]
    assert rows["aws-node-7hx2c"] == ["2/2", "Running", "0", "12d"]
    assert all(len(row["cells"]) == len(table["columnDefinitions"]) for row in table["rows"])


@pytest.mark.parametrize(
    ("path", "columns", "first"),
    [
        ("/api/v1/namespaces", ["Name", "Status", "Age"], ["default", "Active", "12d"]),
        (
            BINDINGS,
            ["Name", "Role", "Age", "Users", "Groups", "ServiceAccounts"],
            ["oidc-cluster-admin", "ClusterRole/cluster-admin", "12d", "", ADMINS, ""],
        ),
    ],
)
def test_other_resources_as_tables(cluster: Cluster, path: str, columns: list[str], first: list[str]) -> None:
    """Each resource has its own columns."""
    table = cluster.ask(path, Accept=TABLE).document
    assert [column["name"] for column in table["columnDefinitions"]] == columns
    assert table["rows"][0]["cells"] == first


@pytest.mark.parametrize(
    ("query", "carried"),
    [
        ("", "PartialObjectMetadata"),
        ("?includeObject=Metadata", "PartialObjectMetadata"),
        ("?includeObject=Object", "Pod"),
        ("?includeObject=None", None),
    ],
)
def test_rows_have_the_requested_part_of_the_object(
    cluster: Cluster, query: str, carried: str | None
) -> None:
    """``includeObject``: the metadata, the whole object, or nothing."""
    rows = cluster.ask(f"{PODS}{query}", Accept=TABLE).document["rows"]
    assert len(rows) == 8
    for row in rows:
        if carried is None:
            assert "object" not in row
        else:
            assert row["object"]["kind"] == carried
            assert row["object"]["metadata"]["name"] == row["cells"][0]
            assert ("spec" in row["object"]) == (carried == "Pod")


def test_one_object_is_a_table_with_one_row(cluster: Cluster) -> None:
    """``kubectl get pod NAME`` also requests a table."""
    path = "/api/v1/namespaces/default/pods/web-6d8f7c5b9-2xkqp"
    assert names(cluster.ask(path, Accept=TABLE)) == ["web-6d8f7c5b9-2xkqp"]


def test_kubectl_can_read_the_version(cluster: Cluster) -> None:
    """``kubectl version`` needs the number and its two parts."""
    version = cluster.ask("/version").document
    assert version["gitVersion"].startswith(f"v{version['major']}.{version['minor']}.")


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_health_is_plain_text(cluster: Cluster, path: str) -> None:
    """The answer is ok, for any client."""
    answer = cluster.ask(path, Accept="text/html")
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.kind.startswith("text/plain")


@pytest.mark.parametrize("path", [PODS, "/version", "/healthz"])
def test_head_has_no_body(cluster: Cluster, path: str) -> None:
    """HEAD is GET without the body (RFC 9110 §9.3.2)."""
    answer = cluster.ask(path, "HEAD")
    assert (answer.status, answer.body) == (200, b"")
