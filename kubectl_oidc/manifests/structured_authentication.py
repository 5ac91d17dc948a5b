"""AuthenticationConfiguration (apiserver.config.k8s.io/v1), the file that replaces kube-apiserver's OIDC flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .manifest import ClusterSteps, Manifest

if TYPE_CHECKING:
    from .trust import ClusterTrust

_MOUNTED = "Put the file where the API server's Pod can read it, such as /etc/kubernetes/pki with kubeadm. It replaces every --oidc flag."
API_VERSION = "apiserver.config.k8s.io/v1"


def authenticator(trust: ClusterTrust) -> dict[str, object]:
    """Return the entry of ``jwt`` that trusts the issuer.

    It maps claims as kube-apiserver's flags do and refuses names that Kubernetes reserves. It accepts every asymmetric algorithm.
    """
    issuer: dict[str, object] = {"url": trust.issuer, "audiences": [trust.audience]}
    if trust.ca_pem:
        issuer["certificateAuthority"] = trust.ca_pem
    return {
        "issuer": issuer,
        "claimMappings": {
            "username": {"claim": trust.username_claim, "prefix": trust.username_prefix},
            "groups": {"claim": trust.groups_claim, "prefix": trust.groups_prefix},
        },
        "userValidationRules": user_validation_rules(),
    }


def user_validation_rules() -> list[dict[str, str]]:
    """Return the rules that refuse names which Kubernetes reserves."""
    return [
        {
            "expression": "!user.username.startsWith('system:')",
            "message": "a user name must not begin with system:",
        },
        {
            "expression": "user.groups.all(group, !group.startsWith('system:'))",
            "message": "a group must not begin with system:",
        },
    ]


def authentication_configuration(trust: ClusterTrust) -> Manifest:
    """Return the AuthenticationConfiguration that trusts the issuer."""
    return Manifest(
        name="authentication-configuration.yaml",
        purpose="for kube-apiserver's --authentication-config, on every control plane node",
        content={
            "apiVersion": API_VERSION,
            "kind": "AuthenticationConfiguration",
            "jwt": [authenticator(trust)],
        },
    )


def structured(trust: ClusterTrust) -> ClusterSteps:
    """Return what a kube-apiserver with an AuthenticationConfiguration needs."""
    return ClusterSteps(
        title="kube-apiserver 1.34 or newer (1.30 to 1.33: v1beta1), by a file.",
        notes=tuple(filter(None, (_MOUNTED, email_note(trust)))),
        manifests=(authentication_configuration(trust),),
    )


def email_note(trust: ClusterTrust) -> str:
    """Return the note about ``email`` as user name; empty for other claims."""
    if trust.username_claim != "email":
        return ""
    return "As with the flags, a token with email_verified: false is rejected. If you write an expression instead of `claim: email`, the expression itself must test claims.email_verified."
