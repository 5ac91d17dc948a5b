"""The options that say which claims a cluster reads: kube-apiserver's flags have the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_oidc.manifests.trust import ClusterTrust

from .flag import Flag, Group
from .kinds import TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.authentication.request import SignInRequest

CLAIMS = (
    Flag(
        "--oidc-username-claim",
        TEXT,
        help="Claim that the cluster uses as user name.",
        group=Group.CLUSTER,
        metavar="CLAIM",
        default="email",
    ),
    Flag(
        "--oidc-groups-claim",
        TEXT,
        help="Claim that the cluster uses as groups.",
        group=Group.CLUSTER,
        metavar="CLAIM",
        default="groups",
    ),
)
PREFIXES = (
    Flag(
        "--oidc-username-prefix",
        TEXT,
        help="Prefix that the cluster adds to user names; - is none (default: none for the claim email, else ISSUER#).",
        group=Group.CLUSTER,
        rare=True,
        metavar="PREFIX",
        default="",
    ),
    Flag(
        "--oidc-groups-prefix",
        TEXT,
        help="Prefix that the cluster adds to groups (default: none).",
        group=Group.CLUSTER,
        rare=True,
        metavar="PREFIX",
        default="",
    ),
)


def trust_of(values: Mapping[str, Any], request: SignInRequest) -> ClusterTrust:
    """Return how the cluster is assumed to read tokens of the issuer, by the values of CLAIMS and PREFIXES."""
    return ClusterTrust(
        issuer=request.issuer,
        audience=request.audience(),
        username_claim=values["oidc_username_claim"],
        groups_claim=values["oidc_groups_claim"],
        own_username_prefix=values["oidc_username_prefix"],
        groups_prefix=values["oidc_groups_prefix"],
    )
