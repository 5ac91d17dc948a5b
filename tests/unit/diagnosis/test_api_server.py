"""What the API server's answers mean for a person: why not, as whom, and by which role."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from kubectl_oidc.diagnosis.api_server import check_api_server, check_cluster
from kubectl_oidc.diagnosis.bindings import check_bindings
from kubectl_oidc.diagnosis.rbac import check_access
from kubectl_oidc.diagnosis.reading import as_it_reads, differences
from kubectl_oidc.diagnosis.run import Neighbour
from kubectl_oidc.diagnosis.token_lint import TokenFacts
from kubectl_oidc.diagnosis.unauthorized import cause
from kubectl_oidc.errors import ClusterForbidden, ClusterNotFound, ClusterUnreachable
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.kube_api import Access, Cluster, Identity, RoleBinding, Rule, Rules, Subject
from tests.patient import chosen, patient, seen
from tests.tokens import ABSENT, CLIENT_ID, ISSUER, good_claims

if TYPE_CHECKING:
    from kubectl_oidc.diagnosis.run import DoctorRun

T = TypeVar("T")
ADA = Identity(username="ada@example.com", groups=("eks-admins", "system:authenticated"))
ABOUT_ONESELF = Rule(
    verbs=("create",), groups=("authorization.k8s.io",), resources=("selfsubjectaccessreviews",)
)


def facts(algorithm: str | None = "RS256", /, **claims: Any) -> TokenFacts:
    return TokenFacts(
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
    return cause(examination)


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
    assert "because the token is signed with ES256" in cause(examination)[0]


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
    found, _ = cause(examination)
    assert f"the context other of the same cluster uses another issuer or client ({ISSUER}, another)" in found


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
    found = as_it_reads(facts(**claims), identity)
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
    everywhere: list[RoleBinding] | Exception = field(default_factory=lambda: ClusterForbidden("no"))
    roles: tuple[Rule, ...] | Exception = field(default_factory=lambda: ClusterForbidden("no"))
    allowed_in: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def may(self, *_: object, namespace: str, **__: object) -> Access:
        return Access(allowed=self.allowed or namespace == self.allowed_in)

    def all_role_bindings(self, *_: object) -> list[RoleBinding]:
        return _told(self.everywhere)

    def role_rules(self, *_: object) -> tuple[Rule, ...]:
        return _told(self.roles)

    def rules(self, *_: object) -> Rules:
        return Rules(rules=self.rules_, incomplete=self.incomplete)

    def cluster_role_bindings(self, *_: object) -> list[RoleBinding]:
        return _told(self.cluster_wide)

    def role_bindings(self, *_: object) -> list[RoleBinding]:
        return _told(self.of_the_namespace)


def _told(what: T | Exception) -> T:
    if isinstance(what, Exception):
        raise what
    return what


def at_a_cluster(identity: Identity | None = ADA, **answers: Any) -> DoctorRun:
    examination = patient()
    examination.identity = identity
    examination.client = Client(**answers)  # type: ignore[assignment]
    return examination


def binding(*subjects: Subject, name: str = "b", role: str = "view", namespace: str = "") -> RoleBinding:
    return RoleBinding(name=name, namespace=namespace, role=role, subjects=subjects)


def group(name: str) -> Subject:
    return Subject(kind="Group", name=name)


def user(name: str) -> Subject:
    return Subject(kind="User", name=name)


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
    assert "you are in eks-admins, and bindings name operators" in message
    assert message.endswith(" and the users eks-admins")


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


# What the cluster reads, beside what the token says


@pytest.mark.parametrize(
    ("claims", "identity", "words"),
    [
        ({}, ADA, []),
        ({}, Identity(username="ada@example.com"), ["it reads no groups, and the token's claim groups has eks-admins"]),
        ({}, Identity(username="oidc:ada@example.com", groups=("eks-admins",)), ["it puts oidc: before the user name ada@example.com"]),
        ({}, Identity(username="ada@example.com", groups=("oidc:eks-admins",)), ["it puts oidc: before the groups eks-admins"]),
        (
            {},
            Identity(username=f"{ISSUER}#00u1", groups=("eks-admins",)),
            [f"the user name is the claim sub with {ISSUER}# before it, not email (ada@example.com)"],
        ),
        (
            {"roles": ["ops", "dev"]},
            Identity(username="ada@example.com", groups=("ops", "dev")),
            ["the groups are the claim roles, not groups (eks-admins)"],
        ),
        (
            {"groups": ["a", "b", "c"]},
            Identity(username="ada@example.com", groups=("p:b", "p:c")),
            ["it puts p: before the groups a, b, c"],
        ),
        ({"groups": ["a", "b"]}, Identity(username="ada@example.com", groups=("b",)), ["it leaves out the groups a"]),
        ({}, Identity(username="mapped", groups=("eks-admins",)), ["the user name comes from no claim of the token"]),
        ({}, Identity(username="ada@example.com", groups=("made-by-a-webhook",)), []),
        ({"groups": "eks-admins"}, ADA, []),
        ({"groups": ABSENT}, Identity(username="ada@example.com"), []),
    ],
)  # fmt: skip
def test_what_the_cluster_reads_is_compared_with_the_token(
    claims: dict[str, object], identity: Identity, words: list[str]
) -> None:
    """User name and groups: another claim, a prefix, none; what is as it should be is no difference."""
    claims = {"groups": ["eks-admins"], **claims}
    assert differences(facts(**claims), identity) == words


# Near misses


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
    examination = at_a_cluster(
        identity, cluster_wide=[binding(group("others")), binding(bound, name="almost")]
    )
    examination.facts, examination.allowed = facts(groups=["eks-admins"]), False
    kind, _, said = seen(check_bindings(examination))
    assert kind == "warning"
    assert hint in said


def bound_here(**answers: Any) -> DoctorRun:
    """Return an examination of somebody who has a role and may not list pods."""
    examination = at_a_cluster(ADA, cluster_wide=[binding(group("eks-admins"), role="reader")], **answers)
    examination.allowed = False
    return examination


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
    found = seen(check_bindings(bound_here(roles=roles)))
    assert found[0] == kind
    assert "b gives reader to eks-admins" in found[1]
    assert words in found[1]


def test_a_binding_of_another_namespace_is_named_with_how_to_go_there() -> None:
    """Where all bindings may be read."""
    examination = at_a_cluster(ADA, everywhere=[binding(group("eks-admins"), namespace="team-a")])
    examination.allowed = False
    kind, message, hint = seen(check_bindings(examination))
    assert kind == "warning"
    assert (
        "b gives view to eks-admins in the namespace team-a only, and the context's namespace is default"
        in message
    )
    assert "kubectl config set-context --current --namespace=team-a" in hint


def test_a_namespace_of_the_kubeconfig_in_which_pods_may_be_listed_is_named() -> None:
    """Where no binding may be read; the namespaces are those of other contexts of the cluster."""
    examination = at_a_cluster(ADA, allowed_in="team-a")
    examination.namespaces = ("team-b", "team-a")
    kind, _, hint = seen(check_access(examination))
    assert kind == "problem"
    assert (
        "in the namespace team-a you may list pods: `kubectl config set-context --current --namespace=team-a`"
        in hint
    )


def test_who_is_allowed_by_something_else_than_bindings_is_left_alone() -> None:
    """Access entries of EKS, a webhook: no binding names the person, and nothing is wrong."""
    examination = at_a_cluster(ADA, allowed=True, cluster_wide=[binding(group("others"))])
    assert seen(check_access(examination))[0] == "ok"
    assert seen(check_bindings(examination))[0] == "ok"


# The API server's clock


def at_the_clock(ahead: float, *, provider: float | None = None, **claims: Any) -> DoctorRun:
    """Return an examination at a cluster whose clock is ``ahead`` of ours, and the provider's, if it is known."""
    examination = patient()
    now = examination.system.clock()
    examination.client = Client(
        headers={"date": format_datetime(datetime.fromtimestamp(now + ahead, UTC), usegmt=True)}
    )  # type: ignore[assignment]
    examination.facts = facts(**{"iat": int(now) - 60, "exp": int(now) + 3540, **claims})
    examination.dates = None if provider is None else (now + provider, now)
    return examination


@pytest.mark.parametrize(
    ("ahead", "provider", "claims", "words"),
    [
        (7200, None, {}, "by its clock the token ended 1 h 1 min ago, because the API server's clock is 2 h ahead of this computer's"),
        (7200, 0, {}, "the API server's clock is 2 h ahead of the provider's"),
        (7200, 7200, {}, "this computer's clock is 2 h behind the API server's and the provider's"),
        (-7200, None, {"nbf": 1_760_000_000}, "by its clock the token begins in 2 h"),
        (-7200, None, {}, "nothing in the token speaks against it, but the API server's clock is 2 h behind"),
        (30, None, {}, "another issuer or client ID"),
        (7200, None, {"email_verified": False}, "by its clock the token ended"),
        (600, None, {"email_verified": False}, "email_verified is false"),
    ],
)  # fmt: skip
def test_a_clock_that_refuses_the_token_is_the_cause(
    ahead: float, provider: float | None, claims: dict[str, object], words: str
) -> None:
    """What is certain comes first; another issuer is blamed only if nothing else fits."""
    said, _ = cause(at_the_clock(ahead, provider=provider, **claims))
    assert words in said
    assert ("another issuer" in said) == (words == "another issuer or client ID")


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 99 Foo 2026 99:99:99 GMT"])
def test_a_date_that_is_none_says_nothing(date: str) -> None:
    examination = at_the_clock(0)
    examination.client = Client(headers={"date": date})  # type: ignore[assignment]
    assert "another issuer" in cause(examination)[0]
