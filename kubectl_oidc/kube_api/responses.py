"""Parse the answers of the Kubernetes API, strictly.

The API groups are authentication.k8s.io, authorization.k8s.io and rbac.authorization.k8s.io. A missing member counts as empty. A
member of another type is a ClusterMisbehaves error: then the answer is not from Kubernetes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.errors import ClusterMisbehaves

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeVar

    Object = Mapping[str, object]
    T = TypeVar("T")

GROUP = "Group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user as the API server sees it.

    Attributes:
        username: The user name with its prefix.
        groups: The groups with their prefix, and ``system:authenticated``.
    """

    username: str
    uid: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Whether one thing is allowed.

    Attributes:
        reason: The authorizer's reason; often empty.
        error: Why the authorizer could not decide; else empty.
    """

    allowed: bool
    reason: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Something that is allowed; ``*`` means everything.

    Attributes:
        groups: The API groups; empty for paths.
        resources: The resources; empty for paths.
        paths: Paths that are not resources.
        names: The objects; empty for all.
    """

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def allows(self, verb: str, resource: str) -> bool:
        """Return whether it allows a verb for all objects of a resource of the core group."""
        asked = ((verb, self.verbs), ("", self.groups), (resource, self.resources))
        return not self.names and all(word in allowed or "*" in allowed for word, allowed in asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is allowed in one namespace.

    Attributes:
        incomplete: Whether there may be more rules, because an authorizer (a webhook, EKS access entries) cannot list its own.
    """

    rules: tuple[Rule, ...]
    incomplete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A ``User``, ``Group`` or ``ServiceAccount`` of a binding."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleBinding:
    """A ClusterRoleBinding or RoleBinding.

    Attributes:
        namespace: Where it applies; empty for all namespaces.
        role: The role's name.
        role_kind: ``ClusterRole``, or ``Role`` for a role of the binding's namespace.
    """

    name: str
    namespace: str
    role: str
    subjects: tuple[Subject, ...]
    role_kind: str = "ClusterRole"

    def groups(self) -> tuple[str, ...]:
        """Return the names of its groups."""
        return tuple(subject.name for subject in self.subjects if subject.kind == GROUP)


def identity(review: Object) -> Identity:
    """Return the user of a SelfSubjectReview.

    Raises:
        ClusterMisbehaves: It has no user name.
    """
    user = _member(_member(review, "status"), "userInfo")
    name = _text(user, "username")
    if not name:
        raise _invalid("a SelfSubjectReview names no user")
    return Identity(username=name, uid=_text(user, "uid"), groups=_strings(user, "groups"))


def access(review: Object) -> Access:
    """Return the result of a SelfSubjectAccessReview."""
    status = _member(review, "status")
    return Access(
        allowed=status.get("allowed") is True,
        reason=_text(status, "reason"),
        error=_text(status, "evaluationError"),
    )


def rules(review: Object) -> Rules:
    """Return the rules of a SelfSubjectRulesReview."""
    status = _member(review, "status")
    found = (*_members(status, "resourceRules"), *_members(status, "nonResourceRules"))
    return Rules(rules=tuple(map(_rule, found)), incomplete=status.get("incomplete") is True)


def role_rules(role: Object) -> tuple[Rule, ...]:
    """Return what a Role or ClusterRole allows."""
    return tuple(map(_rule, _members(role, "rules")))


def _rule(rule: Object) -> Rule:
    return Rule(
        verbs=_strings(rule, "verbs"),
        groups=_strings(rule, "apiGroups"),
        resources=_strings(rule, "resources"),
        paths=_strings(rule, "nonResourceURLs"),
        names=_strings(rule, "resourceNames"),
    )


def bindings(page: Object) -> tuple[list[RoleBinding], str]:
    """Return one page of a list of bindings, and the ``continue`` token of the next page (empty at the end)."""
    found = [_binding(item) for item in _members(page, "items")]
    return found, _text(_member(page, "metadata"), "continue")


def _binding(item: Object) -> RoleBinding:
    metadata, role = _member(item, "metadata"), _member(item, "roleRef")
    return RoleBinding(
        name=_text(metadata, "name"),
        namespace=_text(metadata, "namespace"),
        role=_text(role, "name"),
        role_kind=_text(role, "kind") or "ClusterRole",
        subjects=tuple(
            Subject(kind=_text(subject, "kind"), name=_text(subject, "name"))
            for subject in _members(item, "subjects")
        ),
    )


def _member(document: Object, name: str) -> Object:
    return _value(document, name, dict, "object")


def _text(document: Object, name: str) -> str:
    return _value(document, name, str, "string")


def _members(document: Object, name: str) -> list[Object]:
    return _list(document, name, dict, "list of objects")


def _strings(document: Object, name: str) -> tuple[str, ...]:
    return tuple(_list(document, name, str, "list of strings"))


def _list(document: Object, name: str, kind: type[T], what: str) -> list[T]:
    items = _value(document, name, list, what)
    if not all(isinstance(item, kind) for item in items):
        raise _invalid(f"{name} is not a {what}")
    return items


def _value(document: Object, name: str, kind: type[T], what: str) -> T:
    """Return a member of the document; an empty value if it is missing."""
    value = document.get(name)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise _invalid(f"{name} is not a {what}")
    return value


def _invalid(what: str) -> ClusterMisbehaves:
    return ClusterMisbehaves(
        f"the API server's answer is not from Kubernetes: {what}",
        "check the server of the kubeconfig's cluster, and any proxy in between",
    )
