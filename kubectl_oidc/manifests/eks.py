"""Amazon EKS: an associated identity provider, by the AWS CLI or by eksctl.

Sources: "Grant users access to Kubernetes with an external OIDC provider" (Amazon); eksctl's schema of ``identityProviders``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubectl_oidc.yaml_text import one_line_json

from .manifest import FILE, ClusterSteps, Manifest
from .trust import is_public

if TYPE_CHECKING:
    from .cluster_type import Cluster
    from .trust import ClusterTrust

NOTE = (
    "The change takes 5 to 10 minutes. A cluster has one OIDC provider; AWS must reach the issuer "
    "from the internet; a prefix for users or groups must not contain system:"
)
NOT_PUBLIC = "Amazon EKS cannot use this issuer: it must be a public https URL."
# Values that need no quotes in the AWS CLI's shorthand (`key=value,key=value`).
_SHORTHAND = re.compile(r"[A-Za-z0-9:/._@?&%+~-]+")
_CLUSTER = "CLUSTER_NAME"


def _oidc(trust: ClusterTrust) -> dict[str, str]:
    """Return the request's ``oidc`` (OidcIdentityProviderConfigRequest of the EKS API)."""
    members = {
        "identityProviderConfigName": "oidc",
        "issuerUrl": trust.issuer,
        "clientId": trust.audience,
        "usernameClaim": trust.username_claim,
        "usernamePrefix": trust.own_username_prefix,
        "groupsClaim": trust.groups_claim,
        "groupsPrefix": trust.groups_prefix,
    }
    return {key: value for key, value in members.items() if value}


def eks_command(trust: ClusterTrust, cluster: Cluster) -> list[str]:
    """Return the AWS CLI command that makes an EKS cluster trust the issuer. A placeholder replaces an unknown name."""
    oidc = _oidc(trust)
    value = ",".join(f"{key}={value}" for key, value in oidc.items())
    if not all(map(_SHORTHAND.fullmatch, oidc.values())):
        value = one_line_json(oidc)
    return [
        *("aws", "eks", "associate-identity-provider-config", *_region(cluster)),
        *("--cluster-name", cluster.name or _CLUSTER),
        *("--oidc", value),
    ]


def _region(cluster: Cluster) -> tuple[str, ...]:
    return ("--region", cluster.region) if cluster.region else ()


def eks(trust: ClusterTrust, cluster: Cluster) -> ClusterSteps:
    """Return what Amazon EKS needs: one command, or a file for the AWS CLI, or one for eksctl."""
    request = {"clusterName": cluster.name or _CLUSTER, "oidc": _oidc(trust)}
    return ClusterSteps(
        title="Amazon EKS.",
        notes=(NOTE,) if is_public(trust.issuer) else (NOTE, f"warning: {NOT_PUBLIC}"),
        command=tuple(eks_command(trust, cluster)),
        manifests=(
            Manifest(
                name="eks-identity-provider.json",
                purpose="for the AWS CLI; eksctl.yaml does the same",
                content=request,
                command=(
                    *("aws", "eks", "associate-identity-provider-config", *_region(cluster)),
                    *("--cli-input-json", f"file://{FILE}"),
                ),
            ),
            Manifest(
                name="eksctl.yaml",
                purpose="for eksctl, instead of eks-identity-provider.json",
                content=_eksctl(trust, cluster),
                command=("eksctl", "associate", "identityprovider", "-f", FILE),
            ),
        ),
    )


def _eksctl(trust: ClusterTrust, cluster: Cluster) -> dict[str, object]:
    renamed = {"identityProviderConfigName": "name", "issuerUrl": "issuerURL", "clientId": "clientID"}
    provider = {"type": "oidc", **{renamed.get(key, key): value for key, value in _oidc(trust).items()}}
    return {
        "apiVersion": "eksctl.io/v1alpha5",
        "kind": "ClusterConfig",
        "metadata": {"name": cluster.name or _CLUSTER, "region": cluster.region or "REGION"},
        "identityProviders": [provider],
    }
