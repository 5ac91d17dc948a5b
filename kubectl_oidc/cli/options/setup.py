"""The flags that only `setup` has: for the cluster, its manifests, and the kubeconfig."""

from __future__ import annotations

from kubectl_oidc.manifests.cluster_type import ClusterType

from .cluster_claims import CLAIMS, PREFIXES
from .flag import Flag, Group
from .flags import INSTALL_HINT, KUBECONFIG_FILE
from .kinds import CONTEXT_NAME, DIR, FILE, SWITCH, TEXT, TEXTS, choice

CLUSTER = (
    Flag(
        "--cluster-type",
        choice([str(one) for one in ClusterType]),
        help="Type of cluster to print instructions for (default: that of the current context; if it is not known, all that may fit).",
        metavar="TYPE",
        group=Group.CLUSTER,
    ),
    *CLAIMS,
    *PREFIXES,
    Flag(
        "--cluster-role",
        TEXT,
        help="ClusterRole to bind to the groups (default: cluster-admin for groups of admins, else view).",
        group=Group.CLUSTER,
        metavar="ROLE",
    ),
    Flag(
        "--group",
        TEXTS,
        help="Group to bind the role to; repeatable (default: your groups).",
        group=Group.CLUSTER,
        metavar="GROUP",
    ),
    Flag(
        "--output",
        choice(["yaml"]),
        help="Print only the cluster's manifests on standard output.",
        metavar="yaml",
        group=Group.OUTPUT,
        short="-o",
        # KUBECTL_OIDC_OUTPUT says how the others print; it does not mean that setup prints manifests.
        has_variable=False,
    ),
    Flag(
        "--output-dir",
        DIR,
        help="Write the cluster's manifests to files in this directory. Existing files are not overwritten.",
        group=Group.OUTPUT,
    ),
)
KUBECONFIG = (
    Flag(
        "--write-kubeconfig",
        SWITCH,
        help="Add the user to the kubeconfig, or update it.",
        group=Group.KUBECONFIG,
        has_variable=False,
    ),
    Flag(
        "--yes",
        SWITCH,
        help="Let --write-kubeconfig change a user's issuer or client, or an existing context or cluster, without asking.",
        group=Group.KUBECONFIG,
        has_variable=False,
    ),
    Flag(
        "--context",
        CONTEXT_NAME,
        help="Also write a context with this name. Its cluster is that of --server or --from-context.",
        group=Group.KUBECONFIG,
        has_variable=False,
    ),
    Flag(
        "--from-context",
        CONTEXT_NAME,
        help="Context whose cluster --context uses (default: --context itself if it exists, else the current context).",
        group=Group.KUBECONFIG,
        rare=True,
        has_variable=False,
    ),
    Flag(
        "--server",
        TEXT,
        help="API server for --context. It is written as a cluster with the same name.",
        group=Group.KUBECONFIG,
        metavar="URL",
        has_variable=False,
    ),
    Flag(
        "--cluster-ca",
        FILE,
        help="CA certificate of --server. It is copied into the kubeconfig.",
        group=Group.KUBECONFIG,
        has_variable=False,
    ),
    KUBECONFIG_FILE,
    Flag(
        "--user",
        TEXT,
        help="Name of the user in the kubeconfig.",
        group=Group.KUBECONFIG,
        metavar="NAME",
        default="oidc",
    ),
    INSTALL_HINT._replace(rare=True),
    Flag(
        "--absolute-path",
        SWITCH,
        help="Write the full path of this program, for desktop apps with a short PATH.",
        group=Group.KUBECONFIG,
        rare=True,
    ),
)
