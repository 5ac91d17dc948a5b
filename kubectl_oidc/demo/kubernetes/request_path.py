"""The verb, resource, namespace and name of a request, from its method and path (Kubernetes API URL scheme)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_PARTS_OF_A_NAMESPACE = frozenset({"status", "finalize"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """The attributes of a request, as authorization uses them.

    Attributes:
        verb: Such as ``list``; without a resource, the method in lower case.
        path: The whole path if it has no resource; else empty.
        group: The API group; empty for the core group.
        resource: Such as ``pods``.
        subresource: Such as ``log``, or empty.
        namespace: Empty at the cluster scope.
        name: Empty for a list.
    """

    verb: str
    path: str = ""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    @property
    def full_resource(self) -> str:
        """The resource as authorization names it: ``pods``, ``pods/log``."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource

    @property
    def group_resource(self) -> str:
        """The resource as failures name it: ``pods``, ``deployments.apps``."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


def attributes(method: str, path: str, query: Mapping[str, str]) -> Attributes:
    """Return the attributes of a request."""
    words = [word for word in path.split("/") if word]
    if words[:2] == ["api", "v1"] and len(words) > 2:  # noqa: PLR2004 - /api/v1/RESOURCE
        group, version, rest = "", "v1", words[2:]
    elif words[:1] == ["apis"] and len(words) > 3:  # noqa: PLR2004 - /apis/GROUP/VERSION/RESOURCE
        group, version, rest = words[1], words[2], words[3:]
    else:
        return Attributes(verb="get" if method == "HEAD" else method.lower(), path=path)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        # namespaces/NAME is a namespace, namespaces/NAME/status a part of it, namespaces/NAME/pods are objects in it.
        if len(rest) > 2 and rest[2] not in _PARTS_OF_A_NAMESPACE:  # noqa: PLR2004
            rest = rest[2:]
    name = rest[1] if len(rest) > 1 else ""
    return Attributes(
        verb=_verb(method, name, query),
        group=group,
        version=version,
        resource=rest[0],
        subresource=rest[2] if len(rest) > 2 else "",  # noqa: PLR2004
        namespace=namespace,
        name=name,
    )


def _verb(method: str, name: str, query: Mapping[str, str]) -> str:
    if method in {"GET", "HEAD"}:
        if query.get("watch") in {"true", "1"}:
            return "watch"
        return "get" if name else "list"
    verb = _VERBS.get(method, method.lower())
    return "deletecollection" if verb == "delete" and not name else verb
