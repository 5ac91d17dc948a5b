"""Whether the session has a refresh token, so that the browser does not open each time the token expires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis import Finding, warning
from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.oidc.claims import time_claim
from kubectl_oidc.oidc.vendors import refresh_hint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .facts import TokenFacts

_MINUTE = 60  # seconds


def check_refresh_token(facts: TokenFacts) -> Iterator[Finding]:
    """Check that there is a refresh token; otherwise the browser opens each time the token expires."""
    if facts.has_refresh_token:
        return
    asked = "offline_access" in facts.scopes
    why = "though offline_access was asked for" if asked else "because offline_access was not asked for"
    yield warning(
        f"the provider gave no refresh token, {why}: the browser opens again {_each(facts.claims)}",
        f"{refresh_hint(facts.issuer, asked=asked, scopes_supported=facts.scopes_supported)}; without it, "
        "who is still signed in at the provider types nothing when the browser opens",
        "claims-refresh-token",
    )


def _each(claims: Mapping[str, object]) -> str:
    try:
        begin, end = time_claim(claims, "iat"), time_claim(claims, "exp")
    except IdTokenError:
        return "each time the token ends"
    if end > begin:
        return (
            f"every {(end - begin) // _MINUTE} minutes"
            if end - begin >= 2 * _MINUTE
            else f"every {end - begin} seconds"
        )
    return "each time the token ends"
