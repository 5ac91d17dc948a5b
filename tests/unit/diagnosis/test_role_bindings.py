"""Role bindings that name the user, or almost do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.diagnosis.access import check_access
from kubectl_oidc.diagnosis.role_bindings import check_bindings
from kubectl_oidc.errors import ClusterForbidden, ClusterNotFound, ClusterUnreachable
from kubectl_oidc.kube_api import Identity, Rule, Subject
from tests.tokens import ISSUER
from tests.unit.diagnosis.doctor_run import doctor_run, result_of

if TYPE_CHECKING:
    from kubectl_oidc.diagnosis.run import DoctorRun

from tests.unit.diagnosis.fake_cluster import (
    ADA,
    at_a_cluster,
    binding,
    facts,
    group,
    user,
)


@pytest.mark.parametrize("bound", [group("eks-admins"), Subject(kind="User", name="ada@example.com")])
def test_a_role_that_is_bound_is_named(bound: Subject) -> None:
    """To a group or to the person."""
    found = result_of(
        check_bindings(at_a_cluster(cluster_wide=[binding(group("others")), binding(bound, name="mine")]))
    )
    assert found == ("ok", f"mine gives view to {bound.name}", "")


def test_everybodys_roles_are_not_ones_own() -> None:
    """And a user of a group's name is no group."""
    bindings = [
        binding(group("system:authenticated")),
        binding(Subject(kind="User", name="eks-admins")),
        binding(group("operators")),
    ]
    kind, message, _ = result_of(check_bindings(at_a_cluster(of_the_namespace=bindings)))
    assert kind == "warning"
    assert "you are in eks-admins, and bindings name operators" in message
    assert message.endswith(" and the users eks-admins")


def test_bindings_that_may_not_be_read_are_left_out() -> None:
    """One of the two is enough; a server that fails is not one that forbids, and neither is a failure of the check."""
    no, away = ClusterForbidden("no"), ClusterUnreachable("away")
    assert result_of(check_bindings(at_a_cluster(cluster_wide=no, of_the_namespace=no)))[0] == "skipped"
    assert result_of(check_bindings(at_a_cluster(cluster_wide=no, of_the_namespace=away)))[0] == "skipped"
    found = result_of(
        check_bindings(at_a_cluster(cluster_wide=no, of_the_namespace=[binding(group("eks-admins"))]))
    )
    assert found[0] == "ok"
    assert result_of(check_bindings(at_a_cluster(None))) == (
        "skipped",
        "the API server did not say who you are",
        "",
    )
    assert result_of(check_bindings(doctor_run())) == ("skipped", "there is no API server to ask", "")


@pytest.mark.parametrize(
    ("identity", "bound", "hint"),
    [
        (Identity(username="oidc:ada@example.com"), user("ada@example.com"), "oidc:ada@example.com and ada@example.com are not the same"),
        (Identity(username="ada@example.com"), user("Ada@Example.com"), "ada@example.com and Ada@Example.com are not the same"),
        (Identity(username=f"{ISSUER}#00u1"), user("ada@example.com"), f"{ISSUER}#00u1 and ada@example.com are not the same"),
        (Identity(username="ada@example.com"), user("00u1"), "ada@example.com and 00u1 are not the same"),
        (ADA, user("eks-admins"), "names eks-admins as a User, and the cluster sees it as a Group"),
        (ADA, group("ada@example.com"), "names ada@example.com as a Group, and the cluster sees it as a User"),
        (Identity(username="ada@example.com"), group("eks-admins"), "eks-admins, which is in your token, and the cluster reads no groups"),
        (ADA, group("EKS-admins"), "eks-admins and EKS-admins are not the same"),
        (ADA, user("bob@example.com"), "an administrator binds a role to one of them"),
        (ADA, user("team-ada@example.com"), "an administrator binds a role to one of them"),
        (ADA, user(""), "an administrator binds a role to one of them"),
    ],
)  # fmt: skip
def test_a_binding_that_almost_names_the_person_is_shown_with_what_they_are(
    identity: Identity, bound: Subject, hint: str
) -> None:
    """Users as well as groups: a prefix, capitals, another claim, another kind."""
    run = at_a_cluster(identity, cluster_wide=[binding(group("others")), binding(bound, name="almost")])
    run.facts, run.allowed = facts(groups=["eks-admins"]), False
    kind, _, said = result_of(check_bindings(run))
    assert kind == "warning"
    assert hint in said


def bound_here(**answers: Any) -> DoctorRun:
    """Return an run of somebody who has a role and may not list pods."""
    run = at_a_cluster(ADA, cluster_wide=[binding(group("eks-admins"), role="reader")], **answers)
    run.allowed = False
    return run


@pytest.mark.parametrize(
    ("roles", "kind", "words"),
    [
        (ClusterForbidden("no"), "warning", "that role does not allow to list pods"),
        ((Rule(verbs=("get",), groups=("",), resources=("pods",)),), "warning", "it allows get pods"),
        ((Rule(verbs=("list",), groups=("apps",), resources=("pods",)),), "warning", "it allows list pods"),
        ((Rule(verbs=("*",), groups=("*",), resources=("*",), names=("one",)),), "warning", "it allows * *"),
        ((), "warning", "it allows nothing"),
        (ClusterNotFound("no"), "warning", "there is no such ClusterRole"),
        ((Rule(verbs=("get", "list"), groups=("",), resources=("pods",)),), "ok", "another authorizer may forbid it"),
    ],
)  # fmt: skip
def test_a_role_that_is_not_enough_says_what_it_lacks(
    roles: tuple[Rule, ...] | Exception, kind: str, words: str
) -> None:
    """The binding is right, and kubectl is forbidden all the same."""
    found = result_of(check_bindings(bound_here(roles=roles)))
    assert found[0] == kind
    assert "b gives reader to eks-admins" in found[1]
    assert words in found[1]


def test_a_binding_of_another_namespace_is_named_with_how_to_go_there() -> None:
    """Where all bindings may be read."""
    run = at_a_cluster(ADA, everywhere=[binding(group("eks-admins"), namespace="team-a")])
    run.allowed = False
    kind, message, hint = result_of(check_bindings(run))
    assert kind == "warning"
    assert (
        "b gives view to eks-admins in the namespace team-a only, and the context's namespace is default"
        in message
    )
    assert "kubectl config set-context --current --namespace=team-a" in hint


def test_who_is_allowed_by_something_else_than_bindings_is_left_alone() -> None:
    """Access entries of EKS, a webhook: no binding names the person, and nothing is wrong."""
    run = at_a_cluster(ADA, allowed=True, cluster_wide=[binding(group("others"))])
    assert result_of(check_access(run))[0] == "ok"
    assert result_of(check_bindings(run))[0] == "ok"
