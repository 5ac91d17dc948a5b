"""Microsoft AKS: a JWT authenticator (structured authentication, in preview).

Source: "Configure external identity providers with AKS structured authentication" (Microsoft). Every user and group must begin
with ``aks:jwt:``. AKS accepts only expressions (CEL).
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from .manifest import FILE, ClusterSteps, Manifest
from .structured_authentication import user_validation_rules

if TYPE_CHECKING:
    from .cluster_type import Cluster
    from .trust import ClusterTrust

PREFIX = "aks:jwt:"
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def prefixed(trust: ClusterTrust) -> ClusterTrust:
    """Return the same trust with the prefix that AKS requires before the configured ones."""
    given = "" if trust.own_username_prefix in ("", "-") else trust.own_username_prefix
    return replace(
        trust, own_username_prefix=_with_prefix(given), groups_prefix=_with_prefix(trust.groups_prefix)
    )


def _with_prefix(prefix: str) -> str:
    return prefix if prefix.startswith(PREFIX) else PREFIX + prefix


def _authenticator(trust: ClusterTrust) -> dict[str, object]:
    """Return the configuration file of ``az aks jwtauthenticator add``."""
    issuer: dict[str, object] = {"url": trust.issuer, "audiences": [trust.audience]}
    if trust.ca_pem:
        issuer["certificateAuthority"] = base64.b64encode(trust.ca_pem.encode()).decode()
    groups, group_prefix = _claim(trust.groups_claim), _text(trust.groups_prefix)
    authenticator: dict[str, object] = {
        "issuer": issuer,
        "claimMappings": {
            "username": {"expression": f"{_text(trust.username_prefix)} + {_claim(trust.username_claim)}"},
            "groups": {
                "expression": f"{_has(trust.groups_claim)} ? dyn({groups}).map(group, {group_prefix} + group) : []"
            },
        },
        "userValidationRules": user_validation_rules(),
    }
    if trust.username_claim == "email":  # Kubernetes requires it if an expression uses the address
        authenticator["claimValidationRules"] = [
            {
                "expression": "claims.?email_verified.orValue(true) == true",
                "message": "the address must not be unverified",
            }
        ]
    return authenticator


def aks(trust: ClusterTrust, cluster: Cluster) -> ClusterSteps:
    """Return what AKS needs. ``trust`` must be `prefixed`."""
    return ClusterSteps(
        title="Microsoft AKS, by a JWT authenticator (in preview).",
        notes=(
            f"AKS requires the prefix {PREFIX} for every user and group; the role bindings here have it.",
            (
                "First, once: `az extension add --name aks-preview`, `az feature register --namespace Microsoft.ContainerService "
                "--name JWTAuthenticatorPreview`. When that says Registered, run `az provider register --namespace "
                "Microsoft.ContainerService`."
            ),
        ),
        manifests=(
            Manifest(
                name="aks-jwt-authenticator.json",
                purpose="for the Azure CLI",
                content=_authenticator(trust),
                command=(
                    *("az", "aks", "jwtauthenticator", "add", "--resource-group", "RESOURCE_GROUP"),
                    *("--cluster-name", cluster.name or "CLUSTER_NAME", "--name", "oidc"),
                    *("--config-file", FILE),
                ),
            ),
        ),
    )


def _claim(name: str) -> str:
    return f"claims.{name}" if _IDENTIFIER.fullmatch(name) else f"claims[{_text(name)}]"


def _has(name: str) -> str:
    return f"has(claims.{name})" if _IDENTIFIER.fullmatch(name) else f"{_text(name)} in claims"


def _text(text: str) -> str:
    """Return a CEL string. Its escapes are those of JSON and one for the single quote."""
    escaped = json.dumps(text)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{escaped}'"
