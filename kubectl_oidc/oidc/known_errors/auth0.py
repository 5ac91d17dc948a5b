"""The errors of Auth0."""

from __future__ import annotations

from kubectl_oidc.oidc.vendors import Vendor

from .known_error import REGISTRATION, said_by_provider

AUTH0 = {
    said_by_provider("callback url mismatch", "is not in the list of allowed callback urls"): (
        f"{REGISTRATION[Vendor.AUTH0]}: add the redirect URI, exactly"
    ),
    said_by_provider("no connections enabled for the client"): (
        "in Auth0: Applications > the app > Connections: enable the one for your users"
    ),
    said_by_provider("not allowed for the client"): (
        "in Auth0: Applications > the app > Settings > Advanced > Grant Types: allow this one, and Refresh Token for offline_access"
    ),
}
