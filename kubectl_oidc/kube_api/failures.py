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
        f"{cluster.where()} with those that its administrator gives out",
        "proxy": f"check proxy-url of {cluster.where()}"
        if cluster.proxy
        else "check HTTPS_PROXY, or name the API server's host in NO_PROXY",
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
    return ClusterMisbehaves(
        message, f"check the server of {cluster.where()}, and what stands between it and you"
    )


def raise_for_status(
    status: int, document: Mapping[str, object], url: str, cluster: ClusterEntry
) -> NoReturn:
    """Raise the error for an answer with a status other than 200 and 201."""
    said = sanitize(document.get("message") or "no reason given", limit=300)
    server = shown_url(cluster.server)
    if document.get("kind") != "Status" and status < 500:  # noqa: PLR2004 - RFC 9110 §15.6
        raise not_kubernetes(f"{shown_url(url)} answers {status}, and not as a Kubernetes API does", cluster)
    match status:
        case 401:
            raise ClusterUnauthorized(
                f"the API server {server} does not accept the token (401 Unauthorized)",
                "`kubectl oidc-login doctor` says what it may not like about it",
            )
        case 403:
            raise ClusterForbidden(
                f"the API server {server} knows you and does not allow it (403): {said}",
                "`kubectl oidc-login doctor` shows your groups, and those that role bindings name",
            )
        case 404:
            raise ClusterNotFound(
                f"the API server has no {shown_url(url)}",
                "it may be older than Kubernetes 1.27, which cannot tell people who they are: ask its administrator",
            )
        case _ if status == 429 or status >= 500:  # noqa: PLR2004 - RFC 6585 §4, RFC 9110 §15.6
            raise ClusterUnreachable(
                f"the API server {server} answers {status}: {said}",
                "it is not able to answer now: try again",
            )
    raise not_kubernetes(f"{shown_url(url)} answers {status}: {said}", cluster)
