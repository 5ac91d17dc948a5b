"""Self-subject reviews: who am I, may I, what may I."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.demo.provider.people import ADMINS
from tests import kubernetes_protobuf as protobuf
from tests.demo_cluster import ALICE, BOB

if TYPE_CHECKING:
    from tests.demo_cluster import Cluster

from tests.unit.demo.kubernetes.requests import MAY_I, RULES, WHO, refused


def test_who_am_i_in_json(cluster: Cluster) -> None:
    """SelfSubjectReview: the name and groups of the token."""
    answer = cluster.post(WHO, {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"})
    assert answer.status == 201
    assert answer.document == {
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {},
        "status": {"userInfo": {"username": ALICE, "groups": [ADMINS, "system:authenticated"]}},
    }
    nobody = cluster.post(WHO, {}, token=cluster.nobody()).document
    assert nobody["status"]["userInfo"] == {"username": BOB, "groups": ["system:authenticated"]}


def test_who_am_i_in_protobuf(cluster: Cluster) -> None:
    """As newer versions of kubectl send it; the answer is JSON."""
    answer = cluster.ask(WHO, "POST", body=protobuf.WHOAMI, Content_Type=protobuf.MEDIA_TYPE)
    assert answer.status == 201
    assert answer.document == cluster.post(WHO, {}).document


RESOURCE: dict[str, object] = {
    "resourceAttributes": {"verb": "delete", "resource": "pods", "namespace": "default"}
}
SOME_PATH: dict[str, object] = {"nonResourceAttributes": {"verb": "get", "path": "/logs"}}
VERSION: dict[str, object] = {"nonResourceAttributes": {"verb": "get", "path": "/version"}}


@pytest.mark.parametrize("spec", [RESOURCE, SOME_PATH])
def test_may_i_has_a_reason(cluster: Cluster, spec: dict[str, object]) -> None:
    """SelfSubjectAccessReview: the administrator may, a user without groups may not."""
    answer = cluster.post(MAY_I, {"spec": spec})
    assert answer.status == 201
    assert answer.document["spec"] == spec
    assert answer.document["status"] == {
        "allowed": True,
        "reason": 'RBAC: allowed by ClusterRoleBinding "oidc-cluster-admin" of ClusterRole "cluster-admin" '
        f'to Group "{ADMINS}"',
    }
    nobody = cluster.post(MAY_I, {"spec": spec}, token=cluster.nobody())
    assert nobody.document["status"] == {"allowed": False}


def test_every_user_may_read_the_version(cluster: Cluster) -> None:
    """The reason is system:discovery."""
    status = cluster.post(MAY_I, {"spec": VERSION}, token=cluster.nobody()).document["status"]
    assert status["allowed"] is True
    assert 'ClusterRole "system:discovery" to Group "system:authenticated"' in status["reason"]


@pytest.mark.parametrize("who", [ALICE, BOB])
@pytest.mark.parametrize(
    ("body", "spec"),
    [
        (protobuf.access_review(resource={1: "default", 2: "delete", 5: "pods"}), RESOURCE),
        (protobuf.access_review(path={1: "/logs", 2: "get"}), SOME_PATH),
        (protobuf.CAN_I_GET_VERSION, VERSION),
        (
            protobuf.CAN_I_DELETE_A_LOG,
            {
                "resourceAttributes": {
                    "verb": "delete", "resource": "pods.v1.apps", "subresource": "log", "namespace": "ns1",
                    "name": "web",
                }
            },
        ),
    ],
    ids=["resource", "path", "kubectl's path", "kubectl's resource"],
)  # fmt: skip
def test_may_i_in_protobuf_has_the_same_answer(
    cluster: Cluster, who: str, body: bytes, spec: dict[str, object]
) -> None:
    token = cluster.issuer.token() if who == ALICE else cluster.nobody()
    answer = cluster.ask(MAY_I, "POST", token=token, body=body, Content_Type=protobuf.MEDIA_TYPE)
    assert answer.status == 201
    assert answer.document["status"] == cluster.post(MAY_I, {"spec": spec}, token=token).document["status"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"spec": {}},
        {"spec": "pods"},
        {"spec": {**RESOURCE, **SOME_PATH}},
        {"spec": {"resourceAttributes": "pods"}},
        {"spec": {"nonResourceAttributes": ["/version"]}},
        {"spec": {"resourceAttributes": None, "nonResourceAttributes": None}},
    ],
    ids=json.dumps,
)
def test_may_i_needs_exactly_one_kind_of_attributes(cluster: Cluster, body: object) -> None:
    """The message is Kubernetes'."""
    assert cluster.post(MAY_I, body).failure == (
        400,
        "BadRequest",
        "exactly one of nonResourceAttributes or resourceAttributes must be specified",
    )


@pytest.mark.parametrize("body", [protobuf.access_review(), protobuf.access_review(resource={}, path={})])
def test_may_i_in_protobuf_needs_exactly_one_kind_of_attributes(cluster: Cluster, body: bytes) -> None:
    answer = cluster.ask(MAY_I, "POST", body=body, Content_Type=protobuf.MEDIA_TYPE)
    assert refused(answer) == (400, "BadRequest")


@pytest.mark.parametrize("form", ["JSON", "protobuf"])
def test_what_may_i_lists_the_rules(cluster: Cluster, form: str) -> None:
    """SelfSubjectRulesReview: all rules of an administrator, and of a user without groups."""

    def rules(token: str) -> dict[str, Any]:
        if form == "JSON":
            answer = cluster.post(RULES, {"spec": {"namespace": "ns1"}}, token=token)
        else:
            answer = cluster.ask(
                RULES, "POST", token=token, body=protobuf.CAN_I_LIST, Content_Type=protobuf.MEDIA_TYPE
            )
        assert answer.document["spec"] == {"namespace": "ns1"}
        status: dict[str, Any] = answer.document["status"]
        return status

    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    assert everything in rules(cluster.issuer.token())["resourceRules"]
    nobody = rules(cluster.nobody())
    assert {verb for rule in nobody["resourceRules"] for verb in rule["verbs"]} == {"create"}
    assert [rule["verbs"] for rule in nobody["nonResourceRules"]] == [["get"]]
    assert nobody["incomplete"] is False
