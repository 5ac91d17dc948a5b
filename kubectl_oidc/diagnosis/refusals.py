"""What the errors of known providers mean, and where in their settings they are mended: one table.

A row's words are looked for in the error code and its description, as the provider's own documentation or its source has them.
Descriptions change; where none fits, the standard's meaning of the code (RFC 6749 §4.1.2.1, §5.2) stays.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .issuers import Vendor, vendor


class Refusal(NamedTuple):
    """A row: one thing that some providers say.

    Attributes:
        vendors: Who says it.
        words: What stands in it, in small letters, whole words.
        hint: What to do, one line.
    """

    vendors: tuple[Vendor, ...]
    words: tuple[str, ...]
    hint: str


def heard(*words: str) -> tuple[str, ...]:
    """Return words that a provider says, and this program never."""
    return words


_OKTA = (Vendor.OKTA, Vendor.OKTA_ORG)
_ENTRA = (Vendor.ENTRA,)
_KEYCLOAK = (Vendor.KEYCLOAK,)
_GOOGLE = (Vendor.GOOGLE,)
_AUTH0 = (Vendor.AUTH0,)

REGISTRATION = {
    Vendor.OKTA: "in Okta: Applications > the app > General > Sign-in redirect URIs",
    Vendor.OKTA_ORG: "in Okta: Applications > the app > General > Sign-in redirect URIs",
    Vendor.ENTRA: "in Entra: App registrations > the app > Authentication > Mobile and desktop applications",
    Vendor.KEYCLOAK: "in Keycloak: Clients > the client > Settings > Valid redirect URIs",
    Vendor.GOOGLE: "at Google: an OAuth client of the type Desktop app takes any port; other types list Authorized redirect URIs",
    Vendor.AUTH0: "in Auth0: Applications > the app > Settings > Allowed Callback URLs",
    Vendor.COGNITO: "in Cognito: App clients > the client > Login pages > Allowed callback URLs",
    Vendor.GITLAB: "in GitLab: Applications > the application > Redirect URI",
}
"""Where each provider keeps the redirect URIs of a client."""

REFUSALS: tuple[Refusal, ...] = (
    Refusal(
        _OKTA,
        heard("must be a login redirect uri"),
        f"{REGISTRATION[Vendor.OKTA]}: add the redirect URI, exactly, without a slash at its end",
    ),
    Refusal(
        _OKTA,
        heard("user is not assigned to the client application"),
        "in Okta: Applications > the app > Assignments: assign this person, or a group that they are in",
    ),
    Refusal(
        _OKTA,
        heard("policy evaluation failed", "no_matching_policy"),
        "in Okta: Security > API > the authorization server > Access Policies: this client needs a policy, and in it a rule for "
        "this grant, person and scopes",
    ),
    Refusal(
        (Vendor.OKTA_ORG,),
        heard(
            "scopes are not configured for the authorization server",
            "custom scopes are not allowed for this request",
        ),
        "Okta's org authorization server has Okta's own scopes alone: leave the others out of --oidc-extra-scope, or use a custom "
        "authorization server, whose issuer is https://ORG.okta.com/oauth2/ID",
    ),
    Refusal(
        (Vendor.OKTA,),
        heard("scopes are not configured for the authorization server"),
        "in Okta: Security > API > the authorization server > Scopes: add the scope, or leave it out of --oidc-extra-scope",
    ),
    Refusal(
        _OKTA,
        heard("client is not authorized to use the provided grant type"),
        "in Okta: Applications > the app > General > Grant type: allow this one, and Refresh Token for offline_access",
    ),
    Refusal(
        _OKTA,
        heard("pkce code challenge is required"),
        "Okta wants PKCE of a client without a secret: leave out --oidc-pkce-method=no",
    ),
    Refusal(
        _OKTA,
        heard("refresh token is invalid or expired"),
        "sign in again; how long a refresh token lives is said in Okta by the rule of the authorization server's access policy",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts50011"),
        f"{REGISTRATION[Vendor.ENTRA]}: add http://localhost, which stands for every port",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts50105"),
        "in Entra: Enterprise applications > the app > Users and groups: assign this person, or a group that they are in",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts65001", "aadsts65004", "aadsts90094", "aadsts90095"),
        "in Entra: Enterprise applications > the app > Permissions: an administrator grants consent to what is asked for",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts700016", "aadsts700011", "aadsts90002", "aadsts500011"),
        "compare --oidc-client-id with the Application (client) ID, and the tenant in --oidc-issuer-url with the Directory (tenant) ID, "
        "on the app's overview in Entra",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts50194", "aadsts90130", "aadsts9001023"),
        "the issuer must name your own tenant, not common: https://login.microsoftonline.com/TENANT_ID/v2.0",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts7000218"),
        "in Entra: App registrations > the app > Authentication: allow public client flows, and register the redirect URI under "
        "Mobile and desktop applications, not under Web; or give the client's secret",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts700025"),
        "the app is a public client in Entra: leave out the client secret",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts7000215", "aadsts7000222", "aadsts70002"),
        "in Entra: App registrations > the app > Certificates & secrets: make a new secret, and give its value, not its ID",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts70011", "aadsts28002"),
        "Entra does not know the scope: it has openid, profile, email and offline_access, and api://ID/SCOPE of an API; groups "
        "come by Token configuration, not by a scope",
    ),
    Refusal(
        _ENTRA,
        heard(
            "aadsts53000",
            "aadsts53001",
            "aadsts53002",
            "aadsts53003",
            "aadsts530032",
            "aadsts530035",
            "aadsts50131",
        ),
        "a Conditional Access policy of the tenant forbids it here: its administrator sees which in the Sign-in logs",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts50020", "aadsts50034", "aadsts51004", "aadsts16000", "aadsts90072"),
        "the account is not one of this tenant: choose another at the sign-in, or have it invited as a guest",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts50173", "aadsts70008", "aadsts700082", "aadsts70043", "aadsts50133", "aadsts50089"),
        "sign in again: Entra ended the session (a new password, a policy, or a long time without use)",
    ),
    Refusal(
        _KEYCLOAK,
        heard("invalid parameter: redirect_uri", "invalid_redirect_uri", "incorrect redirect_uri"),
        f"{REGISTRATION[Vendor.KEYCLOAK]}: add the redirect URI, or http://localhost:8000/*",
    ),
    Refusal(
        _KEYCLOAK,
        heard(
            "client not found", "invalid client or invalid client credentials", "invalid_client_credentials"
        ),
        "compare --oidc-client-id with the client of this very realm; where its Client authentication is off it has no secret, "
        "where it is on it has one",
    ),
    Refusal(
        _KEYCLOAK,
        heard("standard flow is disabled for the client"),
        "in Keycloak: Clients > the client > Settings > Capability config: Standard flow on",
    ),
    Refusal(
        _KEYCLOAK,
        heard("client not allowed for direct access grants"),
        "in Keycloak: Clients > the client > Settings > Capability config: Direct access grants on; or leave out --username",
    ),
    Refusal(
        _KEYCLOAK,
        heard("not allowed to initiate oauth 2.0 device authorization grant"),
        "in Keycloak: Clients > the client > Settings > Capability config: OAuth 2.0 Device Authorization Grant on",
    ),
    Refusal(
        _KEYCLOAK,
        heard("invalid scopes"),
        "in Keycloak: Client scopes: make the scope, and add it to the client as an optional one; or leave it out of --oidc-extra-scope",
    ),
    Refusal(
        _KEYCLOAK,
        heard("missing parameter: code_challenge_method", "missing parameter: code_challenge"),
        "Keycloak wants PKCE of this client: leave out --oidc-pkce-method=no",
    ),
    Refusal(
        _KEYCLOAK,
        heard("session not active", "token is not active", "offline session not active", "stale token"),
        "sign in again; how long a session lives is said in Keycloak by Realm settings > Sessions, and offline_access outlives it",
    ),
    Refusal(
        _GOOGLE,
        heard("redirect_uri_mismatch"),
        "at Google: Clients > Create: a client of the type Desktop app, which takes any port of localhost",
    ),
    Refusal(
        _GOOGLE,
        heard("client_secret is missing"),
        "Google's clients have a secret, that of a Desktop app too, where it is none: give it with --oidc-client-secret-file",
    ),
    Refusal(
        _GOOGLE,
        heard("org_internal"),
        "the app at Google is for accounts of its own organisation: choose one at the sign-in",
    ),
    Refusal(
        _GOOGLE,
        heard("admin_policy_enforced", "access_not_configured"),
        "an administrator of the Google Workspace must allow the app: Security > API controls > App access control",
    ),
    Refusal(
        _AUTH0,
        heard("callback url mismatch", "is not in the list of allowed callback urls"),
        f"{REGISTRATION[Vendor.AUTH0]}: add the redirect URI, exactly",
    ),
    Refusal(
        _AUTH0,
        heard("no connections enabled for the client"),
        "in Auth0: Applications > the app > Connections: switch on the one that people sign in with",
    ),
    Refusal(
        _AUTH0,
        heard("not allowed for the client"),
        "in Auth0: Applications > the app > Settings > Advanced > Grant Types: allow this one, and Refresh Token for offline_access",
    ),
)


def explain(issuer: str, code: str | None, description: str | None) -> str:
    """Return what an error of a known provider asks for, or an empty string.

    Args:
        issuer: The issuer URL.
        code: The error code, such as ``access_denied``.
        description: The provider's own words.
    """
    who, said = vendor(issuer), f"{code or ''} {description or ''}".casefold()
    for row in REFUSALS:
        if who in row.vendors and any(re.search(rf"\b{re.escape(words)}\b", said) for words in row.words):
            return row.hint
    return ""


def registration(issuer: str) -> str:
    """Return where the provider keeps the redirect URIs of a client, or an empty string.

    Args:
        issuer: The issuer URL.
    """
    return REGISTRATION.get(vendor(issuer), "")
