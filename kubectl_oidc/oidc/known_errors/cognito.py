"""The errors of Amazon Cognito."""

from __future__ import annotations

from kubectl_oidc.oidc.vendors import Vendor

from .known_error import REGISTRATION, said_by_provider

COGNITO = {
    said_by_provider("invalid_scope"): (
        "in Cognito: App clients > the client > Login pages > OpenID Connect scopes: select the scope, or leave it out of --oidc-extra-scope (Cognito has no offline_access)"
    ),
    said_by_provider("redirect_mismatch", "redirect_uri_mismatch"): (
        f"{REGISTRATION[Vendor.COGNITO]}: add the redirect URI, exactly"
    ),
    said_by_provider("unauthorized_client"): (
        "in Cognito: App clients > the client > Login pages: under OAuth grant types add Authorization code grant, under Identity providers the one for your users"
    ),
    said_by_provider("invalid_client", "invalid_client_secret"): (
        "in Cognito: App clients > the client: compare --oidc-client-id; a confidential client has a client secret, a public one has none"
    ),
    said_by_provider("user is not enabled", "user is disabled"): (
        "in Cognito: Users > the user: enable the account"
    ),
    said_by_provider("preauthentication failed with error", "presignup failed with error"): (
        "a Lambda trigger of the user pool refuses this account: in Cognito: Extensions, and the function's log"
    ),
}
