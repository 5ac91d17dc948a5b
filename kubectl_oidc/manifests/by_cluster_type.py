"""What each type of cluster needs to trust an issuer."""

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
    from .manifest import ClusterSide
    from .trust import Trust

_BY_NAME = {ClusterType.EKS: eks, ClusterType.GKE: gke, ClusterType.AKS: aks}
_NAMELESS = {
    ClusterType.KUBEADM: kubeadm,
    ClusterType.APISERVER: apiserver,
    ClusterType.AUTHENTICATION_CONFIGURATION: structured,
    ClusterType.K3S: k3s,
    ClusterType.RKE2: rke2,
    ClusterType.TALOS: talos,
}


def cluster_side(cluster: Cluster, trust: Trust, directory: str = ".") -> ClusterSide | None:
    """Return what there is to do at a cluster; None where its type is not known.

    Args:
        cluster: The cluster.
        trust: What it must know, as ``as_trusted_by`` has it.
        directory: Where its files will lie; a dot where that is not known.
    """
    if cluster.type is None:
        return None
    if cluster.type is ClusterType.KIND:
        return kind(trust, cluster, directory)
    if cluster.type in _BY_NAME:
        return _BY_NAME[cluster.type](trust, cluster)
    return _NAMELESS[cluster.type](trust)


def as_trusted_by(cluster: Cluster, trust: Trust) -> Trust:
    """Return what a cluster must know, with the prefixes that its type insists on."""
    return prefixed(trust) if cluster.type is ClusterType.AKS else trust
