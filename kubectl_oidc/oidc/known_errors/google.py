"""The errors of Google."""

from __future__ import annotations

from .known_error import said_by_provider

GOOGLE = {
    said_by_provider("redirect_uri_mismatch"): (
        "at Google: Clients > Create: a client of the type Desktop app, which takes any port of localhost"
    ),
    said_by_provider("client_secret is missing"): (
        "Google's clients have a secret, that of a Desktop app too, where it is none: give it with --oidc-client-secret-file"
    ),
    said_by_provider("org_internal"): (
        "the app at Google is for accounts of its own organisation: choose one at the sign-in"
    ),
    said_by_provider("admin_policy_enforced", "access_not_configured"): (
        "an administrator of the Google Workspace must allow the app: Security > API controls > App access control"
    ),
}
