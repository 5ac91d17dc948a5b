"""The demo's Kubernetes API over real TLS: what is forbidden, what is there, and how it is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.provider.people import ADMINS
from tests import kubernetes_protobuf as protobuf
from tests.demo_cluster import ALICE, BOB, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.demo_cluster import Answer, Cluster

PODS = "/api/v1/pods"
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
MAY_I = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"

# As kubectl writes them.
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with serving(Authority()) as running:
        yield running


def names(answer: Answer) -> list[str]:
    """Return the names in a list or table, in order."""
    document = answer.document
    if document["kind"] == "Table":
        return [row["cells"][0] for row in document["rows"]]
    return [item["metadata"]["name"] for item in document["items"]]


def refused(answer: Answer) -> tuple[int, str]:
    """Return the code and reason of a failure, which is a Status with words in it."""
    code, reason, message = answer.failure
    assert message
    return code, reason


# Forbidden


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
def test_resources_are_forbidden_in_kubernetes_words(
    cluster: Cluster, request_line: str, what: str, verb: str, resource: str, group: str, where: str
) -> None:
    """Who is in no group reads who may not do what where, as kube-apiserver writes it, whether it is there or not."""
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
def test_paths_are_forbidden_in_kubernetes_words(cluster: Cluster, method: str, path: str, verb: str) -> None:
    """A path that is no resource is named as it was asked for."""
    answer = cluster.ask(path, method, token=cluster.nobody())
    assert answer.failure == (403, "Forbidden", f'forbidden: User "{BOB}" cannot {verb} path "{path}"')


def test_what_is_forbidden_can_be_read_by_a_program(cluster: Cluster) -> None:
    """The details of the Status hold name, group and resource."""
    answer = cluster.ask("/apis/apps/v1/namespaces/web/deployments/a", token=cluster.nobody())
    assert answer.document["details"] == {"name": "a", "group": "apps", "kind": "deployments"}
    assert cluster.ask(PODS, token=cluster.nobody()).document["details"] == {"kind": "pods"}


@pytest.mark.parametrize("group", ["eks-adminsx", "EKS-ADMINS", "admins", "cluster-admin", "system:masters"])
def test_another_group_opens_nothing(cluster: Cluster, group: str) -> None:
    """The role binding is to one group, by its exact name."""
    token = cluster.issuer.token({"groups": [group]})
    assert cluster.ask(PODS, token=token).status == 403


@pytest.mark.parametrize(
    "path", ["/version", "/version/", "/healthz", "/livez", "/readyz", "/api", "/apis", "/api/v1"]
)
def test_discovery_and_health_are_open_to_everybody(cluster: Cluster, path: str) -> None:
    """Who brings a good token may see what the API has (system:discovery)."""
    assert cluster.ask(path, token=cluster.nobody()).status == 200


# Not there, not possible, not understood


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
def test_what_is_not_there_is_not_found(cluster: Cluster, path: str, message: str) -> None:
    """An object, a resource or a path that there is not: 404, for who may see it."""
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
def test_nothing_can_be_changed(cluster: Cluster, method: str, path: str) -> None:
    """What a resource or path does not have as a verb is 405, to the administrator too; the pods are as before."""
    before = names(cluster.ask(PODS))
    assert refused(cluster.ask(path, method, body=b"{}", Content_Type="application/json")) == (
        405,
        "MethodNotAllowed",
    )
    assert names(cluster.ask(PODS)) == before


@pytest.mark.parametrize("accept", ["text/html", "application/yaml", protobuf.MEDIA_TYPE, "image/*, text/*"])
@pytest.mark.parametrize("path", [PODS, "/apis"])
def test_who_takes_no_json_gets_nothing(cluster: Cluster, path: str, accept: str) -> None:
    """This API writes JSON only, and says so."""
    code, reason, message = cluster.ask(path, Accept=accept).failure
    assert (code, reason) == (406, "NotAcceptable")
    assert message.endswith("application/json")


@pytest.mark.parametrize(
    "accept",
    ["", "*/*", "application/*", "text/html, */*;q=0.8", f"{protobuf.MEDIA_TYPE},application/json"],
)
def test_json_is_written_to_whoever_takes_it(cluster: Cluster, accept: str) -> None:
    """Among what a client takes JSON is found, wherever it stands."""
    answer = cluster.ask(PODS, Accept=accept)
    assert answer.kind == "application/json"
    assert answer.document["kind"] == "PodList"


@pytest.mark.parametrize("kind", ["text/plain", "application/cbor", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("body", [b"{}", b"\xd9\xd9\xf7\xa0"], ids=["JSON", "CBOR"])
def test_a_body_of_another_kind_is_refused_as_such(cluster: Cluster, kind: str, body: bytes) -> None:
    """415, whatever is in it: a client that gets it tries JSON next."""
    answer = cluster.ask(WHO, "POST", body=body, Content_Type=kind)
    assert refused(answer) == (415, "UnsupportedMediaType")


def test_a_body_without_a_kind_is_json(cluster: Cluster) -> None:
    """As at kube-apiserver: who names no Content-Type sends JSON."""
    assert cluster.ask(WHO, "POST", body=b"{}").status == 201


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"spec"', b"\xff\xfe{}", b"[" * 50_000, b'{"spec":' * 7_000],
    ids=lambda body: body[:12].decode("latin-1"),
)
def test_a_body_that_is_no_object_is_a_bad_request(
    cluster: Cluster, body: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """400, however it is malformed; the server says nothing about it elsewhere."""
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
def test_protobuf_that_is_malformed_is_a_bad_request(cluster: Cluster, body: bytes) -> None:
    """400 for bytes that are no Kubernetes protobuf, or end too soon."""
    answer = cluster.ask(RULES, "POST", body=body, Content_Type=protobuf.MEDIA_TYPE)
    assert refused(answer) == (400, "BadRequest")


def test_a_body_that_is_too_large_is_refused(cluster: Cluster) -> None:
    """The API keeps no more of a request than it needs: 413, as a Status too."""
    body = json.dumps({"spec": "x" * 70_000}).encode()
    answer = cluster.ask(WHO, "POST", body=body, Content_Type="application/json")
    assert answer.failure == (
        413,
        "RequestEntityTooLarge",
        "Request entity too large: limit is 65536",
    )


# Objects


def test_pods_are_listed_as_json(cluster: Cluster) -> None:
    """A PodList of all namespaces; its items leave out what the list says."""
    document = cluster.ask(PODS).document
    assert (document["kind"], document["apiVersion"]) == ("PodList", "v1")
    assert len(document["items"]) == 8
    assert {item["metadata"]["namespace"] for item in document["items"]} == {"default", "kube-system"}
    assert {item["status"]["phase"] for item in document["items"]} == {"Running"}
    assert not any({"kind", "apiVersion"} & item.keys() for item in document["items"])
    assert len({item["metadata"]["uid"] for item in document["items"]}) == 8


def test_one_namespace_lists_its_own_pods(cluster: Cluster) -> None:
    """A namespace without pods, or that is not there, lists none."""
    default, system = (
        names(cluster.ask(f"/api/v1/namespaces/{one}/pods")) for one in ("default", "kube-system")
    )
    assert (len(default), len(system)) == (2, 6)
    assert sorted(default + system) == sorted(names(cluster.ask(PODS)))
    assert names(cluster.ask("/api/v1/namespaces/kube-public/pods")) == []
    assert names(cluster.ask("/api/v1/namespaces/nowhere/pods")) == []


def test_one_object_is_whole(cluster: Cluster) -> None:
    """An object by its name says what it is."""
    pod = cluster.ask("/api/v1/namespaces/default/pods/web-6d8f7c5b9-2xkqp").document
    assert (pod["kind"], pod["apiVersion"], pod["metadata"]["namespace"]) == ("Pod", "v1", "default")
    namespace = cluster.ask("/api/v1/namespaces/kube-system").document
    assert (namespace["kind"], namespace["metadata"]["name"]) == ("Namespace", "kube-system")


def test_the_role_binding_of_the_story_is_there(cluster: Cluster) -> None:
    """The binding ``oidc-cluster-admin`` gives cluster-admin to the group."""
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
def test_selectors_choose(cluster: Cluster, query: str, count: int) -> None:
    """``-l name=value`` and ``--field-selector name=value`` choose, in lists and in tables alike."""
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
def test_a_selector_that_is_not_known_is_not_passed_over(cluster: Cluster, query: str, told: str) -> None:
    """Rather than to list what was not asked for: 400, and what the demo knows."""
    code, reason, message = cluster.ask(f"{PODS}?{query}").failure
    assert (code, reason) == (400, "BadRequest")
    assert told in message


# Tables


def test_pods_come_as_a_table(cluster: Cluster) -> None:
    """What kubectl prints: columns of the server's choosing, the wide ones of priority 1."""
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
def test_other_resources_come_as_tables(
    cluster: Cluster, path: str, columns: list[str], first: list[str]
) -> None:
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
def test_rows_carry_what_was_asked_for(cluster: Cluster, query: str, carried: str | None) -> None:
    """``includeObject``: the metadata by itself, the whole object, or nothing."""
    rows = cluster.ask(f"{PODS}{query}", Accept=TABLE).document["rows"]
    assert len(rows) == 8
    for row in rows:
        if carried is None:
            assert "object" not in row
        else:
            assert row["object"]["kind"] == carried
            assert row["object"]["metadata"]["name"] == row["cells"][0]
            assert ("spec" in row["object"]) == (carried == "Pod")


def test_one_object_is_a_table_of_one_row(cluster: Cluster) -> None:
    """``kubectl get pod NAME`` asks for a table too."""
    path = "/api/v1/namespaces/default/pods/web-6d8f7c5b9-2xkqp"
    assert names(cluster.ask(path, Accept=TABLE)) == ["web-6d8f7c5b9-2xkqp"]


# Discovery


def test_legacy_discovery_leads_from_document_to_document(cluster: Cluster) -> None:
    """From /api and /apis every group, version and resource is found, each where it says that it is."""
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
def test_aggregated_discovery_says_the_same_at_once(cluster: Cluster, version: str) -> None:
    """One document for /api and one for /apis, in the version asked for, with every resource of the legacy ones."""
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
def test_the_first_discovery_form_that_is_known_is_taken(
    cluster: Cluster, accept: str, kind: str | None
) -> None:
    """A client of another age names what it knows, the newest first, and plain JSON at the end."""
    answer = cluster.ask("/apis", Accept=accept)
    assert answer.kind == (AGGREGATED.format(kind) if kind else "application/json")
    assert answer.document["kind"] == ("APIGroupDiscoveryList" if kind else "APIGroupList")


def test_aggregated_discovery_is_of_the_two_roots_only(cluster: Cluster) -> None:
    """Elsewhere the legacy document comes, whatever else the client would take."""
    answer = cluster.ask("/api/v1", Accept=f"{AGGREGATED.format('v2')},application/json")
    assert (answer.kind, answer.document["kind"]) == ("application/json", "APIResourceList")


# Reviews


def test_who_am_i_is_answered_as_json(cluster: Cluster) -> None:
    """SelfSubjectReview: the name and groups of the token, for somebody in no group too."""
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


def test_who_am_i_is_answered_to_protobuf(cluster: Cluster) -> None:
    """The same question as newer kubectls send it has the same answer, as JSON."""
    answer = cluster.ask(WHO, "POST", body=protobuf.WHOAMI, Content_Type=protobuf.MEDIA_TYPE)
    assert answer.status == 201
    assert answer.document == cluster.post(WHO, {}).document


RESOURCE: dict[str, object] = {
    "resourceAttributes": {"verb": "delete", "resource": "pods", "namespace": "default"}
}
SOME_PATH: dict[str, object] = {"nonResourceAttributes": {"verb": "get", "path": "/logs"}}
VERSION: dict[str, object] = {"nonResourceAttributes": {"verb": "get", "path": "/version"}}


@pytest.mark.parametrize("spec", [RESOURCE, SOME_PATH])
def test_may_i_is_answered_with_the_reason(cluster: Cluster, spec: dict[str, object]) -> None:
    """SelfSubjectAccessReview: the administrator may, by the role binding; who is in no group may not."""
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


def test_everybody_may_see_the_version(cluster: Cluster) -> None:
    """What system:discovery opens is allowed to who is in no group, and the reason says so."""
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
def test_may_i_in_protobuf_is_may_i_in_json(
    cluster: Cluster, who: str, body: bytes, spec: dict[str, object]
) -> None:
    """However the question is written the answer is the same."""
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
def test_may_i_about_nothing_or_two_things_is_a_bad_request(cluster: Cluster, body: object) -> None:
    """Exactly one of the two kinds of attributes, in Kubernetes' words."""
    assert cluster.post(MAY_I, body).failure == (
        400,
        "BadRequest",
        "exactly one of nonResourceAttributes or resourceAttributes must be specified",
    )


@pytest.mark.parametrize("body", [protobuf.access_review(), protobuf.access_review(resource={}, path={})])
def test_protobuf_about_nothing_or_two_things_is_a_bad_request(cluster: Cluster, body: bytes) -> None:
    """What JSON may not leave open protobuf may not either."""
    answer = cluster.ask(MAY_I, "POST", body=body, Content_Type=protobuf.MEDIA_TYPE)
    assert refused(answer) == (400, "BadRequest")


@pytest.mark.parametrize("form", ["JSON", "protobuf"])
def test_what_may_i_lists_the_rules(cluster: Cluster, form: str) -> None:
    """SelfSubjectRulesReview: everything for the administrator, the questions about oneself for everybody."""

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


# Version and health


def test_the_version_is_one_that_kubectl_reads(cluster: Cluster) -> None:
    """``kubectl version`` wants the number and its two parts."""
    version = cluster.ask("/version").document
    assert version["gitVersion"].startswith(f"v{version['major']}.{version['minor']}.")


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_health_is_plain_text(cluster: Cluster, path: str) -> None:
    """As kube-apiserver says it: ok, to whatever client."""
    answer = cluster.ask(path, Accept="text/html")
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.kind.startswith("text/plain")


@pytest.mark.parametrize("path", [PODS, "/version", "/healthz"])
def test_head_has_no_body(cluster: Cluster, path: str) -> None:
    """HEAD is GET without the body (RFC 9110 §9.3.2)."""
    answer = cluster.ask(path, "HEAD")
    assert (answer.status, answer.body) == (200, b"")
