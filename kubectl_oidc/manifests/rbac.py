"""The ClusterRoleBinding that gives a role to groups ("Using RBAC Authorization", Kubernetes)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.named_tuple import NamedTuple

from .manifest import FILE, Manifest

if TYPE_CHECKING:
    from collections.abc import Sequence

_RBAC = "rbac.authorization.k8s.io"
_MOST = 10  # proposed groups of the token


class Binding(NamedTuple):
    """A cluster role given to groups."""

    role: str
    groups: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the ClusterRoleBinding."""
        return f"oidc-{self.role}"


def propose_binding(
    groups: Sequence[str], *, role: str | None = None, chosen: Sequence[str] = ()
) -> Binding | None:
    """Return the role binding to propose to a person with these groups; None without a group. Flags may give role and groups.

    ``cluster-admin`` allows everything, so it is proposed only for groups with "admin" in their name; otherwise ``view``.
    """
    admins = tuple(group for group in groups if "admin" in group.lower())
    own = admins if role in (None, "cluster-admin") and admins else tuple(groups)
    subjects = tuple(chosen) or own[:_MOST]
    if not subjects:
        return None
    all_admins = all("admin" in group.lower() for group in subjects)
    return Binding(role or ("cluster-admin" if all_admins else "view"), subjects)


def cluster_role_binding(proposal: Binding) -> Manifest:
    """Return the ClusterRoleBinding. Its groups must have the cluster's prefix."""
    return Manifest(
        name="cluster-role-binding.yaml",
        purpose="gives a role to groups",
        content={
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": proposal.name},
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": proposal.role},
            "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": group} for group in proposal.groups],
        },
        command=("kubectl", "apply", "-f", FILE),
    )


def cluster_role_binding_command(proposal: Binding) -> list[str]:
    """Return the kubectl command that creates the same ClusterRoleBinding."""
    groups = [f"--group={group}" for group in proposal.groups]
    command = ["kubectl", "create", "clusterrolebinding", proposal.name]
    return [*command, f"--clusterrole={proposal.role}", *groups]
