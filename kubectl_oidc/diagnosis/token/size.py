"""Whether the token fits into a header field of the proxies before an API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis import Finding, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import TokenFacts

_HEADER_LIMIT = 8 << 10  # bytes: what nginx, Apache and many load balancers accept as one header field


def check_size(facts: TokenFacts) -> Iterator[Finding]:
    """Check that the token fits into a header field of usual proxies; kube-apiserver itself accepts 1 MB."""
    if facts.size <= _HEADER_LIMIT:
        return
    groups = f", {len(facts.groups)} groups among it" if facts.groups else ""
    yield warning(
        f"the token has {facts.size / 1024:.1f} KB{groups}: load balancers and proxies before an API server often take headers of 8 KB "
        "(they answer 400, 431 or 502)",
        "let the provider put fewer groups and claims into the token, such as only the groups that the cluster uses; or raise the "
        "limit at the proxy",
        "claims-size",
    )
