"""The errors of Dex and Rancher. No URL identifies them, but no other provider uses these words."""

from __future__ import annotations

from .known_error import said_by_provider

SELF_HOSTED = {
    said_by_provider("unrecognized scope(s)"): (
        "in --oidc-extra-scope, use only openid, email, profile, groups, offline_access, federated:id and audience:server:client_id:ID with Dex"
    ),
    said_by_provider("client can't request scope(s)"): (
        "in Dex: add this client's ID to trustedPeers of the client that the scope audience:server:client_id:ID names"
    ),
    said_by_provider("unregistered redirect_uri"): (
        "in Dex: staticClients > the client > redirectURIs: add the redirect URI, exactly"
    ),
    said_by_provider('invalid client_id ("'): (
        "in Dex: staticClients: compare id with --oidc-client-id, and secret with the client secret; a client without one has public: true"
    ),
    said_by_provider("is invalid or has already been claimed by another client"): (
        "sign in again; see expiry.refreshTokens in Dex for how long refresh tokens last"
    ),
    said_by_provider("invalid connectorid"): (
        "in Dex: connectors: compare the id with connector_id in --oidc-auth-request-extra-params"
    ),
    said_by_provider("oidc client not found", "failed to get oidc client"): (
        "in Rancher: check the OIDCClient with this status.clientID: it does not exist or is not ready"
    ),
    said_by_provider(
        "rancher token no longer present",
        "rancher token has expired",
        "rancher token is disabled",
        "rancher token is not valid anymore",
    ): ("sign in again: the session in Rancher ended"),
    said_by_provider(
        "only s256 is supported", "missing code_challenge", "failed to verify pkce code challenge"
    ): ("leave out `--oidc-pkce-method=no`: the provider requires PKCE with S256"),
}

RANCHER = {
    said_by_provider("is not registered"): (
        "in Rancher: OIDCClient > spec.redirectURIs: add the redirect URI, exactly"
    ),
    said_by_provider("invalid scope:"): (
        "in --oidc-extra-scope, use only openid, profile and offline_access with Rancher"
    ),
    said_by_provider("invalid client_secret", "failed to get client secret"): (
        "copy the client secret from the Secret in cattle-oidc-client-secrets with the client's ID as its name"
    ),
}
