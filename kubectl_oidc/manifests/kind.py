"""kind: a cluster on this machine, made with an AuthenticationConfiguration in its control plane node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.yaml_text import block

from .manifest import FILE, ClusterSide, Manifest
from .structured_authentication import authentication_configuration

if TYPE_CHECKING:
    from .cluster_type import Cluster
    from .trust import Trust

_WHERE = "; run kind in the directory where both files are"
_DIRECTORY = "/etc/kubernetes/oidc"


def kind(trust: Trust, cluster: Cluster, directory: str) -> ClusterSide:
    """Return what kind needs to make a cluster that trusts the issuer.

    Args:
        trust: What the cluster must know.
        cluster: The cluster; without a name kind chooses one.
        directory: Where the files lie; a dot for the directory in which kind will be run.
    """
    configuration = authentication_configuration(trust)
    inside = f"{_DIRECTORY}/{configuration.name}"
    volume = {"name": "oidc", "hostPath": _DIRECTORY, "mountPath": _DIRECTORY, "readOnly": True}
    # Without an apiVersion and with a map, as every kind takes it, whichever kubeadm it speaks to.
    patch = {
        "kind": "ClusterConfiguration",
        "apiServer": {"extraArgs": {"authentication-config": inside}, "extraVolumes": [volume]},
    }
    node = {
        "role": "control-plane",
        "extraMounts": [
            {"hostPath": f"{directory}/{configuration.name}", "containerPath": inside, "readOnly": True}
        ],
        "kubeadmConfigPatches": [block(patch) + "\n"],
    }
    named = {"name": cluster.name} if cluster.name else {}
    return ClusterSide(
        title="kind, with Kubernetes 1.34 or newer.",
        notes=(
            (
                "The cluster is made with it; one that exists must be deleted first. The node must reach the issuer by the same "
                "URL as the browser does, so localhost will not do."
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
