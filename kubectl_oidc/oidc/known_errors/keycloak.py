"""The errors of Keycloak."""

from __future__ import annotations

from kubectl_oidc.oidc.vendors import Vendor

from .known_error import REGISTRATION, said_by_provider

KEYCLOAK = {
    said_by_provider("offline tokens not allowed for the user or client"): (
        "Keycloak refuses the scope offline_access: in Users > the user > Role mapping assign the realm role offline_access (if the "
        "client's Full scope allowed is off, add that role in Clients > the client > Client scopes > the dedicated one > Scope); or "
        "leave offline_access out of --oidc-extra-scope"
    ),
    said_by_provider("invalid parameter: redirect_uri", "invalid_redirect_uri", "incorrect redirect_uri"): (
        f"{REGISTRATION[Vendor.KEYCLOAK]}: add the redirect URI, or http://localhost:8000/*"
    ),
    said_by_provider(
        "client not found", "invalid client or invalid client credentials", "invalid_client_credentials"
    ): (
        "compare --oidc-client-id with the client of this very realm; where its Client authentication is off it has no secret, "
        "where it is on it has one"
    ),
    said_by_provider("standard flow is disabled for the client"): (
        "in Keycloak: Clients > the client > Settings > Capability config: Standard flow on"
    ),
    said_by_provider("client not allowed for direct access grants"): (
        "in Keycloak: Clients > the client > Settings > Capability config: Direct access grants on; or leave out --username"
    ),
    said_by_provider("not allowed to initiate oauth 2.0 device authorization grant"): (
        "in Keycloak: Clients > the client > Settings > Capability config: OAuth 2.0 Device Authorization Grant on"
    ),
    said_by_provider("invalid scopes"): (
        "in Keycloak: Client scopes: make the scope, and add it to the client as an optional one; or leave it out of --oidc-extra-scope"
    ),
    said_by_provider("missing parameter: code_challenge_method", "missing parameter: code_challenge"): (
        "Keycloak wants PKCE of this client: leave out --oidc-pkce-method=no"
    ),
    said_by_provider(
        "session not active", "token is not active", "offline session not active", "stale token"
    ): (
        "sign in again; how long a session lives is said in Keycloak by Realm settings > Sessions, and offline_access outlives it"
    ),
}
