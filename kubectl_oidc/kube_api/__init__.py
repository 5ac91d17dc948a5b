"""The Kubernetes API of a kubeconfig's cluster: who the token makes us there, and what that person may do.

``entry``   the kubeconfig's cluster entry: where the server is, whom to trust, which proxy
``client``  the questions that a person may ask about themselves, over HTTPS with the bearer token
``answers`` what comes back, read strictly
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
