"""Find the right issuer URL after discovery failed. A URL is proposed only if it was tried and works.

This code runs only after an error. It sends at most two short requests, without the configured request headers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.errors import InvalidProviderResponse, OidcLoginError, ProviderError
from kubectl_oidc.http.json_body import parse_object
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.urls import is_loopback_url, shown_url, url_fault

from .metadata import OtherIssuerError, discovery_url, parse_metadata
from .response_status import check_status
from .vendors import Vendor, entra_host, issuer_form, vendor_of
from .workload_issuers import workload_issuer

if TYPE_CHECKING:
    from kubectl_oidc.http.client import HttpClient

TRY_SECONDS = 3.0
"""The longest time to try one URL."""

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_COPY = "copy the issuer URL from the provider's settings"


def with_issuer_hint(
    error: ProviderError, issuer: str, http: HttpClient, deadline: Deadline
) -> ProviderError:
    """Return the error of discovery, with a hint that names a working issuer if there is one."""
    whose = workload_issuer(issuer)
    if whose:
        return InvalidProviderResponse(
            f"{shown_url(issuer)} does not sign people in: {whose}",
            "use the issuer of the identity provider where people sign in",
            topic="issuer-url",
        )
    if isinstance(error, OtherIssuerError):
        error.hint = _hint(error.named, issuer, http, deadline)
    return error


def _hint(named: str, issuer: str, http: HttpClient, deadline: Deadline) -> str:
    tried = _candidates(named, issuer)
    for candidate in tried:
        if _works(candidate, http, deadline):
            if candidate.rstrip("/") == issuer.rstrip("/"):
                change = "add the" if candidate.endswith("/") else "remove the"
                return f"{change} slash at the end: `--oidc-issuer-url={shown_url(candidate)}`"
            return f"if that is your provider, use exactly its issuer: `--oidc-issuer-url={shown_url(candidate)}`"
    none = f"{_COPY}; {shown_url(named)} was tried and has no metadata" if named in tried else _COPY
    return issuer_form(issuer) or issuer_form(named) or none


def _candidates(named: str, issuer: str) -> list[str]:
    """Return likely issuers, the best first: for Entra that of v2.0, for B2C that of the user flow, then the one in the metadata."""
    found, there = [], urlsplit(issuer)
    tenant = _GUID.search(f"{there.path} {named}")
    if tenant and vendor_of(issuer) is Vendor.ENTRA and not (there.hostname or "").endswith(".ciamlogin.com"):
        found.append(f"https://{entra_host(issuer)}/{tenant[0]}/v2.0")
    if tenant and vendor_of(issuer) is Vendor.ENTRA_B2C:
        words = [word for word in there.path.split("/") if word.lower().startswith("b2c_")]
        found += [f"https://{there.netloc}/tfp/{tenant[0]}/{word.lower()}/v2.0/" for word in words]
    found.append(named)
    return [
        candidate for candidate in dict.fromkeys(found) if candidate != issuer and _usable(candidate, issuer)
    ]


def _usable(candidate: str, issuer: str) -> bool:
    """Return whether a URL may be tried. A public provider must not lead to this machine."""
    local = is_loopback_url(issuer)
    return (
        "{" not in candidate
        and "?" not in candidate
        and url_fault(candidate, http_allowed=local) is None
        and (local or not is_loopback_url(candidate))
    )


def _works(candidate: str, http: HttpClient, deadline: Deadline) -> bool:
    """Return whether a URL is the issuer in its own metadata."""
    url = discovery_url(candidate)
    try:
        response = http.get(url, deadline=Deadline.after(min(TRY_SECONDS, deadline.left())), once=True)
        check_status(response, url, issuer=candidate)
        parse_metadata(parse_object(response, "the metadata"), candidate)
    except OidcLoginError:
        return False
    return True
