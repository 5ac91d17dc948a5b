"""Choose what to do by the type of cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .aks import aks, prefixed
from .apiserver import apiserver, kubeadm
from .cluster_type import ClusterType
from .eks import eks
from .gke import gke
from .kind import kind
from .rancher import k3s, rke2
from .structured_authentication import structured
from .talos import talos

if TYPE_CHECKING:
    from .cluster_type import Cluster
    from .manifest import ClusterSteps
    from .trust import ClusterTrust

_BY_NAME = {ClusterType.EKS: eks, ClusterType.GKE: gke, ClusterType.AKS: aks}
_NAMELESS = {
    ClusterType.KUBEADM: kubeadm,
    ClusterType.APISERVER: apiserver,
    ClusterType.AUTHENTICATION_CONFIGURATION: structured,
    ClusterType.K3S: k3s,
    ClusterType.RKE2: rke2,
    ClusterType.TALOS: talos,
}


def steps_for_cluster(cluster: Cluster, trust: ClusterTrust, directory: str = ".") -> ClusterSteps | None:
    """Return what to do so that the cluster trusts the issuer. None if the type of the cluster is unknown.

    Args:
        trust: The trust of ``as_trusted_by``.
        directory: Where the manifests will be written; a dot if that is not known.
    """
    if cluster.type is None:
        return None
    if cluster.type is ClusterType.KIND:
        return kind(trust, cluster, directory)
    if cluster.type in _BY_NAME:
        return _BY_NAME[cluster.type](trust, cluster)
    return _NAMELESS[cluster.type](trust)


def as_trusted_by(cluster: Cluster, trust: ClusterTrust) -> ClusterTrust:
    """Return the trust with the prefixes that the type of cluster requires."""
    return prefixed(trust) if cluster.type is ClusterType.AKS else trust
