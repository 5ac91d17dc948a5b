"""Whether the user may list pods, and what helps if not."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_oidc.diagnosis.access import check_access
from kubectl_oidc.kube_api import Identity, Rule
from tests.unit.diagnosis.doctor_run import result_of
from tests.unit.diagnosis.fake_cluster import (
    ABOUT_ONESELF,
    ADA,
    at_a_cluster,
)


@pytest.mark.parametrize(
    ("answers", "kind", "words"),
    [
        ({"allowed": True}, "ok", "you may list pods in the namespace default"),
        ({}, "problem", "you are known as ada@example.com, and may do nothing"),
        ({"incomplete": True}, "problem", "cannot list what else you may"),
        (
            {"rules_": (ABOUT_ONESELF, Rule(verbs=("get", "list"), groups=("",), resources=("secrets",)))},
            "problem",
            "you may get, list secrets",
        ),
        ({"rules_": (Rule(verbs=("get",), paths=("/healthz",)),)}, "problem", "may do nothing"),
    ],
)
def test_what_is_allowed_is_told(answers: dict[str, Any], kind: str, words: str) -> None:
    """Questions about oneself and paths that everybody may get are nothing to speak of."""
    found = result_of(check_access(at_a_cluster(**answers)))
    assert found[0] == kind
    assert words in found[1]


def test_who_may_do_nothing_is_told_what_a_role_can_be_bound_to() -> None:
    """The groups that the cluster sees, or the name where it sees none."""
    assert "your groups (eks-admins)" in result_of(check_access(at_a_cluster()))[2]
    alone = Identity(username="ada@example.com", groups=("system:authenticated",))
    assert "binds a role to ada@example.com" in result_of(check_access(at_a_cluster(alone)))[2]
    many = Identity(username="a", groups=tuple(f"g{number}" for number in range(12)))
    assert "g7 and 4 more" in result_of(check_access(at_a_cluster(many)))[2]


def test_a_namespace_of_the_kubeconfig_in_which_pods_may_be_listed_is_named() -> None:
    """Where no binding may be read; the namespaces are those of other contexts of the cluster."""
    run = at_a_cluster(ADA, allowed_in="team-a")
    run.namespaces = ("team-b", "team-a")
    kind, _, hint = result_of(check_access(run))
    assert kind == "problem"
    assert (
        "in the namespace team-a you may list pods: `kubectl config set-context --current --namespace=team-a`"
        in hint
    )
