"""Known providers: recognized by the issuer URL, and how to get groups and a refresh token from them."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_OKTA_DOMAINS = (
    ".okta.com",
    ".oktapreview.com",
    ".okta-emea.com",
    ".okta-gov.com",
    ".okta.mil",
    ".okta-miltest.com",
    ".trexcloud.com",
    ".trex-gov.com",
    ".trex-govcloud.com",
)
_ENTRA_HOSTS = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.microsoftonline.de",
        "login.partner.microsoftonline.cn",
        "login.chinacloudapi.cn",
        "login.windows.net",
        "login.microsoft.com",
        "sts.windows.net",
        "sts.chinacloudapi.cn",
    }
)
"""Entra's hosts: global, US government, China, and Germany (closed in 2021)."""


class Vendor(Enum):
    """Providers that need special treatment."""

    OKTA = auto()
    OKTA_ORG = auto()  # Okta's org authorization server, which has no custom claims
    ENTRA = auto()
    ENTRA_B2C = auto()
    GOOGLE = auto()
    KEYCLOAK = auto()
    AUTH0 = auto()
    COGNITO = auto()
    GITLAB = auto()
    OTHER = auto()


_SUFFIXES = {
    ".auth0.com": Vendor.AUTH0,
    ".b2clogin.com": Vendor.ENTRA_B2C,
    ".ciamlogin.com": Vendor.ENTRA,
}
_HOSTS = {
    **dict.fromkeys(_ENTRA_HOSTS, Vendor.ENTRA),
    "accounts.google.com": Vendor.GOOGLE,
    "gitlab.com": Vendor.GITLAB,
}


def vendor_of(issuer: str) -> Vendor:
    """Return the vendor of an issuer, judged by its URL."""
    parts = urlsplit(issuer)
    host = (parts.hostname or "").lower()
    if host.endswith(_OKTA_DOMAINS):
        return Vendor.OKTA if parts.path.startswith("/oauth2/") else Vendor.OKTA_ORG
    if host.startswith("cognito-idp.") and ".amazonaws.com" in host:
        return Vendor.COGNITO
    if "/realms/" in parts.path:
        return Vendor.KEYCLOAK
    suffix = next((whose for end, whose in _SUFFIXES.items() if host.endswith(end)), Vendor.OTHER)
    return _HOSTS.get(host, suffix)


def entra_host(issuer: str) -> str:
    """Return the host of the v2.0 issuers in the same Entra cloud as ``issuer``."""
    host = urlsplit(issuer).hostname or ""
    old = {
        "sts.chinacloudapi.cn": "login.partner.microsoftonline.cn",
        "login.chinacloudapi.cn": "login.partner.microsoftonline.cn",
    }
    if host.endswith((".microsoftonline.us", ".microsoftonline.cn")):
        return host
    return old.get(host, "login.microsoftonline.com")


def issuer_form(issuer: str) -> str:
    """Return how issuer URLs of this provider look, in words. Empty for unknown providers."""
    try:
        whose, host = vendor_of(issuer), sanitize(urlsplit(issuer).netloc, limit=120)
    except ValueError:
        return ""
    if whose in (Vendor.OKTA, Vendor.OKTA_ORG):
        return "copy the Issuer from the server's Settings tab in Okta: https://ORG.okta.com for the org server, https://ORG.okta.com/oauth2/ID for a custom one, or a custom domain"
    if whose is Vendor.ENTRA and host.endswith(".ciamlogin.com"):
        return "use https://TENANT_ID.ciamlogin.com/TENANT_ID/v2.0 for an external tenant, with your tenant's ID twice"
    if whose is Vendor.ENTRA:
        return f"Entra's issuer is https://{entra_host(issuer)}/TENANT_ID/v2.0, with your own tenant's ID; common, and a URL without v2.0, are other issuers"
    if whose is Vendor.ENTRA_B2C:
        return f"the issuer is https://{host}/tfp/TENANT_ID/POLICY/v2.0/; choose the form with tfp in Azure AD B2C: User flows > the flow > Properties > Token compatibility settings > Issuer (iss) claim"
    return ""


def unlisted_scopes(scopes: Iterable[str], listed: Sequence[str]) -> list[str]:
    """Return the scopes that the provider's metadata does not list (Discovery §3); none if it lists no scopes.

    Args:
        scopes: The requested scopes. Scopes that are URIs belong to an API, and metadata never lists them.
        listed: The metadata's ``scopes_supported``.
    """
    return [scope for scope in scopes if listed and scope not in listed and ":" not in scope]


def may_have_scope(scope: str, listed: Sequence[str]) -> bool:
    """Return whether the provider may have a scope: ``listed`` (``scopes_supported``) has it, or is empty."""
    return not unlisted_scopes((scope,), listed)


def groups_hint(issuer: str, *, scopes_supported: Sequence[str] = ()) -> str:
    """Return what to change at the provider so that the ID token has groups."""
    other = _GROUPS_OTHER + (_GROUPS_SCOPE if may_have_scope("groups", scopes_supported) else "")
    return _GROUPS.get(vendor_of(issuer), other)


_GROUPS_OTHER = "have the provider put the claim into this client's ID token"
_GROUPS_SCOPE = "; some need a scope for it, such as --oidc-extra-scope=groups"
_GROUPS = {
    Vendor.OKTA: (
        "in Okta: Security > API > the authorization server > Claims > Add: "
        "name groups, include in the ID token, always, value type Groups, with a filter"
    ),
    Vendor.OKTA_ORG: (
        "in Okta: Security > API > Authorization Servers > Add, with a groups claim; "
        "its issuer looks like https://ORG.okta.com/oauth2/ID"
    ),
    Vendor.ENTRA: "in Entra: App registrations > the app > Token configuration > Add groups claim, in the ID token",
    Vendor.GOOGLE: "bind the user name, or use a broker such as Dex: Google's ID tokens have no groups",
    Vendor.KEYCLOAK: (
        "in Keycloak: Clients > the client > Client scopes > the dedicated one > Add mapper > Group Membership: "
        "name groups, add to ID token, full group path off"
    ),
    Vendor.AUTH0: (
        "in Auth0: add an Action after sign-in that sets a claim such as https://example.com/groups, and give it with --oidc-groups-claim"
    ),
    Vendor.COGNITO: "use --oidc-groups-claim=cognito:groups with Cognito",
    Vendor.GITLAB: "use --oidc-groups-claim=groups_direct with GitLab",
}


class Needs(NamedTuple):
    """What a provider requires for a refresh token.

    Attributes:
        parameters: Parameters of the authorization request. They are always sent, unless a flag gives others.
        scope: The scope, if there is one. It is sent only if a flag asks for it: some providers refuse the whole sign-in if the scope
            is not allowed, and it may need consent.
        hint: What to do if there is still no refresh token.
    """

    parameters: Mapping[str, str]
    scope: str
    hint: str


_OFFLINE_ACCESS = Needs(
    {},
    "offline_access",  # OpenID Connect Core 11
    "have the provider allow the refresh token grant and the scope offline_access for this client",
)
_OKTA = _OFFLINE_ACCESS._replace(
    hint="in Okta: the app > General > Grant type > Refresh Token; and allow it in the access policy's rule"
)
REFRESH_TOKEN = {
    Vendor.OKTA: _OKTA,
    Vendor.OKTA_ORG: _OKTA,
    Vendor.COGNITO: Needs(
        {}, "", "in Cognito: App clients > the client > Authentication flows: allow ALLOW_REFRESH_TOKEN_AUTH"
    ),
    # Google has no scope for it. A client of the type Web gets a refresh token only at the first consent.
    Vendor.GOOGLE: Needs(
        {"access_type": "offline"},
        "",
        "add `--oidc-auth-request-extra-params=prompt=consent`: Google otherwise gives a refresh token only at the first consent",
    ),
}
"""What known providers require for a refresh token. All others require the standard's scope."""


def refresh_parameters(issuer: str) -> Mapping[str, str]:
    """Return the parameters of the authorization request that the provider requires for a refresh token."""
    return REFRESH_TOKEN.get(vendor_of(issuer), _OFFLINE_ACCESS).parameters


def refresh_scope(issuer: str, *, scopes_supported: Sequence[str] = ()) -> str:
    """Return the scope that the provider requires for a refresh token; empty if it needs or has none."""
    needs = REFRESH_TOKEN.get(vendor_of(issuer), _OFFLINE_ACCESS)
    return needs.scope if needs.scope and may_have_scope(needs.scope, scopes_supported) else ""


def refresh_hint(issuer: str, *, asked: bool, scopes_supported: Sequence[str] = ()) -> str:
    """Return how to get a refresh token from the provider. ``asked`` tells whether the scope offline_access was requested."""
    needs = REFRESH_TOKEN.get(vendor_of(issuer), _OFFLINE_ACCESS)
    if asked or not needs.scope:
        return needs.hint
    if not refresh_scope(issuer, scopes_supported=scopes_supported):
        return f"allow the refresh token grant for this client, if the provider has it; it has no scope {needs.scope}"
    return f"add --oidc-extra-scope={needs.scope}"
