"""A role for the groups: the ClusterRoleBinding ("Using RBAC authorization" in Kubernetes' documentation)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .manifest import FILE, Manifest

if TYPE_CHECKING:
    from collections.abc import Sequence

_RBAC = "rbac.authorization.k8s.io"
_MOST = 10  # groups of the token that are proposed


class Binding(NamedTuple):
    """A cluster role given to groups."""

    role: str
    groups: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the ClusterRoleBinding."""
        return f"oidc-{self.role}"


def binding(groups: Sequence[str], *, role: str | None = None, chosen: Sequence[str] = ()) -> Binding | None:
    """Return a role binding that is worth proposing to a person of these groups.

    ``cluster-admin`` may do everything, so it is proposed only for groups whose name speaks of admins; else ``view``.

    Args:
        groups: The groups in the token.
        role: The role that the person asked for.
        chosen: The groups that the person asked for, in place of the proposal.

    Returns:
        The proposal; None where there is no group to bind.
    """
    admins = tuple(group for group in groups if "admin" in group.lower())
    own = admins if role in (None, "cluster-admin") and admins else tuple(groups)
    subjects = tuple(chosen) or own[:_MOST]
    if not subjects:
        return None
    all_admins = all("admin" in group.lower() for group in subjects)
    return Binding(role or ("cluster-admin" if all_admins else "view"), subjects)


def cluster_role_binding(proposal: Binding) -> Manifest:
    """Return the ClusterRoleBinding; its groups are named as the cluster sees them."""
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
    """Return the words of the kubectl command that makes the same ClusterRoleBinding."""
    groups = [f"--group={group}" for group in proposal.groups]
    return [
        "kubectl",
        "create",
        "clusterrolebinding",
        proposal.name,
        f"--clusterrole={proposal.role}",
        *groups,
    ]
