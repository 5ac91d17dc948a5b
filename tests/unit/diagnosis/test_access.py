"""Whether the user may list pods, and what helps if not."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kubectl_oidc.diagnosis.access import check_access
from kubectl_oidc.kube_api.responses import Identity, Rule
from tests.topics import told_apart
from tests.unit.diagnosis.doctor_run import result_of
from tests.unit.diagnosis.fake_cluster import (
    ABOUT_ONESELF,
    ADA,
    at_a_cluster,
)


@pytest.mark.parametrize(
    ("answers", "status", "named"),
    [
        ({"allowed": True}, "ok", r"\bdefault\b"),
        ({}, "problem", r"ada@example\.com\b"),
        ({"incomplete": True}, "problem", "Forbidden"),
        (
            {"rules_": (ABOUT_ONESELF, Rule(verbs=("get", "list"), groups=("",), resources=("secrets",)))},
            "problem",
            "get, list secrets",
        ),
        ({"rules_": (Rule(verbs=("get",), paths=("/healthz",)),)}, "problem", r"ada@example\.com\b"),
    ],
)
def test_access_shows_what_the_user_may_do(answers: dict[str, Any], status: str, named: str) -> None:
    """Rules about oneself and about paths that everybody may read are not shown."""
    found = result_of(check_access(at_a_cluster(**answers)))
    assert (found.status, found.topic) == (status, "forbidden" if status == "problem" else "")
    assert re.search(named, found.message)


def test_who_may_do_nothing_is_told_from_who_may_do_something_unknown() -> None:
    """The API server says when it cannot list what is allowed."""

    def said(**answers: Any) -> str:
        return result_of(check_access(at_a_cluster(**answers))).message

    told_apart(
        {
            "nothing": [said(), said(rules_=(Rule(verbs=("get",), paths=("/healthz",)),))],
            "unknown": [said(incomplete=True)],
        }
    )


def test_without_access_the_hint_names_what_a_role_can_be_bound_to() -> None:
    """The groups that the cluster sees, or the user name if it sees none."""
    assert "(eks-admins)" in result_of(check_access(at_a_cluster())).hint
    alone = Identity(username="ada@example.com", groups=("system:authenticated",))
    assert "ada@example.com" in result_of(check_access(at_a_cluster(alone))).hint
    many = Identity(username="a", groups=tuple(f"g{number}" for number in range(12)))
    assert re.search(r"\bg7\b[^g]* 4 ", result_of(check_access(at_a_cluster(many))).hint)


def test_a_namespace_of_another_context_with_access_is_named() -> None:
    """The namespaces are those of other contexts of the same cluster."""
    run = at_a_cluster(ADA, allowed_in="team-a")
    run.namespaces = ("team-b", "team-a")
    found = result_of(check_access(run))
    assert found.status == "problem"
    assert "`kubectl config set-context --current --namespace=team-a`" in found.hint
