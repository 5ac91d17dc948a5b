"""Answer self-subject reviews: who am I, may I, what may I (``kubectl auth whoami``, ``can-i``, ``can-i --list``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import errors
from .rbac import reason_to_allow, rules_of
from .request_path import Attributes

if TYPE_CHECKING:
    from .resources import Resource
    from .token_authenticator import User


def review(resource: Resource, user: User, body: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a self-subject review.

    Raises:
        ApiError: It cannot be parsed.
    """
    given = body.get("spec")
    spec: dict[str, Any] = given if isinstance(given, dict) else {}
    match resource.kind:
        case "SelfSubjectReview":
            answer: dict[str, Any] = {"userInfo": {"username": user.name, "groups": user.groups}}
        case "SelfSubjectAccessReview":
            reason = reason_to_allow(user, _asked(spec))
            answer = {"allowed": bool(reason), **({"reason": reason} if reason else {})}
        case _:
            answer = _rules(user)
    return {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": {},
        **({"spec": spec} if spec else {}),
        "status": answer,
    }


def _asked(spec: dict[str, Any]) -> Attributes:
    """Return the attributes of a SelfSubjectAccessReview, which must have exactly one kind of them."""
    about, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if isinstance(path, dict) and about is None:
        return Attributes(verb=str(path.get("verb", "")), path=str(path.get("path") or "/"))
    if not isinstance(about, dict) or path is not None:
        raise errors.bad_request(
            "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        )
    names = ("verb", "group", "version", "resource", "subresource", "namespace", "name")
    return Attributes(**{name: str(about.get(name) or "") for name in names})


def _rules(user: User) -> dict[str, Any]:
    rules = rules_of(user)
    return {
        "resourceRules": [
            {"verbs": rule.verbs, "apiGroups": rule.groups, "resources": rule.resources}
            for rule in rules
            if rule.resources
        ],
        "nonResourceRules": [
            {"verbs": rule.verbs, "nonResourceURLs": rule.paths} for rule in rules if rule.paths
        ],
        "incomplete": False,
    }
