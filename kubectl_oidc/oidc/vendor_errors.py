"""What the errors of known providers mean, and where in their settings they are mended: one table.

A row's words are looked for in the error code and its description, as the provider's own documentation or its source has them.
Descriptions change; where none fits, the standard's meaning of the code (RFC 6749 §4.1.2.1, §5.2) stays.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from .vendors import Vendor, vendor


class Refusal(NamedTuple):
    """A row: one thing that some providers say.

    Attributes:
        vendors: Who says it.
        words: What stands in it, in small letters, whole words.
        hint: What to do, one line.
        path: The path of the issuer, where only that tells the provider from others with the same words.
    """

    vendors: tuple[Vendor, ...]
    words: tuple[str, ...]
    hint: str
    path: str = ""


def heard(*words: str) -> tuple[str, ...]:
    """Return words that a provider says, and this program never."""
    return words


_OKTA = (Vendor.OKTA, Vendor.OKTA_ORG)
_ENTRA = (Vendor.ENTRA,)
_KEYCLOAK = (Vendor.KEYCLOAK,)
_GOOGLE = (Vendor.GOOGLE,)
_AUTH0 = (Vendor.AUTH0,)
_COGNITO = (Vendor.COGNITO,)
_B2C = (Vendor.ENTRA_B2C,)
_SELF_HOSTED = (Vendor.OTHER,)  # Dex and Rancher: no URL tells them, and their words are theirs alone

REGISTRATION = {
    Vendor.OKTA: "in Okta: Applications > the app > General > Sign-in redirect URIs",
    Vendor.OKTA_ORG: "in Okta: Applications > the app > General > Sign-in redirect URIs",
    Vendor.ENTRA: "in Entra: App registrations > the app > Authentication > Mobile and desktop applications",
    Vendor.ENTRA_B2C: "in Azure AD B2C: App registrations > the app > Authentication > Mobile and desktop applications",
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
        heard("aadsts70011", "aadsts28002", "aadsts650053", "aadsts650057"),
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
        _ENTRA,
        heard("aadsts50072", "aadsts50074", "aadsts50076", "aadsts50078", "aadsts50079", "aadsts50158"),
        "Entra requires multi-factor authentication, which only a sign-in in the browser can do: run `kubectl oidc-login login`; "
        "--grant-type=password cannot",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts50139", "aadsts50132", "aadsts50196", "aadsts700084"),
        "sign in again: the session in Entra, or at the provider behind it, is no longer valid",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts70000", "aadsts54005"),
        "sign in again; if Entra refuses it each time, compare the app in Entra with the client ID, the scopes and the redirect URI",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts50053", "aadsts50055", "aadsts50056", "aadsts50057", "aadsts50126", "aadsts50144"),
        "Entra refuses the account or its password: sign in at https://myaccount.microsoft.com to see why, or ask its administrator",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts50097", "aadsts50129", "aadsts530003", "aadsts53004"),
        "a Conditional Access policy requires a device that the tenant manages: sign in from one, or ask the tenant's administrator",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts500113"),
        f"{REGISTRATION[Vendor.ENTRA]}: the app has no redirect URI; add http://localhost",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts9002325", "aadsts9002326", "aadsts9002327"),
        f"{REGISTRATION[Vendor.ENTRA]}: register the redirect URI there, not under Single-page application",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts700027", "aadsts50012", "aadsts700023", "aadsts700024"),
        "in Entra: App registrations > the app > Certificates & secrets > Certificates: upload the certificate of the key in "
        "--oidc-client-assertion-key, and check this computer's clock",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts70019", "aadsts70020"),
        "the device code expired: run the command again, and enter the new code",
    ),
    Refusal(
        _ENTRA,
        heard("aadsts7000112", "aadsts650052", "aadsts650056"),
        "in Entra: Enterprise applications > the app: an administrator of the tenant enables it and grants consent to its permissions",
    ),
    Refusal(
        _B2C,
        heard("aadb2c90006"),
        f"{REGISTRATION[Vendor.ENTRA_B2C]}: add http://localhost, which accepts every port",
    ),
    Refusal(
        _B2C,
        heard("aadb2c90117", "aadb2c90205"),
        "Azure AD B2C knows openid, offline_access and https://TENANT.onmicrosoft.com/API/SCOPE of an API with permission: "
        "leave the others out of --oidc-extra-scope",
    ),
    Refusal(
        _B2C,
        heard("aadb2c90081", "aadb2c90079"),
        "in Azure AD B2C: App registrations > the app > Certificates & secrets: make a new secret, and give its value",
    ),
    Refusal(
        _B2C,
        heard("aadb2c90080", "aadb2c90088", "aadb2c90129"),
        "sign in again: the session in Azure AD B2C ended",
    ),
    Refusal(
        _B2C,
        heard("aadb2c90091", "aadb2c90118"),
        "the sign-in was left before its end: run the command again",
    ),
    Refusal(
        _KEYCLOAK,
        heard("offline tokens not allowed for the user or client"),
        "Keycloak refuses the scope offline_access: in Users > the user > Role mapping assign the realm role offline_access (if the "
        "client's Full scope allowed is off, add that role in Clients > the client > Client scopes > the dedicated one > Scope); or "
        "leave offline_access out of --oidc-extra-scope",
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
    Refusal(
        _COGNITO,
        heard("invalid_scope"),
        "in Cognito: App clients > the client > Login pages > OpenID Connect scopes: select the scope, or leave it out of "
        "--oidc-extra-scope (Cognito has no offline_access, profile needs the client's read permission)",
    ),
    Refusal(
        _COGNITO,
        heard("redirect_mismatch", "redirect_uri_mismatch"),
        f"{REGISTRATION[Vendor.COGNITO]}: add the redirect URI, exactly",
    ),
    Refusal(
        _COGNITO,
        heard("unauthorized_client"),
        "in Cognito: App clients > the client > Login pages: OAuth grant types needs Authorization code grant, and Identity providers "
        "the one that people sign in with",
    ),
    Refusal(
        _COGNITO,
        heard("invalid_client", "invalid_client_secret"),
        "in Cognito: App clients > the client: compare --oidc-client-id; a confidential client has a client secret, a public one has none",
    ),
    Refusal(
        _COGNITO,
        heard("user is not enabled", "user is disabled"),
        "in Cognito: Users > the user: enable the account",
    ),
    Refusal(
        _COGNITO,
        heard("preauthentication failed with error", "presignup failed with error"),
        "a Lambda trigger of the user pool refuses this account: in Cognito: Extensions, and the function's log",
    ),
    Refusal(
        _SELF_HOSTED,
        heard("unrecognized scope(s)"),
        "Dex knows openid, email, profile, groups, offline_access, federated:id and audience:server:client_id:ID: leave the others out "
        "of --oidc-extra-scope",
    ),
    Refusal(
        _SELF_HOSTED,
        heard("client can't request scope(s)"),
        "in Dex: add this client's ID to trustedPeers of the client that the scope audience:server:client_id:ID names",
    ),
    Refusal(
        _SELF_HOSTED,
        heard("unregistered redirect_uri"),
        "in Dex: staticClients > the client > redirectURIs: add the redirect URI, exactly",
    ),
    Refusal(
        _SELF_HOSTED,
        heard('invalid client_id ("'),
        "in Dex: staticClients: compare id with --oidc-client-id, and secret with the client secret; a client without one has public: true",
    ),
    Refusal(
        _SELF_HOSTED,
        heard("is invalid or has already been claimed by another client"),
        "sign in again; how long a refresh token lives is set in Dex by expiry.refreshTokens",
    ),
    Refusal(
        _SELF_HOSTED,
        heard("invalid connectorid"),
        "in Dex: connectors: compare the id with connector_id in --oidc-auth-request-extra-params",
    ),
    Refusal(
        _SELF_HOSTED,
        heard("oidc client not found", "failed to get oidc client"),
        "in Rancher: the OIDCClient whose status.clientID is --oidc-client-id does not exist, or is not ready",
    ),
    Refusal(
        _SELF_HOSTED,
        heard("is not registered"),
        "in Rancher: OIDCClient > spec.redirectURIs: add the redirect URI, exactly",
        path="/oidc",
    ),
    Refusal(
        _SELF_HOSTED,
        heard("invalid scope:"),
        "Rancher knows the scopes openid, profile and offline_access: leave the others out of --oidc-extra-scope",
        path="/oidc",
    ),
    Refusal(
        _SELF_HOSTED,
        heard("invalid client_secret", "failed to get client secret"),
        "Rancher requires a client secret: copy it from the Secret in cattle-oidc-client-secrets that has the client's ID as its name",
        path="/oidc",
    ),
    Refusal(
        _SELF_HOSTED,
        heard(
            "rancher token no longer present",
            "rancher token has expired",
            "rancher token is disabled",
            "rancher token is not valid anymore",
        ),
        "sign in again: the session in Rancher ended, and this one with it",
    ),
    Refusal(
        _SELF_HOSTED,
        heard("only s256 is supported", "missing code_challenge", "failed to verify pkce code challenge"),
        "the provider requires PKCE with S256: leave out --oidc-pkce-method=no",
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
    path = urlsplit(issuer).path
    for row in REFUSALS:
        if (
            who in row.vendors
            and row.path in ("", path)
            and any(re.search(rf"\b{re.escape(words)}(?!\w)", said) for words in row.words)
        ):
            return row.hint
    return ""


def registration(issuer: str) -> str:
    """Return where the provider keeps the redirect URIs of a client, or an empty string.

    Args:
        issuer: The issuer URL.
    """
    return REGISTRATION.get(vendor(issuer), "")
