"""The types of clusters, and how to guess one from a kubeconfig."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.named_tuple import NamedTuple

if TYPE_CHECKING:
    from pathlib import PurePath


class ClusterType(StrEnum):
    """The types of clusters. They differ in how an administrator makes them trust an issuer."""

    EKS = "eks"
    GKE = "gke"
    AKS = "aks"
    KUBEADM = "kubeadm"
    APISERVER = "apiserver"
    AUTHENTICATION_CONFIGURATION = "authentication-configuration"
    KIND = "kind"
    K3S = "k3s"
    RKE2 = "rke2"
    TALOS = "talos"


class Cluster(NamedTuple):
    """What is known of a cluster.

    Attributes:
        name: Its name at its cloud provider, if there is one.
        region: Its region, if its cloud provider has regions.
    """

    type: ClusterType | None = None
    name: str = ""
    region: str = ""


_NAMES = (
    (
        ClusterType.EKS,
        re.compile(
            r"arn:aws[a-z-]*:eks:(?P<region>[a-z0-9-]+):\d{12}:cluster/(?P<name>[0-9A-Za-z][0-9A-Za-z_-]*)"
        ),
    ),
    (
        ClusterType.EKS,
        re.compile(r"(?P<name>[0-9A-Za-z][0-9A-Za-z_-]*)\.(?P<region>[a-z0-9-]+)\.eksctl\.io"),
    ),
    (ClusterType.GKE, re.compile(r"gke_[^_]+_(?P<region>[a-z0-9-]+)_(?P<name>[a-z0-9-]+)")),
    (ClusterType.KIND, re.compile(r"kind-(?P<name>[a-z0-9.-]+)")),
)
"""What the cloud providers' commands and kind call a cluster in a kubeconfig."""
_EKS_HOST = re.compile(r"[0-9a-f]+\.[a-z0-9]+\.(?P<region>[a-z0-9-]+)\.eks\.amazonaws\.com(\.cn)?")
_AKS = (".azmk8s.io", ".azmk8s.us", ".azmk8s.cn")
_TYPES_BY_FILE = {"k3s.yaml": ClusterType.K3S, "rke2.yaml": ClusterType.RKE2}
_KUBEADM = "kubernetes"  # kubeadm gives every cluster this name


def guess_cluster(name: str, server: str, path: PurePath) -> Cluster:
    """Return the cluster of a kubeconfig entry, judged by names and addresses as the cloud providers' commands write them."""
    try:
        host = urlsplit(server).hostname or ""
    except ValueError:
        host = ""
    for kind, pattern in _NAMES:
        if found := pattern.fullmatch(name):
            return Cluster(kind, **found.groupdict())
    if found := _EKS_HOST.fullmatch(host):
        return Cluster(ClusterType.EKS, region=found["region"])
    if host.endswith(_AKS):
        return Cluster(ClusterType.AKS, name)
    # Or the kubeconfig is the one that the cluster's installation wrote.
    return Cluster(_TYPES_BY_FILE.get(path.name) or (ClusterType.KUBEADM if name == _KUBEADM else None))
