"""Errors for a provider's answer by its HTTP status: 404 where metadata should be, 429, 5xx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import InvalidProviderResponse, ProviderUnreachable
from kubectl_oidc.http.exchange import is_worth_repeating, retry_after
from kubectl_oidc.text import json_quoted
from kubectl_oidc.urls import shown_url

from .metadata import discovery_url

if TYPE_CHECKING:
    from kubectl_oidc.http.exchange import Response


def check_status(response: Response, url: str, *, issuer: str) -> None:
    """Raise unless the answer to a GET of ``url`` has status 200.

    Raises:
        ProviderUnreachable: The status is 429 or 5xx.
        InvalidProviderResponse: Any other status.
    """
    status = response.status
    if status == 200:  # noqa: PLR2004
        return
    if is_worth_repeating(response):
        raise unavailable(response, url)
    if status in {400, 404, 410} and url == discovery_url(issuer):
        from .vendors import issuer_form

        hint = issuer_form(issuer) or (
            "an issuer URL looks like https://ORG.okta.com/oauth2/default or https://HOST/realms/NAME"
        )
        raise InvalidProviderResponse(
            f"there is no OpenID provider at {json_quoted(issuer)}: {shown_url(url)} answers {status}",
            f"{hint}; copy it from the provider's settings",
            topic="issuer-url",
        )
    raise InvalidProviderResponse(
        f"{shown_url(url)} answers {status}",
        "check for a proxy in between, then --oidc-issuer-url, then whether the provider requires --oidc-request-header",
    )


def unavailable(response: Response, url: str) -> ProviderUnreachable:
    """Return the error for 429 and 5xx. Such an answer is not about this client."""
    wait = retry_after(response)
    when = f"in {wait:.0f} s, as it asks" if wait else "in a while"
    if response.status == 429:  # noqa: PLR2004
        return ProviderUnreachable(
            f"the provider answers 429 Too Many Requests ({shown_url(url)})", f"try again {when}"
        )
    return ProviderUnreachable(
        f"the provider answers {response.status} ({shown_url(url)})",
        f"try again {when}, or see its status page",
    )
