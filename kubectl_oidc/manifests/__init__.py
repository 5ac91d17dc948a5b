"""Manifests and commands that make a cluster trust an issuer and give a role to groups. Values in, text out; touches nothing.

One module for each kind of cluster.
"""

from .apiserver import flags as apiserver_flags
from .by_cluster_type import as_trusted_by, cluster_side
from .cluster_type import Cluster, ClusterType, guess
from .eks import eks_command
from .manifest import ClusterSide, Manifest, stream
from .rbac import Binding, binding, cluster_role_binding, cluster_role_binding_command
from .structured_authentication import authentication_configuration
from .trust import DEFAULT_ALGORITHM, Trust, is_public

__all__ = [
    "DEFAULT_ALGORITHM",
    "Binding",
    "Cluster",
    "ClusterSide",
    "ClusterType",
    "Manifest",
    "Trust",
    "apiserver_flags",
    "as_trusted_by",
    "authentication_configuration",
    "binding",
    "cluster_role_binding",
    "cluster_role_binding_command",
    "cluster_side",
    "eks_command",
    "guess",
    "is_public",
    "stream",
]
