"""The errors of Google."""

from __future__ import annotations

from .known_error import said_by_provider

GOOGLE = {
    said_by_provider("redirect_uri_mismatch"): (
        "at Google: Clients > Create: create a client of the type Desktop app, which allows any port of localhost"
    ),
    said_by_provider("client_secret is missing"): (
        "give the client's secret with --oidc-client-secret-file: at Google, even a Desktop app needs it"
    ),
    said_by_provider("org_internal"): ("choose an account of the app's own organisation"),
    said_by_provider("admin_policy_enforced", "access_not_configured"): (
        "have an administrator of the Google Workspace allow the app: Security > API controls > App access control"
    ),
}
