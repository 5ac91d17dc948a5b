"""Requests to a Kubernetes API over real TLS: the demo's, and a scripted one."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.errors import (
    ClusterForbidden,
    ClusterMisbehaves,
    ClusterNotFound,
    ClusterUnauthorized,
    ClusterUnreachable,
    KubeconfigError,
    UsageError,
)
from kubectl_oidc.kube_api.client import ClusterClient
from kubectl_oidc.kube_api.cluster_entry import parse_cluster_entry
from kubectl_oidc.kube_api.responses import Identity, RoleBinding, Rule, Subject
from kubectl_oidc.kubeconfig import Entry
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET
from tests.demo_cluster import ALICE, BOB, serving
from tests.hostile import Hostile, certificate, html_reply, json_reply, nameless, reply, silence, tunnel
from tests.tokens import ABSENT
from tests.topics import about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.demo_cluster import Cluster

REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
OLD_REVIEW = "/apis/authentication.k8s.io/v1beta1/selfsubjectreviews"
MAY = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
ROLE_BINDINGS = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"
TOKEN = "SECRET-token"


@pytest.fixture(scope="module")
def demo_authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def cluster(demo_authority: Authority) -> Iterator[Cluster]:
    with serving(demo_authority) as running:
        yield running


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[Hostile]:
    with Hostile(certificate(authority, "localhost", "k8s.internal")) as running:
        yield running


def soon() -> Deadline:
    return Deadline.after(10)


def client(pem: bytes, token: str = TOKEN, /, seconds: float = 8.0, **value: Any) -> ClusterClient:
    """Return a client for a cluster entry."""
    data = base64.b64encode(pem).decode()
    entry = Entry("prod", {"certificate-authority-data": data, **value}, Path("/etc/kube/config"))
    return ClusterClient(parse_cluster_entry(entry), Secret(token), log=QUIET, request_timeout=seconds)


@contextmanager
def asking(server: Hostile, authority: trustme.CA, /, **value: Any) -> Iterator[ClusterClient]:
    with client(authority.cert_pem.bytes(), **{"server": server.url, **value}) as asked:
        yield asked


def named(words: str) -> bool:
    """Return whether words name the cluster entry and its file."""
    return " prod " in words and str(Path("/etc/kube/config")) in words


def status(code: int, message: str = "words") -> Any:
    """Answer with a Status of Kubernetes."""
    document = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
    return json_reply(document, code)


# The demo's


def test_the_api_says_who_we_are_and_what_we_may(cluster: Cluster, demo_authority: Authority) -> None:
    """Alice, an administrator, by her token."""
    with client(demo_authority.pem, cluster.issuer.token(), server=cluster.url) as asked:
        assert asked.who_am_i(soon()) == Identity(
            username=ALICE, groups=("eks-admins", "system:authenticated")
        )
        assert asked.may("list", "pods", soon(), namespace="default").allowed
        assert "oidc-cluster-admin" in asked.may("delete", "nodes", soon()).reason
        assert Rule(verbs=("*",), groups=("*",), resources=("*",)) in asked.rules("default", soon()).rules
        assert not asked.rules("default", soon()).incomplete
        bound = {binding.name: binding for binding in asked.cluster_role_bindings(soon())}
        assert bound["oidc-cluster-admin"].groups() == ("eks-admins",)
        assert bound["oidc-cluster-admin"].role == "cluster-admin"


def test_who_is_in_no_group_may_ask_about_themselves_only(
    cluster: Cluster, demo_authority: Authority
) -> None:
    """403 is a separate error, with the server's message."""
    with client(demo_authority.pem, cluster.nobody(), server=cluster.url) as asked:
        assert asked.who_am_i(soon()).username == BOB
        assert not asked.may("list", "pods", soon()).allowed
        with pytest.raises(ClusterForbidden, match=f'User "{BOB}" cannot list') as caught:
            asked.cluster_role_bindings(soon())
    assert caught.value.topic == "forbidden"


@pytest.mark.parametrize(
    "changes", [{"iss": "https://other.example.com"}, {"aud": "another"}, {"email": ABSENT}, {"exp": 1}]
)
def test_a_token_that_is_not_accepted_is_unauthorized(
    cluster: Cluster, demo_authority: Authority, changes: dict[str, object]
) -> None:
    """401 is a separate error. The API server does not say why."""
    token = cluster.issuer.token(changes)
    with (
        client(demo_authority.pem, token, server=cluster.url) as asked,
        pytest.raises(ClusterUnauthorized, match="401") as caught,
    ):
        asked.who_am_i(soon())
    assert caught.value.topic == "unauthorized"
    assert token not in caught.value.message + caught.value.hint


# One that answers as it is told


def test_an_api_server_whose_certificate_has_no_subjectaltname_is_refused(authority: trustme.CA) -> None:
    """As in kubectl. The token is not sent."""
    with (
        Hostile(nameless(authority)) as running,
        asking(running, authority) as asked,
        pytest.raises(ClusterUnreachable, match="subjectAltName") as caught,
    ):
        asked.who_am_i(soon())
    assert "subjectAltName" in caught.value.hint
    assert running.asked == []


def test_an_older_kubernetes_is_asked_in_its_words(server: Hostile, authority: trustme.CA) -> None:
    """If v1 answers 404, v1beta1 is used."""
    user = {"username": "alice", "uid": "7", "groups": ["a"]}
    server.on(OLD_REVIEW, json_reply({"status": {"userInfo": user}}, 201))
    server.on(REVIEW, status(404))
    with asking(server, authority) as asked:
        assert asked.who_am_i(soon()) == Identity(username="alice", uid="7", groups=("a",))
    assert [one.path for one in server.asked] == [REVIEW, OLD_REVIEW]
    for one in server.asked:
        assert one.headers["authorization"] == f"Bearer {TOKEN}"
        assert json.loads(one.body)["apiVersion"] == one.path.removeprefix("/apis/").rpartition("/")[0]


def test_one_that_is_too_old_does_not_know_the_question(server: Hostile, authority: trustme.CA) -> None:
    """If neither version exists, that is a separate error."""
    server.on("*", status(404))
    with asking(server, authority) as asked, pytest.raises(ClusterNotFound, match="selfsubjectreviews"):
        asked.who_am_i(soon())


def test_what_is_asked_names_what_and_where(server: Hostile, authority: trustme.CA) -> None:
    """A SelfSubjectAccessReview with a reason and an error of the authorizer."""
    server.on(MAY, json_reply({"status": {"allowed": False, "reason": "no", "evaluationError": "webhook"}}))
    with asking(server, authority) as asked:
        access = asked.may("get", "deployments", soon(), group="apps", namespace="web")
    assert (access.allowed, access.reason, access.error) == (False, "no", "webhook")
    assert json.loads(server.asked[0].body)["spec"]["resourceAttributes"] == {
        "verb": "get",
        "resource": "deployments",
        "group": "apps",
        "namespace": "web",
    }


def test_a_long_list_is_read_page_by_page(server: Hostile, authority: trustme.CA) -> None:
    """``continue`` leads to the next page."""

    def page(name: str, further: str) -> Any:
        binding = {
            "metadata": {"name": name, "namespace": "default"},
            "roleRef": {"name": "view"},
            "subjects": [{"kind": "Group", "name": "devs"}, {"kind": "User", "name": "bob"}],
        }
        return json_reply({"items": [binding], "metadata": {"continue": further}})

    server.on(ROLE_BINDINGS, page("one", "next/page"), page("two", ""))
    with asking(server, authority) as asked:
        found = asked.role_bindings("default", soon())
    assert [binding.name for binding in found] == ["one", "two"]
    assert found[0] == RoleBinding(
        name="one",
        namespace="default",
        role="view",
        subjects=(Subject(kind="Group", name="devs"), Subject(kind="User", name="bob")),
    )
    assert found[0].groups() == ("devs",)
    assert server.asked[1].path.endswith("?limit=200&continue=next%2Fpage")


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        (json_reply({"status": {}}), ("SelfSubjectReview",)),
        (json_reply({"status": []}), ("status ", "object")),
        (json_reply({"status": {"userInfo": {"username": 7}}}), ("username ", "string")),
        (json_reply({"status": {"userInfo": {"username": "a", "groups": "g"}}}), ("groups ", "list")),
        (html_reply(), (REVIEW, "text/html")),
        (html_reply(401), (REVIEW, "401")),
        (html_reply(403), (REVIEW, "403")),
        (reply(302, headers={"Location": "https://sso.example.com"}), (REVIEW, "302")),
        (status(400, "broken"), (REVIEW, "400", "broken")),
    ],
)
def test_what_is_no_kubernetes_api_is_named(
    server: Hostile, authority: trustme.CA, answer: Any, names: tuple[str, ...]
) -> None:
    """It may be a portal or another server. The hint names the cluster entry."""
    server.on("*", answer)
    with (
        asking(server, authority) as asked,
        pytest.raises(ClusterMisbehaves, check=about("api-server", *names)) as caught,
    ):
        asked.who_am_i(soon())
    assert "SECRET" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("code", [429, 500, 503])
def test_one_that_is_not_able_to_answer_is_unreachable(
    server: Hostile, authority: trustme.CA, code: int
) -> None:
    """Such an error is not about the token."""
    server.on("*", status(code, "etcd is away"))
    with (
        asking(server, authority) as asked,
        pytest.raises(ClusterUnreachable, check=about("api-server", str(code), "etcd is away")),
    ):
        asked.who_am_i(soon())


def test_one_that_does_not_answer_is_given_up(server: Hostile, authority: trustme.CA) -> None:
    """After the time for one request."""
    server.on("*", silence)
    pem = authority.cert_pem.bytes()
    with (
        client(pem, server=server.url, seconds=0.3) as asked,
        pytest.raises(ClusterUnreachable, check=about("api-server")) as caught,
    ):
        asked.who_am_i(soon())
    assert named(caught.value.hint)


def test_the_entrys_authority_alone_is_trusted(server: Hostile) -> None:
    """With another authority or the system's. The hint names the kubeconfig's fields."""
    server.on(REVIEW, json_reply({"status": {"userInfo": {"username": "alice"}}}))
    for pem in (trustme.CA().cert_pem.bytes(), b""):
        with (
            client(pem, server=server.url) as asked,
            pytest.raises(
                ClusterUnreachable, check=about("api-server", "localhost", "certificate-authority-data")
            ) as caught,
        ):
            asked.who_am_i(soon())
        assert "--certificate-authority" not in caught.value.hint


def test_another_servers_certificate_is_refused_unless_it_is_expected(
    server: Hostile, authority: trustme.CA
) -> None:
    """tls-server-name is the name in the certificate."""
    server.on(REVIEW, json_reply({"status": {"userInfo": {"username": "alice"}}}))
    at = f"https://127.0.0.1:{server.port}"
    with (
        asking(server, authority, server=at) as asked,
        pytest.raises(ClusterUnreachable, check=about("api-server", "127.0.0.1", "tls-server-name")),
    ):
        asked.who_am_i(soon())
    with asking(server, authority, server=at, **{"tls-server-name": "k8s.internal"}) as asked:
        assert asked.who_am_i(soon()).username == "alice"


def test_certificates_are_not_checked_where_the_entry_says_so(server: Hostile) -> None:
    """insecure-skip-tls-verify."""
    server.on(REVIEW, json_reply({"status": {"userInfo": {"username": "alice"}}}))
    with client(b"", TOKEN, 8.0, **{"server": server.url, "insecure-skip-tls-verify": True}) as asked:
        assert asked.who_am_i(soon()).username == "alice"


def test_the_entrys_own_proxy_is_used(
    server: Hostile, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says. The certificate is checked for the server's name."""
    server.on(REVIEW, json_reply({"status": {"userInfo": {"username": "alice"}}}))
    monkeypatch.setenv("NO_PROXY", "*")
    with Hostile() as proxy:
        proxy.on("*", tunnel(server.port))
        away: dict[str, Any] = {
            "server": "https://k8s.invalid",
            "proxy-url": f"http://127.0.0.1:{proxy.port}",
        }
        with asking(server, authority, **away, **{"tls-server-name": "k8s.internal"}) as asked:
            assert asked.who_am_i(soon()).username == "alice"
        assert [one.path for one in proxy.asked] == ["k8s.invalid:443"]
        proxy.on("*", reply(407))
        with asking(server, authority, **away) as asked, pytest.raises(ClusterUnreachable) as caught:
            asked.who_am_i(soon())
    assert "proxy-url" in caught.value.hint
    assert named(caught.value.hint)


def test_an_authority_that_is_none_is_the_entrys_fault(server: Hostile) -> None:
    """The error names the kubeconfig, not a flag."""
    with (
        client(b"no certificate", server=server.url) as asked,
        pytest.raises(
            KubeconfigError, check=about("cluster-entry", "prod", str(Path("/etc/kube/config")))
        ) as caught,
    ):
        asked.who_am_i(soon())
    assert "--certificate-authority" not in caught.value.message + caught.value.hint


def test_a_proxy_of_the_environment_that_cannot_be_used_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Then the cluster entry is not wrong."""
    monkeypatch.setenv("HTTPS_PROXY", "http://me:SECRETPASS@h:port")
    with (
        client(b"", server="https://k8s.invalid") as asked,
        pytest.raises(UsageError, match="HTTPS_PROXY"),
    ):
        asked.who_am_i(soon())
