"""The types of clusters, and which of them a kubeconfig means."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import PurePath


class ClusterType(StrEnum):
    """The types of clusters that differ in how they are told whom to trust."""

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
    """A cluster, as far as it is known.

    Attributes:
        type: Its type; None where nothing tells.
        name: Its name where it is known to its provider by one.
        region: The region, for providers that have them.
    """

    type: ClusterType | None = None
    name: str = ""
    region: str = ""


_EKS_ARN = re.compile(
    r"arn:aws[a-z-]*:eks:(?P<region>[a-z0-9-]+):\d{12}:cluster/(?P<name>[0-9A-Za-z][0-9A-Za-z_-]*)"
)
_EKSCTL = re.compile(r"(?P<name>[0-9A-Za-z][0-9A-Za-z_-]*)\.(?P<region>[a-z0-9-]+)\.eksctl\.io")
_EKS_HOST = re.compile(r"[0-9a-f]+\.[a-z0-9]+\.(?P<region>[a-z0-9-]+)\.eks\.amazonaws\.com(\.cn)?")
_GKE = re.compile(r"gke_(?P<project>[^_]+)_(?P<region>[a-z0-9-]+)_(?P<name>[a-z0-9-]+)")
_AKS = (".azmk8s.io", ".azmk8s.us", ".azmk8s.cn")
_KIND = re.compile(r"kind-(?P<name>[a-z0-9.-]+)")
_BY_FILE = {"k3s.yaml": ClusterType.K3S, "rke2.yaml": ClusterType.RKE2}
_KUBEADM = "kubernetes"  # what kubeadm calls every cluster


def guess(name: str, server: str, path: PurePath) -> Cluster:
    """Return which cluster a kubeconfig means, as far as names and addresses tell.

    Args:
        name: The cluster's name in the kubeconfig, as the providers' own commands write it.
        server: Its server's URL.
        path: The file that defines it.
    """
    try:
        host = urlsplit(server).hostname or ""
    except ValueError:
        host = ""
    return _named(name) or _served(name, host) or Cluster(_of_file(name, path))


def _named(name: str) -> Cluster | None:
    """Return the cluster that a name tells of by itself."""
    if found := _EKS_ARN.fullmatch(name) or _EKSCTL.fullmatch(name):
        return Cluster(ClusterType.EKS, found["name"], found["region"])
    if found := _GKE.fullmatch(name):
        return Cluster(ClusterType.GKE, found["name"], found["region"])
    found = _KIND.fullmatch(name)
    return Cluster(ClusterType.KIND, found["name"]) if found else None


def _served(name: str, host: str) -> Cluster | None:
    """Return the cluster that a server's host name tells of."""
    if found := _EKS_HOST.fullmatch(host):
        return Cluster(ClusterType.EKS, region=found["region"])
    return Cluster(ClusterType.AKS, name) if host.endswith(_AKS) else None


def _of_file(name: str, path: PurePath) -> ClusterType | None:
    """Return the type that the installation's own kubeconfig tells of."""
    return _BY_FILE.get(path.name) or (ClusterType.KUBEADM if name == _KUBEADM else None)
