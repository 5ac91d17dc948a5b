"""What a provider's answer to a probe means for the client: one table for each kind of answer.

A probe is a request that cannot succeed: an authorization request without a sign-in, or a token request with a made-up code.
Providers check the client, its redirect URI and its grants first, so the error shows how far the request came
(RFC 6749 §4.1.2.1, §5.2). An answer that fits no row means nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from enum import StrEnum
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urljoin, urlsplit

from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubectl_oidc.http.exchange import Response


class Verdict(StrEnum):
    """What the provider rejects, or that it accepts what it checked."""

    ACCEPTED = "accepted"
    CLIENT = "client"  # the client, or its authentication
    REDIRECT = "redirect"
    GRANT = "grant"
    SCOPE = "scope"
    PKCE = "pkce"
    ERROR_PAGE = "error page"  # something in the request, but the page does not say what
    UNKNOWN = "unknown"


class Row(NamedTuple):
    """One kind of answer.

    Attributes:
        codes: The OAuth error codes; any if empty.
        words: Parts of its description in lower case, of which one is enough; any if empty.
    """

    verdict: Verdict
    codes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def fits(self, code: str, said: str) -> bool:
        """Return whether an error code and the answer's text in lower case fit this row."""
        return (not self.codes or code in self.codes) and (
            not self.words or any(word in said for word in self.words)
        )


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """A verdict, with the provider's error code and description: sanitized, empty if unknown."""

    verdict: Verdict
    words: str = ""


_CLIENT_WORDS = (
    "client secret", "client_secret", "client credentials", "client authentication", "aadsts700016", "aadsts7000215",
    "aadsts7000218", "aadsts7000222", "aadsts700025", "unknown client", "client not found", "invalid client",
)  # fmt: skip
_REDIRECT_WORDS = (
    "redirect_uri", "redirect uri", "redirect url", "redirecturi", "redirect_mismatch", "redirection uri", "callback url",
    "callback uri", "reply url", "reply address", "aadsts50011",
)  # fmt: skip

TOKEN_ERRORS = (
    # The provider checked the code, so it accepted everything before it.
    Row(Verdict.ACCEPTED, ("invalid_grant", "expired_token", "authorization_pending", "slow_down")),
    Row(Verdict.CLIENT, ("invalid_client",)),
    # Keycloak before 21 and Entra answer unauthorized_client, Google invalid_request, Auth0 access_denied for a wrong client.
    Row(Verdict.CLIENT, ("unauthorized_client", "invalid_request"), _CLIENT_WORDS),
    Row(Verdict.CLIENT, ("access_denied",), ("unauthorized",)),
    Row(Verdict.REDIRECT, ("redirect_uri_mismatch", "invalid_redirect_uri")),
    Row(Verdict.REDIRECT, ("invalid_request",), _REDIRECT_WORDS),
    Row(Verdict.GRANT, ("unauthorized_client", "unsupported_grant_type")),
    Row(Verdict.GRANT, ("invalid_request",), ("grant type is not allowed", "grant type not allowed", "grant_type is not")),
    Row(Verdict.SCOPE, ("invalid_scope",)),
    # Dex answers invalid_request to an unknown code.
    Row(Verdict.ACCEPTED, ("invalid_request",), ("expired code", "invalid code", "code parameter", "code not valid")),
)  # fmt: skip
"""What a token endpoint answers to a made-up code."""

REDIRECTED_ERRORS = (
    # Only a person is missing (OpenID Connect Core 3.1.2.6), or the provider does not know prompt=none.
    Row(
        Verdict.ACCEPTED,
        ("login_required", "interaction_required", "consent_required", "account_selection_required"),
    ),
    Row(Verdict.ACCEPTED, (), ("prompt",)),
    Row(Verdict.SCOPE, ("invalid_scope",)),
    Row(Verdict.SCOPE, ("invalid_request",), ("scope", "aadsts650053", "aadsts70011")),
    Row(Verdict.PKCE, ("invalid_request",), ("code_challenge", "code challenge", "pkce")),
    Row(Verdict.GRANT, ("unauthorized_client", "unsupported_response_type")),
)
"""Errors that are sent to the redirect URI, which is accepted by then (RFC 6749 §4.1.2.1)."""

PAGE_WORDS = (
    Row(Verdict.REDIRECT, (), _REDIRECT_WORDS),
    Row(Verdict.PKCE, (), ("code_challenge", "code challenge")),
    Row(
        Verdict.SCOPE, (), ("invalid_scope", "invalid scope", "unknown scope", "aadsts650053", "aadsts70011")
    ),
    Row(Verdict.GRANT, (), ("unauthorized_client", "response_type", "response type", "flow is disabled")),
    Row(
        Verdict.CLIENT,
        (),
        (*_CLIENT_WORDS, "invalid_client", "client_id", "client id", "clientid", "client does not exist"),
    ),
)
"""Texts of error pages, which the provider shows because it trusts no redirect URI (RFC 6749 §4.1.2.1)."""

_REFUSED_BY_OTHERS = frozenset({401, 403, 407, 408, 425, 429})  # a gateway, a firewall, or too many requests
# No `<` within a tag: otherwise a page of a megabyte of `<` would take very long.
_TAG = re.compile(r"<(/?)([a-zA-Z]*)[^<>]*>")
_PARAMETER = re.compile(r"[?&][\w.-]+=[^\s&<\"']*")
_INVISIBLE = frozenset({"script", "style"})


def classify(rows: Sequence[Row], code: str, description: str) -> ProbeAnswer:
    """Return what an OAuth error code and its description mean by this table."""
    said = f"{code} {description}".casefold()
    words = sanitize(f"{code}: {description}" if description else code, limit=200)
    return ProbeAnswer(next((row.verdict for row in rows if row.fits(code, said)), Verdict.UNKNOWN), words)


def authorization_answer(response: Response, url: str, redirect_uri: str) -> ProbeAnswer:
    """Return what the answer to an authorization request means; its redirect was not followed."""
    if 300 <= response.status < 400:  # noqa: PLR2004 - RFC 9110 §15.4
        return _classify_redirect(url, response.headers.get("location", ""), redirect_uri)
    text = response.body.decode("utf-8", "replace")
    if response.status == 200:  # noqa: PLR2004
        # Probably a sign-in page, whose scripts and forms may hold any word: only Entra's error numbers count.
        return (
            ProbeAnswer(Verdict.ACCEPTED) if not _error_number(text) else _classify_page(_error_number(text))
        )
    if 400 <= response.status < 500:  # noqa: PLR2004 - RFC 9110 §15.5
        found = _classify_page(_visible_text(text))
        if found.verdict is not Verdict.UNKNOWN:
            return found
        if response.status not in _REFUSED_BY_OTHERS:
            return ProbeAnswer(Verdict.ERROR_PAGE, f"status {response.status}")
    return ProbeAnswer(Verdict.UNKNOWN)


def _error_number(text: str) -> str:
    """Return Entra's error numbers in a page: Entra shows errors with status 200."""
    return " ".join(dict.fromkeys(re.findall(r"\bAADSTS\d{5,7}\b", text)))


def _visible_text(page: str) -> str:
    """Return a page's visible text, without parameters of URLs, which repeat those of the request."""
    parts, end, within = [], 0, ""
    for tag in _TAG.finditer(page):
        name = tag[2].lower()
        if not within:
            parts.append(page[end : tag.start()])
        if tag[1] and name == within:
            within = ""
        elif not within and name in _INVISIBLE and not tag[1]:
            within = name
        end = tag.end()
    if not within:
        parts.append(page[end:])
    return _PARAMETER.sub(" ", " ".join(parts))


def _classify_page(text: str) -> ProbeAnswer:
    said = unescape(text).casefold()
    return ProbeAnswer(next((row.verdict for row in PAGE_WORDS if row.fits("", said)), Verdict.UNKNOWN))


def _classify_redirect(url: str, location: str, redirect_uri: str) -> ProbeAnswer:
    try:
        parts = urlsplit(urljoin(url, location))
    except ValueError:
        return ProbeAnswer(Verdict.UNKNOWN)
    pairs = dict((*parse_qsl(parts.query), *parse_qsl(parts.fragment)))
    back = urlsplit(redirect_uri)
    if (parts.scheme, parts.netloc, parts.path or "/") == (back.scheme, back.netloc, back.path or "/"):
        if "error" not in pairs:
            return ProbeAnswer(Verdict.ACCEPTED)
        return classify(REDIRECTED_ERRORS, pairs["error"], pairs.get("error_description", ""))
    # The provider's own page: a sign-in, or an error that is named in the URL (Cognito, Google).
    told = [pairs[name] for name in ("error", "error_description", "authError") if name in pairs]
    if not told and "error" not in parts.path.casefold().split("/"):
        return ProbeAnswer(Verdict.ACCEPTED)
    return _classify_page(" ".join((*told, *_decode_base64(told))))


def _decode_base64(values: Iterable[str]) -> list[str]:
    """Return the values that are base64, decoded: Google's error page has one."""
    found = []
    for value in values:
        try:
            found.append(
                base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_").decode("utf-8", "ignore")
            )
        except (binascii.Error, ValueError):
            continue
    return found
