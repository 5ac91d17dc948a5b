"""Google GKE: Identity Service for GKE with a ClientConfig (authentication.gke.io/v2alpha1).

Source: "Use external identity providers to authenticate to GKE" (Google).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from .manifest import FILE, ClusterSteps, Manifest
from .trust import NO_PREFIX

if TYPE_CHECKING:
    from .cluster_type import Cluster
    from .trust import ClusterTrust


def _provider(trust: ClusterTrust) -> dict[str, object]:
    """Return the member ``oidc`` of a ClientConfig."""
    oidc: dict[str, object] = {
        "clientID": trust.audience,
        "issuerURI": trust.issuer,
        "userClaim": trust.username_claim,
        "groupsClaim": trust.groups_claim,
    }
    if trust.username_prefix or trust.username_claim != "email":
        oidc["userPrefix"] = trust.username_prefix or NO_PREFIX
    if trust.groups_prefix:
        oidc["groupPrefix"] = trust.groups_prefix
    if trust.ca_pem:
        oidc["certificateAuthorityData"] = base64.b64encode(trust.ca_pem.encode()).decode()
    return oidc


def gke(trust: ClusterTrust, cluster: Cluster) -> ClusterSteps:
    """Return what Identity Service for GKE needs."""
    name = cluster.name or "CLUSTER_NAME"
    return ClusterSteps(
        title="Google GKE, by Identity Service for GKE.",
        notes=(
            (
                "For Standard clusters only, and not in Google Cloud organizations that were made after July 2025: Google recommends Workforce Identity Federation instead."
            ),
            (
                f"First: `gcloud container clusters update {name} --enable-identity-service`. Then copy spec.server and spec.certificateAuthorityData of the ClientConfig into the kubeconfig's cluster: only this server accepts the tokens."
            ),
        ),
        manifests=(
            Manifest(
                name="gke-client-config.yaml",
                purpose="the provider, added to the ClientConfig that GKE keeps in the cluster",
                content={
                    "apiVersion": "authentication.gke.io/v2alpha1",
                    "kind": "ClientConfig",
                    "metadata": {"name": "default", "namespace": "kube-public"},
                    "spec": {"authentication": [{"name": "oidc", "oidc": _provider(trust)}]},
                },
                command=("kubectl", "apply", "-f", FILE),
            ),
        ),
    )
