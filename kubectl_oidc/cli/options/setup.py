"""The options that `setup` alone has: what the cluster reads, where its manifests go, and the kubeconfig."""

from __future__ import annotations

from kubectl_oidc.manifests.cluster_type import ClusterType

from .cluster_claims import CLAIMS, PREFIXES
from .flag import Flag
from .flags import INSTALL_HINT, KUBECONFIG_FILE
from .kinds import CONTEXT_NAME, DIR, FILE, SWITCH, TEXT, TEXTS, choice

CLUSTER = (
    Flag(
        "--cluster-type",
        choice([str(one) for one in ClusterType]),
        help="Type of the cluster (default: as the kubeconfig's current context tells, else all that may fit).",
    ),
    *CLAIMS,
    *PREFIXES,
    Flag(
        "--cluster-role",
        TEXT,
        help="ClusterRole to bind to the groups (default cluster-admin for groups of admins, else view).",
        metavar="ROLE",
    ),
    Flag("--group", TEXTS, help="Group to bind the role to; repeatable (default: yours).", metavar="GROUP"),
    Flag(
        "--output",
        choice(["yaml"]),
        help="Write the cluster's manifests to standard output, and nothing else there.",
        short="-o",
        # KUBECTL_OIDC_OUTPUT says how the others print; it does not mean that setup prints manifests.
        has_variable=False,
    ),
    Flag(
        "--output-dir",
        DIR,
        help="Write the cluster's manifests to files in this directory; no file is overwritten.",
    ),
)
KUBECONFIG = (
    Flag(
        "--write-kubeconfig", SWITCH, help="Add the user to the kubeconfig, or update it.", has_variable=False
    ),
    Flag(
        "--yes",
        SWITCH,
        help="Let --write-kubeconfig change the issuer or client of a user, a context or a cluster without asking.",
        has_variable=False,
    ),
    Flag(
        "--context",
        CONTEXT_NAME,
        help="Write a context with the user, too, for the cluster of --server or --from-context.",
        has_variable=False,
    ),
    Flag(
        "--from-context",
        CONTEXT_NAME,
        help="The context whose cluster --context has (default: --context itself if it exists, else the current one).",
        has_variable=False,
    ),
    Flag(
        "--server",
        TEXT,
        help="The API server of --context, which gets a cluster of the same name.",
        metavar="URL",
        has_variable=False,
    ),
    Flag(
        "--cluster-ca",
        FILE,
        help="The certificate authority of --server; its certificates are put into the kubeconfig.",
        has_variable=False,
    ),
    KUBECONFIG_FILE,
    Flag("--user", TEXT, help="The user's name in the kubeconfig.", metavar="NAME", default="oidc"),
    INSTALL_HINT,
    Flag(
        "--absolute-path",
        SWITCH,
        help="Name the program by its whole path: desktop programs have a short PATH.",
    ),
)
