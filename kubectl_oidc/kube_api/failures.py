"""The errors for requests to an API server that failed: unreachable, not a Kubernetes API, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from kubectl_oidc.errors import (
    ClusterForbidden,
    ClusterMisbehaves,
    ClusterNotFound,
    ClusterUnauthorized,
    ClusterUnreachable,
)
from kubectl_oidc.http.tls import NO_NAMES_HINT
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import shown_url

from .cluster_entry import invalid_entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.errors import KubeconfigError, ProviderUnreachable, UsageError

    from .cluster_entry import ClusterEntry


def unreachable(error: ProviderUnreachable, cluster: ClusterEntry) -> ClusterUnreachable:
    """Return the error of the HTTP client with a hint about the cluster entry."""
    hints = {
        "tls": NO_NAMES_HINT
        if error.hint == NO_NAMES_HINT
        else "compare certificate-authority-data, tls-server-name and server of "
        f"{cluster.where()} with those from its administrator",
        "proxy": f"check proxy-url of {cluster.where()}"
        if cluster.proxy
        else "check HTTPS_PROXY, or add the API server's host to NO_PROXY",
    }
    hint = hints.get(
        error.topic,
        f"check the network (VPN, proxy) and the server of {cluster.where()}: kubectl cannot reach it either",
    )
    return ClusterUnreachable(error.message, hint)


def unusable(error: UsageError, cluster: ClusterEntry) -> KubeconfigError | UsageError:
    """Return the error for a cluster entry with an authority or proxy that the libraries do not accept."""
    if error.topic == "tls":
        what = "has a certificate authority that holds no certificate that can be read"
    elif error.topic == "proxy" and cluster.proxy:
        what = "has a proxy-url that cannot be used"
    else:
        return error
    return invalid_entry(cluster.where(), what)


def not_kubernetes(message: str, cluster: ClusterEntry) -> ClusterMisbehaves:
    """Return the error for an answer that a Kubernetes API does not give."""
    return ClusterMisbehaves(message, f"check the server of {cluster.where()}, and any proxy in between")


def raise_for_status(
    status: int, document: Mapping[str, object], url: str, cluster: ClusterEntry
) -> NoReturn:
    """Raise the error for an answer with a status other than 200 and 201."""
    said = sanitize(document.get("message") or "no reason given", limit=300)
    server = shown_url(cluster.server)
    if document.get("kind") != "Status" and status < 500:  # noqa: PLR2004 - RFC 9110 §15.6
        raise not_kubernetes(f"{shown_url(url)} answers {status}, but not like a Kubernetes API", cluster)
    match status:
        case 401:
            raise ClusterUnauthorized(
                f"the API server {server} does not accept the token (401 Unauthorized)",
                "run `kubectl oidc-login doctor` to see why",
            )
        case 403:
            raise ClusterForbidden(
                f"the API server {server} does not allow you this (403): {said}",
                "run `kubectl oidc-login doctor` to see your groups, and those in role bindings",
            )
        case 404:
            raise ClusterNotFound(
                f"the API server has no {shown_url(url)}",
                "ask its administrator",
            )
        case _ if status == 429 or status >= 500:  # noqa: PLR2004 - RFC 6585 §4, RFC 9110 §15.6
            raise ClusterUnreachable(
                f"the API server {server} answers {status}: {said}",
                "try again: it cannot answer now",
            )
    raise not_kubernetes(f"{shown_url(url)} answers {status}: {said}", cluster)
