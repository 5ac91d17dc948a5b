"""The objects of the demo's cluster, in memory and read-only: a few pods like those of a small EKS cluster."""

from __future__ import annotations

import hashlib
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .rbac import BINDINGS

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.0-kubectl-oidc-demo",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2025-04-23T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "demo",
}

_DAY = 86400


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of object that the API serves.

    Attributes:
        group: The API group; empty for the core group.
        categories: Names for groups of resources, such as ``all``.
    """

    group: str
    kind: str
    namespaced: bool = False
    verbs: tuple[str, ...] = ("get", "list")
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def singular(self) -> str:
        """The name of one object."""
        return self.kind.lower()

    @property
    def name(self) -> str:
        """The plural, as in URLs."""
        return f"{self.singular}s"

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` of its objects."""
        return f"{self.group}/v1" if self.group else "v1"


RESOURCES = (
    Resource("", "Namespace", short_names=("ns",)),
    Resource("", "Pod", namespaced=True, short_names=("po",), categories=("all",)),
    Resource("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    Resource("authentication.k8s.io", "SelfSubjectReview", verbs=("create",)),
    Resource("authorization.k8s.io", "SelfSubjectAccessReview", verbs=("create",)),
    Resource("authorization.k8s.io", "SelfSubjectRulesReview", verbs=("create",)),
)


def find(group: str, version: str, name: str) -> Resource | None:
    """Return the resource of this API group, version and name, or None."""
    return next((one for one in RESOURCES if (one.group, "v1", one.name) == (group, version, name)), None)


class Cluster:
    """The objects. Their ages are relative to the time that ``clock`` returns, in epoch seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._born = clock()
        self._objects = {
            "namespaces": [self._namespace(name) for name in ("default", "kube-node-lease", "kube-public", "kube-system")],
            "pods": [
                self._pod("default", "web-6d8f7c5b9-2xkqp", "web", {"app": "web"}, age=2.2 * _DAY),
                self._pod("default", "web-6d8f7c5b9-t8wzn", "web", {"app": "web"}, node=1, age=2.2 * _DAY),
                self._pod(
                    "kube-system", "aws-node-7hx2c", "aws-node,aws-eks-nodeagent", {"k8s-app": "aws-node"}
                ),
                self._pod(
                    "kube-system", "aws-node-pm4vd", "aws-node,aws-eks-nodeagent", {"k8s-app": "aws-node"}, node=1
                ),
                self._pod("kube-system", "coredns-5b9dfbf96-4rjqs", "coredns", {"k8s-app": "kube-dns"}),
                self._pod("kube-system", "coredns-5b9dfbf96-z6lhn", "coredns", {"k8s-app": "kube-dns"}, node=1),
                self._pod("kube-system", "kube-proxy-9cxnb", "kube-proxy", {"k8s-app": "kube-proxy"}),
                self._pod("kube-system", "kube-proxy-qw8tl", "kube-proxy", {"k8s-app": "kube-proxy"}, node=1),
            ],
            "clusterrolebindings": [self._binding(one.name, one.role, one.group) for one in BINDINGS],
        }  # fmt: skip

    def objects(self, resource: Resource, namespace: str = "") -> list[dict[str, Any]]:
        """Return the objects of a resource, in a namespace or everywhere."""
        return [
            one
            for one in self._objects.get(resource.name, [])
            if not (resource.namespaced and namespace) or one["metadata"]["namespace"] == namespace
        ]

    def _metadata(self, name: str, age: float, namespace: str = "", **more: Any) -> dict[str, Any]:
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._born - age))
        digest = hashlib.sha256(f"{namespace}/{name}".encode()).digest()
        return {
            "name": name,
            **({"namespace": namespace} if namespace else {}),
            "uid": str(uuid.UUID(bytes=digest[:16], version=4)),
            "resourceVersion": str(int.from_bytes(digest[:2], "big") + 1000),
            "creationTimestamp": created,
            **more,
        }

    def _namespace(self, name: str) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": self._metadata(name, 12.4 * _DAY, labels={"kubernetes.io/metadata.name": name}),
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        }

    def _binding(self, name: str, role: str, group: str) -> dict[str, Any]:
        rbac = "rbac.authorization.k8s.io"
        return {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": self._metadata(name, 12.4 * _DAY),
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": rbac, "kind": "Group", "name": group}],
        }

    def _pod(
        self,
        namespace: str,
        name: str,
        containers: str,
        labels: dict[str, str],
        *,
        node: int = 0,
        age: float = 12.1 * _DAY,
    ) -> dict[str, Any]:
        metadata = self._metadata(name, age, namespace, labels=labels)
        started = metadata["creationTimestamp"]
        names = containers.split(",")
        address = f"10.0.{node + 1}.{int(metadata['resourceVersion']) % 250 + 4}"
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": {
                "nodeName": f"ip-10-0-{node + 1}-17.eu-central-1.compute.internal",
                "restartPolicy": "Always",
                "containers": [{"name": one, "image": f"registry.example.com/{one}:v1"} for one in names],
            },
            "status": {
                "phase": "Running",
                "podIP": address,
                "podIPs": [{"ip": address}],
                "startTime": started,
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": started}],
                "containerStatuses": [_running(one, started) for one in names],
            },
        }


def _running(container: str, started: str) -> dict[str, Any]:
    return {
        "name": container,
        "image": f"registry.example.com/{container}:v1",
        "imageID": "",
        "ready": True,
        "started": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": started}},
    }
