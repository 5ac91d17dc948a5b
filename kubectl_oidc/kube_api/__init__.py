"""The API server of a kubeconfig's cluster: who the bearer of a token is there, and what they may do.

``cluster_entry``  the kubeconfig's cluster entry: the server, whom to trust, which proxy
``client``         the requests, over HTTPS with the bearer token
``responses``      the answers, parsed strictly
``failures``       the errors
"""

from __future__ import annotations

from .client import ClusterClient
from .cluster_entry import Cluster, cluster_of
from .responses import Access, Identity, RoleBinding, Rule, Rules, Subject

__all__ = [
    "Access",
    "Cluster",
    "ClusterClient",
    "Identity",
    "RoleBinding",
    "Rule",
    "Rules",
    "Subject",
    "cluster_of",
]
