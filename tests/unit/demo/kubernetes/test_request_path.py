"""What a request asks for, read from its method, path and query as kube-apiserver reads them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.demo.kubernetes.request_path import Attributes, attributes
from tests.arbitrary import examples

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="/"), max_size=8)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/pods", {"verb": "list", "resource": "pods"}),
        ("/api/v1/pods/", {"verb": "list", "resource": "pods"}),
        ("//api//v1/pods", {"verb": "list", "resource": "pods"}),
        ("/api/v1/namespaces/a/pods", {"verb": "list", "resource": "pods", "namespace": "a"}),
        ("/api/v1/namespaces/a/pods/b", {"verb": "get", "resource": "pods", "namespace": "a", "name": "b"}),
        (
            "/api/v1/namespaces/a/pods/b/log",
            {"verb": "get", "resource": "pods", "namespace": "a", "name": "b", "subresource": "log"},
        ),
        (
            "/api/v1/namespaces/a/pods/b/proxy/c/d",
            {"verb": "get", "resource": "pods", "namespace": "a", "name": "b", "subresource": "proxy"},
        ),
        ("/api/v1/namespaces", {"verb": "list", "resource": "namespaces"}),
        ("/api/v1/namespaces/a", {"verb": "get", "resource": "namespaces", "namespace": "a", "name": "a"}),
        (
            "/api/v1/namespaces/a/status",
            {
                "verb": "get",
                "resource": "namespaces",
                "namespace": "a",
                "name": "a",
                "subresource": "status",
            },
        ),
        ("/api/v1/nodes/a", {"verb": "get", "resource": "nodes", "name": "a"}),
        (
            "/apis/apps/v1beta1/namespaces/a/deployments",
            {
                "verb": "list",
                "group": "apps",
                "version": "v1beta1",
                "resource": "deployments",
                "namespace": "a",
            },
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/admin",
            {
                "verb": "get",
                "group": "rbac.authorization.k8s.io",
                "resource": "clusterroles",
                "name": "admin",
            },
        ),
    ],
)
def test_the_path_of_a_resource_is_parsed(path: str, expected: dict[str, str]) -> None:
    """Group, version, namespace, resource, name and subresource."""
    assert attributes("GET", path, {}) == Attributes(**{"version": "v1", **expected})


@pytest.mark.parametrize(
    "path",
    ["/", "/api", "/api/v1", "/api/v2/pods", "/apis", "/apis/apps", "/apis/apps/v1", "/version", "/healthz/a", ""],
)  # fmt: skip
def test_a_path_without_a_resource_stays(path: str) -> None:
    """Its verb is the method; HEAD is get."""
    assert attributes("GET", path, {}) == Attributes(verb="get", path=path)
    assert attributes("HEAD", path, {}) == Attributes(verb="get", path=path)
    assert attributes("DELETE", path, {}) == Attributes(verb="delete", path=path)


@pytest.mark.parametrize(
    ("method", "on_one", "on_all"),
    [
        ("GET", "get", "list"),
        ("HEAD", "get", "list"),
        ("POST", "create", "create"),
        ("PUT", "update", "update"),
        ("PATCH", "patch", "patch"),
        ("DELETE", "delete", "deletecollection"),
        ("OPTIONS", "options", "options"),
    ],
)
def test_each_method_has_its_verb(method: str, on_one: str, on_all: str) -> None:
    """GET and DELETE have another verb for one object than for all."""
    assert attributes(method, "/api/v1/namespaces/a/pods/b", {}).verb == on_one
    assert attributes(method, "/api/v1/namespaces/a/pods", {}).verb == on_all


@pytest.mark.parametrize(
    ("query", "verb"),
    [({"watch": "true"}, "watch"), ({"watch": "1"}, "watch"), ({"watch": "false"}, "list"), ({"watch": ""}, "list")],
)  # fmt: skip
def test_a_watch_is_its_own_verb(query: dict[str, str], verb: str) -> None:
    """``kubectl get --watch`` sends watch=true; in a POST it does not matter."""
    assert attributes("GET", "/api/v1/pods", query).verb == verb
    assert attributes("POST", "/api/v1/pods", query).verb == "create"


def test_rules_and_failures_name_a_resource_in_two_ways() -> None:
    """``pods/log`` in a rule, ``deployments.apps`` in a failure."""
    log = attributes("GET", "/api/v1/namespaces/a/pods/b/log", {})
    assert (log.full_resource, log.group_resource) == ("pods/log", "pods")
    scale = attributes("GET", "/apis/apps/v1/namespaces/a/deployments/b/scale", {})
    assert (scale.full_resource, scale.group_resource) == ("deployments/scale", "deployments.apps")


@examples(200)
@given(st.sampled_from(["GET", "POST", "DELETE", "OPTIONS"]), st.lists(WORDS, max_size=8))
def test_any_request_has_a_path_or_a_resource(method: str, words: list[str]) -> None:
    """Never both."""
    for prefix in ("", "/api/v1", "/apis/apps/v1"):
        path = "/".join([prefix, *words])
        asked = attributes(method, path, {})
        assert asked.verb
        assert bool(asked.path) != bool(asked.resource) or path == ""
        assert asked.path in {"", path}
