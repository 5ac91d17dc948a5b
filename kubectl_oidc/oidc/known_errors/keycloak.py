"""The errors of Keycloak."""

from __future__ import annotations

from kubectl_oidc.oidc.vendors import Vendor

from .known_error import REGISTRATION, said_by_provider

KEYCLOAK = {
    said_by_provider("offline tokens not allowed for the user or client"): (
        "in Keycloak: Users > the user > Role mapping: assign the realm role offline_access (and to the client's dedicated scope, if Full scope allowed is off). Or leave out the scope"
    ),
    said_by_provider("invalid parameter: redirect_uri", "invalid_redirect_uri", "incorrect redirect_uri"): (
        f"{REGISTRATION[Vendor.KEYCLOAK]}: add the redirect URI, or http://localhost:8000/*"
    ),
    said_by_provider(
        "client not found", "invalid client or invalid client credentials", "invalid_client_credentials"
    ): (
        "compare --oidc-client-id with the client of this realm; if its Client authentication is on it has a secret, else none"
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
        "in Keycloak: Client scopes: create the scope and add it to the client as optional, or leave it out of --oidc-extra-scope"
    ),
    said_by_provider("missing parameter: code_challenge_method", "missing parameter: code_challenge"): (
        "leave out `--oidc-pkce-method=no`: Keycloak requires PKCE of this client"
    ),
    said_by_provider(
        "session not active", "token is not active", "offline session not active", "stale token"
    ): (
        "sign in again; see Realm settings > Sessions in Keycloak for how long sessions last, or ask for offline_access"
    ),
}
