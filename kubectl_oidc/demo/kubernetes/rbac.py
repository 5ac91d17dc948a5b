"""Authorize a request by RBAC: the demo's cluster roles and bindings, and what they allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.demo.provider.people import ADMINS

from .token_authenticator import EVERYBODY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .request_path import Attributes
    from .token_authenticator import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a role allows; ``*`` means everything.

    Attributes:
        paths: Paths without a resource; one may end in ``*``.
    """

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def allows(self, asked: Attributes) -> bool:
        """Return whether the rule allows the request."""
        if not _has(self.verbs, asked.verb):
            return False
        if asked.path:
            return any(
                path == asked.path or (path.endswith("*") and asked.path.startswith(path[:-1]))
                for path in self.paths
            )
        return _has(self.groups, asked.group) and _has(self.resources, asked.full_resource)


def _has(allowed: tuple[str, ...], word: str) -> bool:
    return "*" in allowed or word in allowed


@dataclass(frozen=True, slots=True)
class ClusterRoleBinding:
    """Gives a cluster role to a group, in every namespace."""

    name: str
    role: str
    group: str


ROLES: dict[str, tuple[Rule, ...]] = {
    "cluster-admin": (Rule(verbs=("*",), groups=("*",), resources=("*",)), Rule(verbs=("*",), paths=("*",))),
    "system:basic-user": (
        Rule(
            verbs=("create",),
            groups=("authorization.k8s.io",),
            resources=("selfsubjectaccessreviews", "selfsubjectrulesreviews"),
        ),
        Rule(verbs=("create",), groups=("authentication.k8s.io",), resources=("selfsubjectreviews",)),
    ),
    "system:discovery": (
        Rule(
            verbs=("get",),
            paths=(
                "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*",
                "/readyz", "/version", "/version/",
            ),
        ),
    ),
}  # fmt: skip
BINDINGS = (
    ClusterRoleBinding("oidc-cluster-admin", "cluster-admin", ADMINS),
    ClusterRoleBinding("system:basic-user", "system:basic-user", EVERYBODY),
    ClusterRoleBinding("system:discovery", "system:discovery", EVERYBODY),
)


def reason_to_allow(user: User, asked: Attributes) -> str:
    """Return RBAC's reason why the request is allowed; empty if it is not."""
    for binding in BINDINGS:
        if binding.group in user.groups and any(rule.allows(asked) for rule in ROLES[binding.role]):
            return (
                f'RBAC: allowed by ClusterRoleBinding "{binding.name}" of ClusterRole "{binding.role}" '
                f'to Group "{binding.group}"'
            )
    return ""


def rules_of(user: User) -> Sequence[Rule]:
    """Return all rules that apply to the user."""
    return [rule for binding in BINDINGS if binding.group in user.groups for rule in ROLES[binding.role]]
