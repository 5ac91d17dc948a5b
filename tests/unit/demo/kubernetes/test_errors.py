"""Failures in Kubernetes' own messages: forbidden, not found, not allowed, bad request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests import kubernetes_protobuf as protobuf
from tests.demo_cluster import BOB

if TYPE_CHECKING:
    from tests.demo_cluster import Cluster

from tests.unit.demo.kubernetes.requests import BINDINGS, MAY_I, PODS, RULES, WHO, names, refused


@pytest.mark.parametrize(
    ("request_line", "what", "verb", "resource", "group", "where"),
    [
        ("GET /api/v1/pods", "pods", "list", "pods", "", ""),
        ("GET /api/v1/namespaces/default/pods", "pods", "list", "pods", "", "default"),
        ("GET /api/v1/namespaces/default/pods/web", 'pods "web"', "get", "pods", "", "default"),
        ("HEAD /api/v1/pods", "", "list", "pods", "", ""),
        ("GET /api/v1/pods?watch=true", "pods", "watch", "pods", "", ""),
        ("POST /api/v1/namespaces/default/pods", "pods", "create", "pods", "", "default"),
        ("PUT /api/v1/namespaces/default/pods/web", 'pods "web"', "update", "pods", "", "default"),
        ("PATCH /api/v1/namespaces/default/pods/web", 'pods "web"', "patch", "pods", "", "default"),
        ("DELETE /api/v1/namespaces/default/pods/web", 'pods "web"', "delete", "pods", "", "default"),
        ("DELETE /api/v1/namespaces/default/pods", "pods", "deletecollection", "pods", "", "default"),
        ("GET /api/v1/namespaces/default/pods/web/log", 'pods "web"', "get", "pods/log", "", "default"),
        ("GET /api/v1/namespaces", "namespaces", "list", "namespaces", "", ""),
        ("GET /api/v1/namespaces/default", 'namespaces "default"', "get", "namespaces", "", "default"),
        (
            "PUT /api/v1/namespaces/default/finalize",
            'namespaces "default"',
            "update",
            "namespaces/finalize",
            "",
            "default",
        ),
        (
            f"GET {BINDINGS}",
            "clusterrolebindings.rbac.authorization.k8s.io",
            "list",
            "clusterrolebindings",
            "rbac.authorization.k8s.io",
            "",
        ),
        (
            "GET /apis/apps/v1/namespaces/web/deployments/a",
            'deployments.apps "a"',
            "get",
            "deployments",
            "apps",
            "web",
        ),
    ],
)
def test_a_forbidden_resource_has_kubernetes_message(
    cluster: Cluster, request_line: str, what: str, verb: str, resource: str, group: str, where: str
) -> None:
    """The message of kube-apiserver, whether the object exists or not."""
    method, path = request_line.split(" ")
    answer = cluster.ask(path, method, token=cluster.nobody())
    assert answer.status == 403
    if method == "HEAD":
        assert answer.body == b""
        return
    place = f'in the namespace "{where}"' if where else "at the cluster scope"
    assert answer.failure[1:] == (
        "Forbidden",
        f'{what} is forbidden: User "{BOB}" cannot {verb} resource "{resource}" in API group "{group}" {place}',
    )


@pytest.mark.parametrize(
    ("method", "path", "verb"),
    [
        ("GET", "/", "get"),
        ("GET", "/logs", "get"),
        ("GET", "/metrics/cadvisor", "get"),
        ("POST", "/version", "post"),
        ("DELETE", "/healthz", "delete"),
    ],
)
def test_a_forbidden_path_has_kubernetes_message(cluster: Cluster, method: str, path: str, verb: str) -> None:
    """A path without a resource is named as it was requested."""
    answer = cluster.ask(path, method, token=cluster.nobody())
    assert answer.failure == (403, "Forbidden", f'forbidden: User "{BOB}" cannot {verb} path "{path}"')


def test_a_forbidden_answer_has_details_for_programs(cluster: Cluster) -> None:
    """Name, group and resource."""
    answer = cluster.ask("/apis/apps/v1/namespaces/web/deployments/a", token=cluster.nobody())
    assert answer.document["details"] == {"name": "a", "group": "apps", "kind": "deployments"}
    assert cluster.ask(PODS, token=cluster.nobody()).document["details"] == {"kind": "pods"}


@pytest.mark.parametrize("group", ["eks-adminsx", "EKS-ADMINS", "admins", "cluster-admin", "system:masters"])
def test_another_group_has_no_access(cluster: Cluster, group: str) -> None:
    """The role binding is for one exact group."""
    token = cluster.issuer.token({"groups": [group]})
    assert cluster.ask(PODS, token=token).status == 403


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/v1/namespaces/default/pods/nobody", 'pods "nobody" not found'),
        ("/api/v1/namespaces/kube-system/pods/web-6d8f7c5b9-2xkqp", 'pods "web-6d8f7c5b9-2xkqp" not found'),
        ("/api/v1/namespaces/nowhere", 'namespaces "nowhere" not found'),
        (f"{BINDINGS}/other", 'clusterrolebindings.rbac.authorization.k8s.io "other" not found'),
        ("/api/v1/secrets", "the server could not find the requested resource"),
        ("/api/v1/namespaces/default/pods/web-6d8f7c5b9-2xkqp/log", "the server could not find the requested resource"),
        ("/api/v1/namespaces/default/status", "the server could not find the requested resource"),
        ("/api/v1/pods/web-6d8f7c5b9-2xkqp", "the server could not find the requested resource"),
        (
            "/apis/rbac.authorization.k8s.io/v1/namespaces/default/clusterrolebindings",
            "the server could not find the requested resource",
        ),
        ("/apis/rbac.authorization.k8s.io/v1beta1/clusterrolebindings", "the server could not find the requested resource"),
        ("/apis/apps/v1/deployments", "the server could not find the requested resource"),
        ("/apis/apps", "the server could not find the requested resource"),
        ("/api/v2", "the server could not find the requested resource"),
        ("/", "the server could not find the requested resource"),
        ("/openapi/v3", "the server could not find the requested resource"),
        ("/%2e%2e/pods", "the server could not find the requested resource"),
    ],
)  # fmt: skip
def test_a_missing_object_resource_or_path_is_404(cluster: Cluster, path: str, message: str) -> None:
    """For a user who may read it."""
    assert cluster.ask(path).failure == (404, "NotFound", message)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/namespaces/default/pods"),
        ("PUT", "/api/v1/namespaces/default/pods/web-6d8f7c5b9-2xkqp"),
        ("PATCH", "/api/v1/namespaces/default/pods/web-6d8f7c5b9-2xkqp"),
        ("DELETE", "/api/v1/namespaces/default/pods/web-6d8f7c5b9-2xkqp"),
        ("DELETE", "/api/v1/namespaces/default/pods"),
        ("GET", f"{PODS}?watch=1"),
        ("GET", WHO),
        ("GET", f"{MAY_I}/a"),
        ("POST", "/version"),
        ("PUT", "/apis"),
    ],
)
def test_the_cluster_cannot_be_changed(cluster: Cluster, method: str, path: str) -> None:
    """Other verbs are 405, even for an administrator."""
    before = names(cluster.ask(PODS))
    assert refused(cluster.ask(path, method, body=b"{}", Content_Type="application/json")) == (
        405,
        "MethodNotAllowed",
    )
    assert names(cluster.ask(PODS)) == before


@pytest.mark.parametrize("accept", ["text/html", "application/yaml", protobuf.MEDIA_TYPE, "image/*, text/*"])
@pytest.mark.parametrize("path", [PODS, "/apis"])
def test_a_client_that_does_not_accept_json_gets_406(cluster: Cluster, path: str, accept: str) -> None:
    """This API writes only JSON."""
    code, reason, message = cluster.ask(path, Accept=accept).failure
    assert (code, reason) == (406, "NotAcceptable")
    assert message.endswith("application/json")


@pytest.mark.parametrize(
    "accept",
    ["", "*/*", "application/*", "text/html, */*;q=0.8", f"{protobuf.MEDIA_TYPE},application/json"],
)
def test_json_may_be_anywhere_in_accept(cluster: Cluster, accept: str) -> None:
    """Among what a client takes JSON is found, wherever it stands."""
    answer = cluster.ask(PODS, Accept=accept)
    assert answer.kind == "application/json"
    assert answer.document["kind"] == "PodList"


@pytest.mark.parametrize("kind", ["text/plain", "application/cbor", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("body", [b"{}", b"\xd9\xd9\xf7\xa0"], ids=["JSON", "CBOR"])
def test_a_body_of_another_media_type_is_415(cluster: Cluster, kind: str, body: bytes) -> None:
    """A client then tries JSON."""
    answer = cluster.ask(WHO, "POST", body=body, Content_Type=kind)
    assert refused(answer) == (415, "UnsupportedMediaType")


def test_a_body_without_a_content_type_is_json(cluster: Cluster) -> None:
    """As at kube-apiserver."""
    assert cluster.ask(WHO, "POST", body=b"{}").status == 201


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"spec"', b"\xff\xfe{}", b"[" * 50_000, b'{"spec":' * 7_000],
    ids=lambda body: body[:12].decode("latin-1"),
)
def test_a_body_that_is_not_an_object_is_a_bad_request(
    cluster: Cluster, body: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """400, and nothing is logged."""
    answer = cluster.ask(MAY_I, "POST", body=body, Content_Type="application/json")
    assert refused(answer) == (400, "BadRequest")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"k8s",
        b"k8s\x00\xff",
        b"k8s\x00\x12\x05\x12",
        protobuf.CAN_I_LIST[:-1],
        protobuf.WHOAMI[4:],
    ],
    ids=lambda body: body[-12:].hex(),
)
def test_malformed_protobuf_is_a_bad_request(cluster: Cluster, body: bytes) -> None:
    """400 if it is not Kubernetes protobuf, or ends too soon."""
    answer = cluster.ask(RULES, "POST", body=body, Content_Type=protobuf.MEDIA_TYPE)
    assert refused(answer) == (400, "BadRequest")


def test_a_body_that_is_too_large_is_413(cluster: Cluster) -> None:
    """As a Status."""
    body = json.dumps({"spec": "x" * 70_000}).encode()
    answer = cluster.ask(WHO, "POST", body=body, Content_Type="application/json")
    assert answer.failure == (
        413,
        "RequestEntityTooLarge",
        "Request entity too large: limit is 65536",
    )
