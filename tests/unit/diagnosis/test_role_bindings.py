"""Role bindings that name the user, or almost do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.diagnosis.access import check_access
from kubectl_oidc.diagnosis.role_bindings import check_bindings
from kubectl_oidc.errors import ClusterForbidden, ClusterNotFound, ClusterUnreachable
from kubectl_oidc.kube_api.responses import Identity, Rule, Subject
from tests.tokens import ISSUER
from tests.topics import told_apart
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
def test_a_role_that_is_bound_to_the_user_or_a_group_is_named(bound: Subject) -> None:
    """To a group or to the person."""
    found = result_of(
        check_bindings(at_a_cluster(cluster_wide=[binding(group("others")), binding(bound, name="mine")]))
    )
    assert found.status == "ok"
    assert {"mine", "view", bound.name} <= set(found.message.split())


def test_roles_of_all_users_are_not_shown() -> None:
    """A user with the name of a group is not that group."""
    bindings = [
        binding(group("system:authenticated")),
        binding(Subject(kind="User", name="eks-admins")),
        binding(group("operators")),
    ]
    found = result_of(check_bindings(at_a_cluster(of_the_namespace=bindings)))
    assert (found.status, found.topic) == ("warning", "forbidden")
    assert "operators" in found.message
    assert "system:authenticated" not in found.message
    assert found.message.endswith("eks-admins")  # the user of that name


def test_bindings_that_may_not_be_read_are_skipped() -> None:
    """One of the two kinds is enough. A server error is not a failure of the check."""
    no, away = ClusterForbidden("no"), ClusterUnreachable("away")
    assert result_of(check_bindings(at_a_cluster(cluster_wide=no, of_the_namespace=no)))[0] == "skipped"
    assert result_of(check_bindings(at_a_cluster(cluster_wide=no, of_the_namespace=away)))[0] == "skipped"
    found = result_of(
        check_bindings(at_a_cluster(cluster_wide=no, of_the_namespace=[binding(group("eks-admins"))]))
    )
    assert found[0] == "ok"
    assert result_of(check_bindings(at_a_cluster(None))).status == "skipped"
    assert result_of(check_bindings(doctor_run())).status == "skipped"


@pytest.mark.parametrize(
    ("identity", "bound", "named"),
    [
        (Identity(username="oidc:ada@example.com"), user("ada@example.com"), ("oidc:ada@example.com", "ada@example.com")),
        (Identity(username="ada@example.com"), user("Ada@Example.com"), ("ada@example.com", "Ada@Example.com")),
        (Identity(username=f"{ISSUER}#00u1"), user("ada@example.com"), (f"{ISSUER}#00u1", "ada@example.com")),
        (Identity(username="ada@example.com"), user("00u1"), ("ada@example.com", "00u1")),
        (ADA, user("eks-admins"), ("eks-admins", "User", "Group")),
        (ADA, group("ada@example.com"), ("ada@example.com", "Group", "User")),
        (Identity(username="ada@example.com"), group("eks-admins"), ("eks-admins", "token", "api-server")),
        (ADA, group("EKS-admins"), ("eks-admins", "EKS-admins")),
        (ADA, user("bob@example.com"), ()),
        (ADA, user("team-ada@example.com"), ()),
        (ADA, user(""), ()),
    ],
)  # fmt: skip
def test_a_binding_that_almost_names_the_user_is_shown(
    identity: Identity, bound: Subject, named: tuple[str, ...]
) -> None:
    """The names differ in prefix or case, or the binding has another claim or another kind."""
    run = at_a_cluster(identity, cluster_wide=[binding(group("others")), binding(bound, name="almost")])
    run.facts, run.allowed = facts(groups=["eks-admins"]), False
    found = result_of(check_bindings(run))
    assert (found.status, found.topic) == ("warning", "forbidden")
    assert bool(re.search(r"\balmost\b", found.hint)) == bool(named)
    assert all(name in found.hint for name in named)


def bound_here(**answers: Any) -> DoctorRun:
    """Return a run for somebody who has a role and may not list pods."""
    run = at_a_cluster(ADA, cluster_wide=[binding(group("eks-admins"), role="reader")], **answers)
    run.allowed = False
    return run


@pytest.mark.parametrize(
    ("roles", "status", "named"),
    [
        (ClusterForbidden("no"), "warning", "list pods"),
        ((Rule(verbs=("get",), groups=("",), resources=("pods",)),), "warning", "get pods"),
        ((Rule(verbs=("list",), groups=("apps",), resources=("pods",)),), "warning", "list pods"),
        ((Rule(verbs=("*",), groups=("*",), resources=("*",), names=("one",)),), "warning", "* *"),
        ((), "warning", ""),
        (ClusterNotFound("no"), "warning", "ClusterRole"),
        ((Rule(verbs=("get", "list"), groups=("",), resources=("pods",)),), "ok", ""),
    ],
)  # fmt: skip
def test_a_role_without_access_to_pods_is_named(
    roles: tuple[Rule, ...] | Exception, status: str, named: str
) -> None:
    """The binding is right, but the role does not allow to list pods."""
    found = result_of(check_bindings(bound_here(roles=roles)))
    assert found.status == status
    assert all(word in found.message for word in ("b ", "reader", "eks-admins", named))


def test_what_a_role_allows_is_told_apart() -> None:
    """Nothing, access to pods, a role that is not there, and one that the user may not read."""
    roles: dict[str, tuple[Rule, ...] | Exception] = {
        "nothing": (),
        "pods": (Rule(verbs=("get", "list"), groups=("",), resources=("pods",)),),
        "absent": ClusterNotFound("no"),
        "hidden": ClusterForbidden("no"),
    }
    told_apart(
        {kind: [result_of(check_bindings(bound_here(roles=role))).message] for kind, role in roles.items()}
    )


def test_a_binding_in_another_namespace_is_named_with_the_command_that_selects_it() -> None:
    """If all bindings may be read."""
    run = at_a_cluster(ADA, everywhere=[binding(group("eks-admins"), namespace="team-a")])
    run.allowed = False
    found = result_of(check_bindings(run))
    assert (found.status, found.topic) == ("warning", "forbidden")
    assert all(word in found.message for word in ("eks-admins", "team-a", " default"))
    assert "kubectl config set-context --current --namespace=team-a" in found.hint


def test_access_without_a_binding_is_fine() -> None:
    """EKS access entries or a webhook may allow it."""
    run = at_a_cluster(ADA, allowed=True, cluster_wide=[binding(group("others"))])
    assert result_of(check_access(run))[0] == "ok"
    assert result_of(check_bindings(run))[0] == "ok"
