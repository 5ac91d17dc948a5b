"""Which URLs may get a request: the issuer (OpenID Connect Discovery 1.0 §3, §4) and its endpoints.

They must be https. Plain http is allowed for a provider on this machine, for example the demo's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from .errors import UsageError
from .text import json_quoted, sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable
    from urllib.parse import SplitResult

_WELL_KNOWN = "/.well-known/openid-configuration"
_EXAMPLE = "https://ORG.okta.com/oauth2/default or https://HOST/realms/NAME"
_GOOGLE, _GOOGLE_WITHOUT_SCHEME = "https://accounts.google.com", "accounts.google.com"

PLAIN_HTTP = "is http, not https"
"""What `url_fault` returns for plain http that is not allowed."""


def issuer_of(claim: object) -> object:
    """Return the issuer in the claim ``iss``.

    Google also writes ``iss`` without ``https://``. Core §15.6.2 has an exception for this one issuer, and so has kube-apiserver.
    """
    return _GOOGLE if claim == _GOOGLE_WITHOUT_SCHEME else claim


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is this machine: ``localhost``, 127.0.0.0/8 or ::1.

    Args:
        host: A host name or address, without brackets and port.
    """
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower().removesuffix(".") == "localhost"


def is_loopback_url(url: str) -> bool:
    """Return whether the host of ``url`` is this machine."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def port_of(parts: SplitResult) -> int:
    """Return the port of an http or https URL; 80 or 443 if it names none."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def with_parameters(url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return ``url`` with these parameters added to its own query (RFC 6749 §3.1)."""
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *parameters]
    return parts._replace(query=urlencode(query)).geturl()


def shown_url(url: str) -> str:
    """Return ``url`` for a message: without user info, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an unreadable address"
    return sanitize(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}", limit=200)


def url_fault(url: str, *, http_allowed: bool) -> str | None:
    """Return why ``url`` must not get a request, in a few words. None if it may.

    Args:
        http_allowed: Whether plain http is allowed for addresses of this machine.
    """
    if not url.isprintable() or " " in url or "\\" in url:
        return "has a character that URLs cannot have"
    try:
        parts = urlsplit(url)
        reached = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return "is not a URL"
    checks = (
        (parts.scheme not in {"https", "http"}, "does not begin with https://"),
        (not reached, "has no host"),
        ("@" in parts.netloc, "has a user name or password in it"),
        ("#" in url, "has a fragment"),
        (
            parts.scheme == "http" and not (http_allowed and is_loopback(parts.hostname or "")),
            PLAIN_HTTP,
        ),
    )
    return next((words for wrong, words in checks if wrong), None)


def check_issuer(url: str) -> str:
    """Return ``url`` unchanged if it is a valid issuer (OpenID Connect Discovery 1.0 §3).

    Raises:
        UsageError: The URL is malformed, is http to another machine, or has a query, a fragment or user info.
    """
    why = url_fault(url, http_allowed=True)
    if why is None and "?" in url:
        why = "has a query"
    if why is None and url.rstrip("/").endswith(_WELL_KNOWN):
        why = "is the discovery document, not the issuer"
    if why is None:
        return url
    # User info may hold a password: then the URL is not repeated.
    named = "the issuer URL" if "@" in url else f"the issuer URL {json_quoted(url)}"
    raise UsageError(f"{named} {why}", _hint(url, why), topic="issuer-url")


def _hint(url: str, why: str) -> str:
    if url.rstrip("/").endswith(_WELL_KNOWN):
        return f"leave out {_WELL_KNOWN}: `--oidc-issuer-url={shown_url(url).rstrip('/').removesuffix(_WELL_KNOWN)}`"
    if why == PLAIN_HTTP:
        return "write https://; only a provider on this machine (localhost, 127.0.0.1, ::1) may use http"
    if "://" not in url and "@" not in url and not url_fault(f"https://{url}", http_allowed=False):
        return f"write it in full: `--oidc-issuer-url={shown_url(f'https://{url}')}`"
    return f"copy the issuer URL from the provider's settings; it looks like {_EXAMPLE}"
