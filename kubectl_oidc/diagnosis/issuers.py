"""Which provider an issuer URL belongs to, and what people do there to get groups and a refresh token."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_OKTA_DOMAINS = (
    ".okta.com",
    ".oktapreview.com",
    ".okta-emea.com",
    ".okta-gov.com",
    ".okta.mil",
    ".trex-govcloud.com",
)


class Vendor(Enum):
    """Providers whose ways differ."""

    OKTA = auto()
    OKTA_ORG = auto()  # Okta's org authorization server, which has no custom claims
    ENTRA = auto()
    GOOGLE = auto()
    KEYCLOAK = auto()
    AUTH0 = auto()
    COGNITO = auto()
    GITLAB = auto()
    OTHER = auto()


def vendor(issuer: str) -> Vendor:
    """Return whose issuer this is, as far as its URL tells."""
    parts = urlsplit(issuer)
    host = (parts.hostname or "").lower()
    if host.endswith(_OKTA_DOMAINS):
        return Vendor.OKTA if parts.path.startswith("/oauth2/") else Vendor.OKTA_ORG
    if host.startswith("cognito-idp.") and ".amazonaws.com" in host:
        return Vendor.COGNITO
    if "/realms/" in parts.path:
        return Vendor.KEYCLOAK
    if host.endswith(".auth0.com"):
        return Vendor.AUTH0
    known = {
        "login.microsoftonline.com": Vendor.ENTRA,
        "login.microsoftonline.us": Vendor.ENTRA,
        "login.partner.microsoftonline.cn": Vendor.ENTRA,
        "sts.windows.net": Vendor.ENTRA,
        "accounts.google.com": Vendor.GOOGLE,
        "gitlab.com": Vendor.GITLAB,
    }
    return known.get(host, Vendor.OTHER)


def groups_hint(issuer: str) -> str:
    """Return what to do at the provider so that the ID token carries groups."""
    return _GROUPS.get(vendor(issuer), _GROUPS_OTHER)


_GROUPS_OTHER = (
    "let the provider put the claim into the ID token of this client; "
    "some want a scope for it, such as --oidc-extra-scope=groups"
)
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
    Vendor.GOOGLE: "Google's ID tokens carry no groups: bind the user name, or put a broker such as Dex between",
    Vendor.KEYCLOAK: (
        "in Keycloak: Clients > the client > Client scopes > the dedicated one > Add mapper > Group Membership: "
        "name groups, add to ID token, full group path off"
    ),
    Vendor.AUTH0: (
        "in Auth0: an Action after sign-in that sets a claim such as https://example.com/groups; "
        "name it with --oidc-groups-claim"
    ),
    Vendor.COGNITO: "Cognito calls it cognito:groups: name it with --oidc-groups-claim=cognito:groups",
    Vendor.GITLAB: "GitLab calls it groups_direct: name it with --oidc-groups-claim=groups_direct",
}


class Needs(NamedTuple):
    """What a provider needs for a refresh token.

    Attributes:
        parameters: Parameters of the authorization request. They are always sent, unless the person gives others.
        scope: The scope, if it has one for that. It is not sent unless it is asked for: some providers refuse the whole sign-in if it is
            not allowed for the client or the person, and it may need somebody's consent.
        hint: What to do if there is still no refresh token.
    """

    parameters: Mapping[str, str]
    scope: str
    hint: str


_OFFLINE_ACCESS = Needs(
    {},
    "offline_access",  # OpenID Connect Core 11
    "let the provider allow the refresh token grant and the scope offline_access for this client",
)
_OKTA = _OFFLINE_ACCESS._replace(
    hint="in Okta: the app > General > Grant type > Refresh Token; and the access policy's rule must allow it"
)
REFRESH_TOKEN = {
    Vendor.OKTA: _OKTA,
    Vendor.OKTA_ORG: _OKTA,
    # Google has no scope for it. To a client of the type Web it gives a refresh token only at the first consent.
    Vendor.GOOGLE: Needs(
        {"access_type": "offline"},
        "",
        "access_type=offline is sent; Google gives a refresh token at the first consent only, and at each with "
        "--oidc-auth-request-extra-params=prompt=consent",
    ),
}
"""What each known provider needs for a refresh token; any other needs the standard's scope."""


def refresh_parameters(issuer: str) -> Mapping[str, str]:
    """Return the parameters of the authorization request that the provider needs for a refresh token.

    Args:
        issuer: The issuer URL.
    """
    return REFRESH_TOKEN.get(vendor(issuer), _OFFLINE_ACCESS).parameters


def refresh_hint(issuer: str, *, asked: bool) -> str:
    """Return how to get a refresh token from the provider.

    Args:
        issuer: The issuer URL.
        asked: Whether the scope offline_access was asked for.
    """
    needs = REFRESH_TOKEN.get(vendor(issuer), _OFFLINE_ACCESS)
    return f"add --oidc-extra-scope={needs.scope}" if needs.scope and not asked else needs.hint
