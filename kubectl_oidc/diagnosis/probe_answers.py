"""What a provider's answer to a probe says about the client: one table for each kind of answer.

A probe is a request that cannot succeed: an authorization request that nobody is signed in for, and a token request with a made-up
code. Providers check the client, its redirect URI and its grants first, so the error tells how far the request came
(RFC 6749 §4.1.2.1, §5.2). What fits no row says nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from enum import StrEnum
from html import unescape
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urljoin, urlsplit

from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubectl_oidc.http.exchange import Response


class Verdict(StrEnum):
    """What the provider does not accept, or that it accepts what it checked."""

    ACCEPTED = "accepted"
    CLIENT = "client"  # the client, or how it proves who it is
    REDIRECT = "redirect"
    GRANT = "grant"
    SCOPE = "scope"
    PKCE = "pkce"
    ERROR_PAGE = "error page"  # something in the request; the page does not say what
    UNKNOWN = "unknown"


class Row(NamedTuple):
    """One kind of answer.

    Attributes:
        verdict: What it says.
        codes: The OAuth error codes; any if empty.
        words: Words of its description in lower case, of which one is enough; any if empty.
    """

    verdict: Verdict
    codes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def fits(self, code: str, said: str) -> bool:
        """Return whether an error code and the words in lower case fit."""
        return (not self.codes or code in self.codes) and (
            not self.words or any(word in said for word in self.words)
        )


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict with the provider's own words.

    Attributes:
        verdict: The verdict.
        words: The error code and description, made plain; empty if they are not known.
    """

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
    # The code was looked at, so everything before it was accepted.
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
    # Dex answers invalid_request for a code that it does not know.
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
"""What comes back to the redirect URI, which was accepted by then (RFC 6749 §4.1.2.1)."""

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
"""What an error page says, which the provider shows because it trusts no redirect URI (RFC 6749 §4.1.2.1)."""

_REFUSED_BY_OTHERS = frozenset({401, 403, 407, 408, 425, 429})  # a gateway, a firewall, or too many requests
# No `<` within a tag: a page of a megabyte that is nothing but `<` takes no longer than another.
_TAG = re.compile(r"<(/?)([a-zA-Z]*)[^<>]*>")
_PARAMETER = re.compile(r"[?&][\w.-]+=[^\s&<\"']*")
_UNREAD = frozenset({"script", "style"})


def classify(rows: Sequence[Row], code: str, description: str) -> Said:
    """Return what an OAuth error says.

    Args:
        rows: The table.
        code: The error code.
        description: The provider's own words.
    """
    said = f"{code} {description}".casefold()
    words = sanitize(f"{code}: {description}" if description else code, limit=200)
    return Said(next((row.verdict for row in rows if row.fits(code, said)), Verdict.UNKNOWN), words)


def authorization_answer(response: Response, url: str, redirect_uri: str) -> Said:
    """Return what the answer to an authorization request says that was not followed.

    Args:
        response: The answer.
        url: The authorization endpoint.
        redirect_uri: The redirect URI of the request.
    """
    if 300 <= response.status < 400:  # noqa: PLR2004 - RFC 9110 §15.4
        return _redirected(url, response.headers.get("location", ""), redirect_uri)
    text = response.body.decode("utf-8", "replace")
    if response.status == 200:  # noqa: PLR2004
        # A sign-in page, or one that says in its title alone that something is wrong: words of scripts and forms say nothing.
        return Said(Verdict.ACCEPTED) if not _error_number(text) else _page(_error_number(text))
    if 400 <= response.status < 500:  # noqa: PLR2004 - RFC 9110 §15.5
        found = _page(_shown(text))
        if found.verdict is not Verdict.UNKNOWN:
            return found
        if response.status not in _REFUSED_BY_OTHERS:
            return Said(Verdict.ERROR_PAGE, f"status {response.status}")
    return Said(Verdict.UNKNOWN)


def _error_number(text: str) -> str:
    """Return the error numbers of Entra in a page: it shows its errors with status 200."""
    return " ".join(dict.fromkeys(re.findall(r"\bAADSTS\d{5,7}\b", text)))


def _shown(page: str) -> str:
    """Return what a page shows: no tags, scripts and styles, and no parameters of addresses, which are those of the request."""
    parts, end, within = [], 0, ""
    for tag in _TAG.finditer(page):
        name = tag[2].lower()
        if not within:
            parts.append(page[end : tag.start()])
        if tag[1] and name == within:
            within = ""
        elif not within and name in _UNREAD and not tag[1]:
            within = name
        end = tag.end()
    if not within:
        parts.append(page[end:])
    return _PARAMETER.sub(" ", " ".join(parts))


def _page(text: str) -> Said:
    said = unescape(text).casefold()
    return Said(next((row.verdict for row in PAGE_WORDS if row.fits("", said)), Verdict.UNKNOWN))


def _redirected(url: str, location: str, redirect_uri: str) -> Said:
    try:
        parts = urlsplit(urljoin(url, location))
    except ValueError:
        return Said(Verdict.UNKNOWN)
    pairs = dict((*parse_qsl(parts.query), *parse_qsl(parts.fragment)))
    back = urlsplit(redirect_uri)
    if (parts.scheme, parts.netloc, parts.path or "/") == (back.scheme, back.netloc, back.path or "/"):
        if "error" not in pairs:
            return Said(Verdict.ACCEPTED)
        return classify(REDIRECTED_ERRORS, pairs["error"], pairs.get("error_description", ""))
    # A page of the provider's own: its sign-in, or an error that it names in the address (Cognito, Google).
    told = [pairs[name] for name in ("error", "error_description", "authError") if name in pairs]
    if not told and "error" not in parts.path.casefold().split("/"):
        return Said(Verdict.ACCEPTED)
    return _page(" ".join((*told, *_decoded(told))))


def _decoded(values: Iterable[str]) -> list[str]:
    """Return what values say that are base64, as that of Google's error page."""
    found = []
    for value in values:
        try:
            found.append(
                base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_").decode("utf-8", "ignore")
            )
        except (binascii.Error, ValueError):
            continue
    return found
