"""kind: a new local cluster with an AuthenticationConfiguration in its control plane node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.yaml_text import yaml_block

from .manifest import FILE, ClusterSteps, Manifest
from .structured_authentication import authentication_configuration

if TYPE_CHECKING:
    from .cluster_type import Cluster
    from .trust import ClusterTrust

_WHERE = "; run kind in the directory where both files are"
_DIRECTORY = "/etc/kubernetes/oidc"


def _node(configuration: str, directory: str) -> dict[str, object]:
    """Return a control plane node whose API server reads the file ``configuration`` of ``directory``."""
    inside = f"{_DIRECTORY}/{configuration}"
    volume = {"name": "oidc", "hostPath": _DIRECTORY, "mountPath": _DIRECTORY, "readOnly": True}
    # kind accepts this for every version of kubeadm: no apiVersion, and extraArgs as a map.
    patch = {
        "kind": "ClusterConfiguration",
        "apiServer": {"extraArgs": {"authentication-config": inside}, "extraVolumes": [volume]},
    }
    return {
        "role": "control-plane",
        "extraMounts": [
            {"hostPath": f"{directory}/{configuration}", "containerPath": inside, "readOnly": True}
        ],
        "kubeadmConfigPatches": [yaml_block(patch) + "\n"],
    }


def kind(trust: ClusterTrust, cluster: Cluster, directory: str) -> ClusterSteps:
    """Return what kind needs to create a cluster that trusts the issuer. Without a name kind chooses one.

    Args:
        directory: Where the manifests are; a dot for the directory in which kind is run.
    """
    configuration = authentication_configuration(trust)
    node = _node(configuration.name, directory)
    named = {"name": cluster.name} if cluster.name else {}
    return ClusterSteps(
        title="kind, with Kubernetes 1.34 or newer.",
        notes=(
            (
                "Create the cluster with it; delete an existing one first. The node must reach the issuer by the browser's URL, so localhost does not work."
            ),
        ),
        manifests=(
            configuration,
            Manifest(
                name="kind.yaml",
                purpose=f"makes the cluster{_WHERE if directory == '.' else ''}",
                content={"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", **named, "nodes": [node]},
                command=("kind", "create", "cluster", f"--config={FILE}"),
            ),
        ),
    )
