"""What the API server's answers mean for a person: why not, as whom, and by which role."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.cluster import Access, Cluster, Identity, RoleBinding, Rule, Rules, Subject
from kubectl_oidc.diagnosis.access import check_access, check_bindings
from kubectl_oidc.diagnosis.api_server import _as_it_reads, _cause, check_api_server, check_cluster
from kubectl_oidc.diagnosis.claims import Facts
from kubectl_oidc.diagnosis.examination import Neighbour
from kubectl_oidc.errors import ClusterForbidden, ClusterUnreachable
from kubectl_oidc.http import TlsOptions

from .patient import chosen, patient, seen
from .tokens import ABSENT, CLIENT_ID, ISSUER, good_claims

if TYPE_CHECKING:
    from kubectl_oidc.diagnosis.examination import Examination

ADA = Identity(username="ada@example.com", groups=("eks-admins", "system:authenticated"))
ABOUT_ONESELF = Rule(
    verbs=("create",), groups=("authorization.k8s.io",), resources=("selfsubjectaccessreviews",)
)


def facts(algorithm: str | None = "RS256", /, **claims: Any) -> Facts:
    return Facts(
        issuer=ISSUER,
        client_id=CLIENT_ID,
        scopes=("openid", "email"),
        claims=good_claims(**claims),
        algorithm=algorithm,
        has_refresh_token=True,
    )


def refused(server: str = "https://k8s.example.com", /, **claims: Any) -> tuple[str, str]:
    """Return the cause and the hint for a token with these claims that an API server does not take."""
    examination = patient()
    examination.facts = facts(**claims)
    examination.cluster = Cluster(name="c", path=Path("/k"), server=server, tls=TlsOptions())
    return _cause(examination)


# Why the token is not taken


@pytest.mark.parametrize(
    ("claims", "cause"),
    [
        ({"email": ABSENT}, "because the token has no claim email"),
        ({"email_verified": "true"}, "because the claim email_verified"),
        ({"groups": [1]}, "because the claim groups is not a list of strings"),
        ({"aud": "another"}, 'because the token is for the audience "another"'),
        ({"iss": "https://sts.windows.net/1/"}, "because the token is of the issuer"),
    ],
)
def test_a_claim_that_will_not_do_is_the_likely_cause(claims: dict[str, object], cause: str) -> None:
    assert cause in refused(**claims)[0]


def test_an_algorithm_that_not_every_cluster_takes_is_the_likely_cause() -> None:
    examination = patient()
    examination.facts = facts("ES256")
    assert "because the token is signed with ES256" in _cause(examination)[0]


def test_without_a_cause_issuer_and_audience_are_to_be_compared() -> None:
    """At EKS with what EKS has."""
    cause, hint = refused()
    assert f'iss "{ISSUER}", aud "{CLIENT_ID}"' in cause
    assert "--oidc-issuer-url" in hint
    _, hint = refused("https://1234.gr7.eu-central-1.eks.amazonaws.com")
    assert "aws eks describe-identity-provider-config" in hint


def test_another_context_of_the_cluster_with_another_client_is_named() -> None:
    """One with the same says nothing."""
    examination = patient()
    examination.facts = facts()
    examination.neighbours = (Neighbour("same", ISSUER, CLIENT_ID), Neighbour("other", ISSUER, "another"))
    cause, _ = _cause(examination)
    assert f"the context other of the same cluster uses another issuer or client ({ISSUER}, another)" in cause


# As whom


@pytest.mark.parametrize(
    ("claims", "identity", "username_claim", "groups_claim"),
    [
        ({}, ADA, "email", "groups"),
        (
            {"email": ABSENT, "groups": ABSENT, "roles": ["a"], "preferred_username": "ada"},
            Identity(username="oidc:ada", groups=("oidc:a", "system:authenticated")),
            "preferred_username",
            "roles",
        ),
        ({}, Identity(username=f"{ISSUER}#00u1"), "sub", "groups"),
        ({}, Identity(username="mapped-by-cel"), "email", "groups"),
    ],
)
def test_the_claims_that_the_cluster_takes_are_known_by_its_answer(
    claims: dict[str, object], identity: Identity, username_claim: str, groups_claim: str
) -> None:
    """Whatever it puts before them; what comes from no claim leaves them as they are."""
    found = _as_it_reads(facts(**claims), identity)
    assert (found.username_claim, found.groups_claim) == (username_claim, groups_claim)


def test_without_a_context_no_api_server_is_asked() -> None:
    """A warning, where flags name the session; an error where the context's cluster is not there."""
    assert seen(check_cluster(patient()))[0] == "warning"
    assert seen(check_api_server(patient()))[0] == "skipped"
    kind, message, _ = seen(check_cluster(patient(what=chosen({}, context={"cluster": "gone"}))))
    assert (kind, message) == (
        "problem",
        "the context demo names the cluster gone, which is not in the kubeconfig",
    )


# By which role


@dataclass
class Client:
    """A cluster's client that answers as a test says."""

    allowed: bool = False
    rules_: tuple[Rule, ...] = (ABOUT_ONESELF,)
    incomplete: bool = False
    cluster_wide: list[RoleBinding] | Exception = field(default_factory=list)
    of_the_namespace: list[RoleBinding] | Exception = field(default_factory=list)

    def may(self, *_: object, **__: object) -> Access:
        return Access(allowed=self.allowed)

    def rules(self, *_: object) -> Rules:
        return Rules(rules=self.rules_, incomplete=self.incomplete)

    def cluster_role_bindings(self, *_: object) -> list[RoleBinding]:
        return _told(self.cluster_wide)

    def role_bindings(self, *_: object) -> list[RoleBinding]:
        return _told(self.of_the_namespace)


def _told(what: list[RoleBinding] | Exception) -> list[RoleBinding]:
    if isinstance(what, Exception):
        raise what
    return what


def at_a_cluster(identity: Identity | None = ADA, **answers: Any) -> Examination:
    examination = patient()
    examination.identity = identity
    examination.client = Client(**answers)  # type: ignore[assignment]
    return examination


def binding(*subjects: Subject, name: str = "b", role: str = "view") -> RoleBinding:
    return RoleBinding(name=name, namespace="", role=role, subjects=subjects)


def group(name: str) -> Subject:
    return Subject(kind="Group", name=name)


@pytest.mark.parametrize(
    ("answers", "kind", "words"),
    [
        ({"allowed": True}, "ok", "you may list pods in the namespace default"),
        ({}, "problem", "you are known, and may do nothing"),
        ({"incomplete": True}, "warning", "cannot list what else you may"),
        (
            {"rules_": (ABOUT_ONESELF, Rule(verbs=("get", "list"), groups=("",), resources=("secrets",)))},
            "warning",
            "but you may get, list secrets",
        ),
        ({"rules_": (Rule(verbs=("get",), paths=("/healthz",)),)}, "problem", "may do nothing"),
    ],
)
def test_what_is_allowed_is_told(answers: dict[str, Any], kind: str, words: str) -> None:
    """Questions about oneself and paths that everybody may get are nothing to speak of."""
    found = seen(check_access(at_a_cluster(**answers)))
    assert found[0] == kind
    assert words in found[1]


def test_who_may_do_nothing_is_told_what_a_role_can_be_bound_to() -> None:
    """The groups that the cluster sees, or the name where it sees none."""
    assert "your groups (eks-admins)" in seen(check_access(at_a_cluster()))[2]
    alone = Identity(username="ada@example.com", groups=("system:authenticated",))
    assert "binds a role to ada@example.com" in seen(check_access(at_a_cluster(alone)))[2]
    many = Identity(username="a", groups=tuple(f"g{number}" for number in range(12)))
    assert "g7 and 4 more" in seen(check_access(at_a_cluster(many)))[2]


@pytest.mark.parametrize("bound", [group("eks-admins"), Subject(kind="User", name="ada@example.com")])
def test_a_role_that_is_bound_is_named(bound: Subject) -> None:
    """To a group or to the person."""
    found = seen(
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
    kind, message, _ = seen(check_bindings(at_a_cluster(of_the_namespace=bindings)))
    assert kind == "warning"
    assert message.endswith("you are in eks-admins, and bindings name operators")


def test_bindings_that_may_not_be_read_are_left_out() -> None:
    """One of the two is enough; a server that fails is not one that forbids, and neither is a failure of the check."""
    no, away = ClusterForbidden("no"), ClusterUnreachable("away")
    assert seen(check_bindings(at_a_cluster(cluster_wide=no, of_the_namespace=no)))[0] == "skipped"
    assert seen(check_bindings(at_a_cluster(cluster_wide=no, of_the_namespace=away)))[0] == "skipped"
    found = seen(
        check_bindings(at_a_cluster(cluster_wide=no, of_the_namespace=[binding(group("eks-admins"))]))
    )
    assert found[0] == "ok"
    assert seen(check_bindings(at_a_cluster(None))) == (
        "skipped",
        "the API server did not say who you are",
        "",
    )
    assert seen(check_bindings(patient())) == ("skipped", "there is no API server to ask", "")
