"""What the Kubernetes API answers to questions about oneself, read strictly.

The API groups are authentication.k8s.io, authorization.k8s.io and rbac.authorization.k8s.io. A member that is missing counts as empty; one that has another shape than Kubernetes gives it does not come from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.errors import ClusterMisbehaves

if TYPE_CHECKING:
    from collections.abc import Mapping

    Object = Mapping[str, object]

GROUP = "Group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the API server says we are.

    Attributes:
        username: The user name, prefix included.
        uid: The user id; empty where there is none.
        groups: The groups, prefix and ``system:authenticated`` included.
    """

    username: str
    uid: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Whether one thing is allowed.

    Attributes:
        allowed: Whether it is.
        reason: Why, in the authorizer's own words; often empty.
        error: What kept the authorizer from deciding, else empty.
    """

    allowed: bool
    reason: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Something that is allowed; ``*`` stands for everything.

    Attributes:
        verbs: The verbs.
        groups: The API groups; empty for paths.
        resources: The resources; empty for paths.
        paths: Paths that are no resources.
        names: The only objects that it is about; empty for all.
    """

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def allows(self, verb: str, resource: str) -> bool:
        """Return whether it allows something with every object of a resource of the core group."""
        asked = ((verb, self.verbs), ("", self.groups), (resource, self.resources))
        return not self.names and all(word in allowed or "*" in allowed for word, allowed in asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything that is allowed in one namespace, as far as it is known.

    Attributes:
        rules: What is allowed.
        incomplete: Whether there may be more: an authorizer (a webhook, EKS access entries) cannot list its rules.
    """

    rules: tuple[Rule, ...]
    incomplete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a binding is for.

    Attributes:
        kind: ``User``, ``Group`` or ``ServiceAccount``.
        name: The name.
    """

    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleBinding:
    """A ClusterRoleBinding or RoleBinding.

    Attributes:
        name: Its name.
        namespace: Where it applies; empty for everywhere.
        role: The role's name.
        subjects: Whom it is for.
        role_kind: ``ClusterRole``, or ``Role`` for one of the binding's namespace.
    """

    name: str
    namespace: str
    role: str
    subjects: tuple[Subject, ...]
    role_kind: str = "ClusterRole"

    def groups(self) -> tuple[str, ...]:
        """Return the names of the groups that it is for."""
        return tuple(subject.name for subject in self.subjects if subject.kind == GROUP)


def identity(review: Object) -> Identity:
    """Return what a SelfSubjectReview says.

    Raises:
        ClusterMisbehaves: It says nothing.
    """
    user = _member(_member(review, "status"), "userInfo")
    name = _text(user, "username")
    if not name:
        raise _strange("a SelfSubjectReview names no user")
    return Identity(username=name, uid=_text(user, "uid"), groups=_words(user, "groups"))


def access(review: Object) -> Access:
    """Return what a SelfSubjectAccessReview says.

    Raises:
        ClusterMisbehaves: It has another shape.
    """
    status = _member(review, "status")
    return Access(
        allowed=status.get("allowed") is True,
        reason=_text(status, "reason"),
        error=_text(status, "evaluationError"),
    )


def rules(review: Object) -> Rules:
    """Return what a SelfSubjectRulesReview says.

    Raises:
        ClusterMisbehaves: It has another shape.
    """
    status = _member(review, "status")
    resources = (
        Rule(
            verbs=_words(rule, "verbs"), groups=_words(rule, "apiGroups"), resources=_words(rule, "resources")
        )
        for rule in _members(status, "resourceRules")
    )
    paths = (
        Rule(verbs=_words(rule, "verbs"), paths=_words(rule, "nonResourceURLs"))
        for rule in _members(status, "nonResourceRules")
    )
    return Rules(rules=(*resources, *paths), incomplete=status.get("incomplete") is True)


def role_rules(role: Object) -> tuple[Rule, ...]:
    """Return what a Role or ClusterRole allows.

    Raises:
        ClusterMisbehaves: It has another shape.
    """
    return tuple(
        Rule(
            verbs=_words(rule, "verbs"),
            groups=_words(rule, "apiGroups"),
            resources=_words(rule, "resources"),
            paths=_words(rule, "nonResourceURLs"),
            names=_words(rule, "resourceNames"),
        )
        for rule in _members(role, "rules")
    )


def bindings(page: Object) -> tuple[list[RoleBinding], str]:
    """Return one page of a list of bindings, and where the next begins (``continue``; empty at the end).

    Raises:
        ClusterMisbehaves: It has another shape.
    """
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
    value = document.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _strange(f"{name} is no object")
    return value


def _members(document: Object, name: str) -> list[Object]:
    value = document.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _strange(f"{name} is no list of objects")
    return value


def _text(document: Object, name: str) -> str:
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _strange(f"{name} is no string")
    return value


def _words(document: Object, name: str) -> tuple[str, ...]:
    value = document.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise _strange(f"{name} is no list of strings")
    return tuple(value)


def _strange(what: str) -> ClusterMisbehaves:
    return ClusterMisbehaves(
        f"the API server's answer is none of Kubernetes: {what}",
        "check the server of the kubeconfig's cluster, and what stands between it and you",
    )
