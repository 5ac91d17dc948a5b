"""Whether a valid token is practical: whether it can be renewed without a browser, and fits through proxies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis import Finding, warning
from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.oidc.claims import time_claim
from kubectl_oidc.oidc.vendors import refresh_hint, refresh_scope

from .scope_repair import add_scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .facts import TokenFacts

_MINUTE = 60  # seconds
_HEADER_LIMIT = 8 << 10  # bytes: what nginx, Apache and many load balancers accept as one header field


def check_refresh_token(facts: TokenFacts) -> Iterator[Finding]:
    """Check that there is a refresh token; otherwise the browser opens each time the token expires."""
    if facts.has_refresh_token:
        return
    asked = "offline_access" in facts.scopes
    why = "though offline_access was asked for" if asked else "because offline_access was not asked for"
    scope = "" if asked else refresh_scope(facts.issuer, scopes_supported=facts.scopes_supported)
    yield warning(
        f"the provider gave no refresh token, {why}: the browser opens again {_each(facts.claims)}",
        f"{refresh_hint(facts.issuer, asked=asked, scopes_supported=facts.scopes_supported)}. Without a refresh token the browser opens each time; you type nothing as long as you are signed in there",
        "claims-refresh-token",
        repair=add_scope(scope, facts.scopes) if scope else None,
    )


def _each(claims: Mapping[str, object]) -> str:
    try:
        begin, end = time_claim(claims, "iat"), time_claim(claims, "exp")
    except IdTokenError:
        return "each time the token expires"
    lasts = end - begin
    if lasts <= 0:
        return "each time the token expires"
    return f"every {lasts // _MINUTE} minutes" if lasts >= 2 * _MINUTE else f"every {lasts} seconds"


def check_size(facts: TokenFacts) -> Iterator[Finding]:
    """Check that the token fits into a header field of usual proxies; kube-apiserver itself accepts 1 MB."""
    if facts.size <= _HEADER_LIMIT:
        return
    groups = f", {len(facts.groups)} groups among it" if facts.groups else ""
    yield warning(
        f"the token has {facts.size / 1024:.1f} KB{groups}; load balancers and proxies often reject headers above 8 KB (with 400, 431 or 502)",
        "have the provider put fewer groups and claims into the token, such as only those that the cluster uses, or raise the proxy's limit",
        "claims-size",
    )
