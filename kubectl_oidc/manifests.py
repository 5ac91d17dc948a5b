"""What the cluster's side needs, as text to paste: the issuer for the API server, and a role for the groups.

Values in, text out. Kubernetes' own words: "Authenticating" (OpenID Connect tokens) and "Using RBAC authorization";
Amazon's: "Grant users access to Kubernetes with an external OIDC provider".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from kubectl_oidc.yaml_text import block, flow

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_ALGORITHM = "RS256"  # what --oidc-signing-algs is where it is not set
# Where the flags below look for the provider's certificate authority, on the machine of the API server.
_CA_FILE = "/etc/kubernetes/pki/oidc-ca.crt"
_RBAC = "rbac.authorization.k8s.io"
# Values that the AWS CLI's shorthand (`key=value,key=value`) takes as they are.
_SHORTHAND = re.compile(r"[A-Za-z0-9:/._@?&%+~-]+")
_EKS_ARN = re.compile(
    r"arn:aws[a-z-]*:eks:(?P<region>[a-z0-9-]+):\d{12}:cluster/(?P<name>[0-9A-Za-z][0-9A-Za-z_-]*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What an API server must know to take our tokens.

    Args:
        issuer: The issuer URL, as ``iss`` has it.
        audience: What ``aud`` has: the client ID.
        username_claim: The claim that becomes the user name.
        groups_claim: The claim that becomes the groups.
        algorithm: What the token is signed with; None when that is not known.
        ca_pem: The provider's certificate authority, where it is not a public one.
    """

    issuer: str
    audience: str
    username_claim: str = "email"
    groups_claim: str = "groups"
    algorithm: str | None = None
    ca_pem: str | None = None

    @property
    def username_prefix(self) -> str:
        """What kube-apiserver puts before the user name by default: nothing before ``email``, else ``ISSUER#``."""
        return "" if self.username_claim == "email" else f"{self.issuer}#"


class EksCluster(NamedTuple):
    """A cluster of Amazon EKS, as its ARN names it."""

    name: str
    region: str


def eks_cluster(arn: str) -> EksCluster | None:
    """Return the EKS cluster that an ARN names; `aws eks update-kubeconfig` names clusters so."""
    found = _EKS_ARN.fullmatch(arn)
    return EksCluster(found["name"], found["region"]) if found else None


def is_public(issuer: str) -> bool:
    """Tell whether an issuer may be reachable from the internet: https, and no private name or address."""
    parts = urlsplit(issuer)
    host = parts.hostname or ""
    try:
        return parts.scheme == "https" and ip_address(host).is_global
    except ValueError:
        private = host.endswith((".local", ".internal", ".localhost", ".lan", ".home.arpa", ".test"))
        return parts.scheme == "https" and "." in host and not private


def eks_command(trust: Trust, cluster: EksCluster | None) -> list[str]:
    """Return the words of the AWS CLI command that lets an EKS cluster trust the issuer.

    Args:
        trust: What the cluster must know.
        cluster: The cluster; None leaves a placeholder.
    """
    oidc = {
        "identityProviderConfigName": "oidc",
        "issuerUrl": trust.issuer,
        "clientId": trust.audience,
        "usernameClaim": trust.username_claim,
        "groupsClaim": trust.groups_claim,
    }
    shorthand = all(_SHORTHAND.fullmatch(value) for value in oidc.values())
    where = ["--region", cluster.region] if cluster else []
    return [
        *("aws", "eks", "associate-identity-provider-config", *where),
        *("--cluster-name", cluster.name if cluster else "CLUSTER_NAME"),
        *("--oidc", ",".join(f"{key}={value}" for key, value in oidc.items()) if shorthand else flow(oidc)),
    ]


def apiserver_flags(trust: Trust) -> list[str]:
    """Return kube-apiserver's flags that trust the issuer."""
    flags = [
        f"--oidc-issuer-url={trust.issuer}",
        f"--oidc-client-id={trust.audience}",
        f"--oidc-username-claim={trust.username_claim}",
        f"--oidc-groups-claim={trust.groups_claim}",
    ]
    if trust.algorithm not in (None, DEFAULT_ALGORITHM):
        flags.append(f"--oidc-signing-algs={DEFAULT_ALGORITHM},{trust.algorithm}")
    if trust.ca_pem:
        flags.append(f"--oidc-ca-file={_CA_FILE}")
    return flags


def authentication_configuration(trust: Trust) -> str:
    """Return an AuthenticationConfiguration (apiserver.config.k8s.io/v1) that trusts the issuer.

    It maps claims as the flags of ``apiserver_flags`` do, takes every asymmetric algorithm by nature, and refuses names
    that Kubernetes keeps for itself.
    """
    issuer: dict[str, object] = {"url": trust.issuer, "audiences": [trust.audience]}
    if trust.ca_pem:
        issuer["certificateAuthority"] = trust.ca_pem
    return block(
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "AuthenticationConfiguration",
            "jwt": [
                {
                    "issuer": issuer,
                    "claimMappings": {
                        "username": {"claim": trust.username_claim, "prefix": trust.username_prefix},
                        "groups": {"claim": trust.groups_claim, "prefix": ""},
                    },
                    "userValidationRules": [
                        {
                            "expression": "!user.username.startsWith('system:')",
                            "message": "a user name must not begin with system:",
                        },
                        {
                            "expression": "user.groups.all(group, !group.startsWith('system:'))",
                            "message": "a group must not begin with system:",
                        },
                    ],
                }
            ],
        }
    )


class Binding(NamedTuple):
    """A cluster role given to groups."""

    role: str
    groups: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the ClusterRoleBinding."""
        return f"oidc-{self.role}"


def binding(groups: Sequence[str], *, role: str | None = None, chosen: Sequence[str] = ()) -> Binding | None:
    """Return a role binding that is worth proposing to a person of these groups.

    ``cluster-admin`` may do everything, so it is proposed only for groups whose name speaks of admins; else ``view``.

    Args:
        groups: The groups in the token.
        role: The role that the person asked for.
        chosen: The groups that the person asked for, in place of the proposal.

    Returns:
        The proposal; None where there is no group to bind.
    """
    admins = tuple(group for group in groups if "admin" in group.lower())
    subjects = tuple(chosen) or (admins if role in (None, "cluster-admin") and admins else tuple(groups))
    if not subjects:
        return None
    all_admins = all("admin" in group.lower() for group in subjects)
    return Binding(role or ("cluster-admin" if all_admins else "view"), subjects)


def cluster_role_binding(proposal: Binding) -> str:
    """Return the ClusterRoleBinding."""
    return block(
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": proposal.name},
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": proposal.role},
            "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": group} for group in proposal.groups],
        }
    )


def cluster_role_binding_command(proposal: Binding) -> list[str]:
    """Return the words of the kubectl command that makes the same ClusterRoleBinding."""
    groups = [f"--group={group}" for group in proposal.groups]
    return [
        "kubectl",
        "create",
        "clusterrolebinding",
        proposal.name,
        f"--clusterrole={proposal.role}",
        *groups,
    ]
