"""The errors of Auth0."""

from __future__ import annotations

from kubectl_oidc.oidc.vendors import Vendor

from .known_error import REGISTRATION, KnownError, said_by_provider

_AUTH0 = (Vendor.AUTH0,)

AUTH0_ERRORS: tuple[KnownError, ...] = (
    KnownError(
        _AUTH0,
        said_by_provider("callback url mismatch", "is not in the list of allowed callback urls"),
        f"{REGISTRATION[Vendor.AUTH0]}: add the redirect URI, exactly",
    ),
    KnownError(
        _AUTH0,
        said_by_provider("no connections enabled for the client"),
        "in Auth0: Applications > the app > Connections: switch on the one that people sign in with",
    ),
    KnownError(
        _AUTH0,
        said_by_provider("not allowed for the client"),
        "in Auth0: Applications > the app > Settings > Advanced > Grant Types: allow this one, and Refresh Token for offline_access",
    ),
)
