"""Choose the hint for an OAuth error: by its code, its description, and the request.

A hint names only what was part of the request. A refresh has no redirect URI, so its hints do not mention one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.text import sanitize

from .vendor_errors import redirect_uri_settings, vendor_hint
from .vendors import unlisted_scopes

if TYPE_CHECKING:
    from collections.abc import Collection

_SCOPE = re.compile(r"(?<![a-z])scopes?(?![a-z])", re.IGNORECASE)
_REDIRECT = re.compile(r"redirect[_ ]?ur[il]|redirect_mismatch|callback url", re.IGNORECASE)
_PKCE = re.compile(r"code[_ ]challenge|code[_ ]verifier|\bpkce\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """The request that an error answers.

    Attributes:
        parameters: The names of the request's parameters.
        scopes: The requested scopes; empty if the request names none.
        scopes_supported: The scopes in the provider's metadata; empty if it has none.
        came_by_browser: Whether the browser brought the error. Then the provider accepted the redirect URI, and no client authenticated.
    """

    issuer: str
    parameters: Collection[str] = ()
    scopes: tuple[str, ...] = ()
    scopes_supported: tuple[str, ...] = ()
    redirect_uri: str = ""
    came_by_browser: bool = False

    def pkce(self) -> bool:
        """Return whether PKCE was part of the request (RFC 7636 §4.3, §4.5)."""
        return not {"code_challenge", "code_verifier"}.isdisjoint(self.parameters)


def error_hint(code: str | None, description: str | None, sent: SentRequest, otherwise: str) -> str:
    """Return what to do about an error, in one line. ``otherwise`` is the hint for the code, if the description says no more."""
    words = f"{code or ''} {description or ''}"
    known = vendor_hint(sent.issuer, code, description)
    if _SCOPE.search(words.replace("_", " ")):
        named = _unlisted(sent)
        return "; ".join(filter(None, (named, known))) or _scopes(sent)
    if known:
        return known
    if _REDIRECT.search(words) and sent.redirect_uri:
        where = redirect_uri_settings(sent.issuer)
        return f"register exactly {sent.redirect_uri} for this client at the provider{f' ({where})' if where else ''}"
    if _PKCE.search(words):
        return (
            "have the provider accept PKCE with S256 for this client"
            if sent.pkce()
            else "leave out `--oidc-pkce-method=no`: the provider requires PKCE"
        )
    if code == "invalid_request":
        return "; ".join(filter(None, (_unlisted(sent), otherwise)))
    return otherwise


def invalid_request_hint(sent: SentRequest) -> str:
    """Return the hint for ``invalid_request`` without a useful description: what may be wrong."""
    causes = [
        *(["redirect URI"] if sent.redirect_uri and not sent.came_by_browser else []),
        *(["PKCE"] if sent.pkce() else []),
        *(["scopes"] if sent.scopes else []),
        *([] if sent.came_by_browser else ["client authentication"]),
    ]
    return f"compare the client's settings at the provider with the flags: {', '.join(causes) or 'client ID'}"


def _unlisted(sent: SentRequest) -> str:
    strange = unlisted_scopes(sent.scopes, sent.scopes_supported)
    if not strange:
        return ""
    which = f"scope {sanitize(strange[0], limit=100)}"
    if len(strange) > 1:
        which = f"scopes {sanitize(', '.join(strange), limit=200)}"
    return f"leave out of --oidc-extra-scope what the provider's metadata does not list: {which}"


def _scopes(sent: SentRequest) -> str:
    more = [scope for scope in sent.scopes if scope != "openid"]
    if not more:
        return "have the provider allow this client the scopes that it asks for"
    some = "; some providers refuse offline_access" if "offline_access" in more else ""
    return (
        f"have the provider allow this client the scopes {sanitize(', '.join(more), limit=200)}, or leave out of --oidc-extra-scope "
        f"what it does not have{some}"
    )
