"""The errors of Okta."""

from __future__ import annotations

from kubectl_oidc.oidc.vendors import Vendor

from .known_error import REGISTRATION, said_by_provider

OKTA = {
    said_by_provider("must be a login redirect uri"): (
        f"{REGISTRATION[Vendor.OKTA]}: add the redirect URI, exactly, without a slash at its end"
    ),
    said_by_provider("user is not assigned to the client application"): (
        "in Okta: Applications > the app > Assignments: assign this person, or a group that they are in"
    ),
    said_by_provider("policy evaluation failed", "no_matching_policy"): (
        "in Okta: Security > API > the authorization server > Access Policies: add a policy for this client, with a rule for this grant, person and scopes"
    ),
    said_by_provider("client is not authorized to use the provided grant type"): (
        "in Okta: Applications > the app > General > Grant type: allow this one, and Refresh Token for offline_access"
    ),
    said_by_provider("pkce code challenge is required"): (
        "leave out `--oidc-pkce-method=no`: Okta requires PKCE of a client without a secret"
    ),
    said_by_provider("refresh token is invalid or expired"): (
        "sign in again; see the rule of the authorization server's access policy in Okta for how long refresh tokens last"
    ),
}

OKTA_ORG = {
    said_by_provider(
        "scopes are not configured for the authorization server",
        "custom scopes are not allowed for this request",
    ): (
        "leave other scopes out of --oidc-extra-scope: Okta's org authorization server has only its own. Or use a custom one: https://ORG.okta.com/oauth2/ID"
    ),
}

OKTA_CUSTOM = {
    said_by_provider("scopes are not configured for the authorization server"): (
        "in Okta: Security > API > the authorization server > Scopes: add the scope, or leave it out of --oidc-extra-scope"
    ),
}
