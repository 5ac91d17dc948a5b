"""A token, and an API server that answers as a test says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from kubectl_oidc.diagnosis.token.facts import TokenFacts
from kubectl_oidc.errors import ClusterForbidden
from kubectl_oidc.kube_api.responses import Access, Identity, RoleBinding, Rule, Rules, Subject
from tests.tokens import CLIENT_ID, ISSUER, good_claims
from tests.unit.diagnosis.doctor_run import doctor_run

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
    run = doctor_run()
    run.identity = identity
    run.client = Client(**answers)  # type: ignore[assignment]
    return run


def binding(*subjects: Subject, name: str = "b", role: str = "view", namespace: str = "") -> RoleBinding:
    return RoleBinding(name=name, namespace=namespace, role=role, subjects=subjects)


def group(name: str) -> Subject:
    return Subject(kind="Group", name=name)


def user(name: str) -> Subject:
    return Subject(kind="User", name=name)
