"""Find what an OAuth error of a known provider means, and where in the provider's settings to fix it.

The words of an error come from the provider's documentation or source code, and may change. If nothing matches, the
standard's meaning of the error code applies (RFC 6749 §4.1.2.1, §5.2).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .known_errors.auth0 import AUTH0
from .known_errors.cognito import COGNITO
from .known_errors.entra import ENTRA, ENTRA_B2C
from .known_errors.google import GOOGLE
from .known_errors.keycloak import KEYCLOAK
from .known_errors.known_error import REGISTRATION
from .known_errors.okta import OKTA, OKTA_CUSTOM, OKTA_ORG
from .known_errors.self_hosted import RANCHER, SELF_HOSTED
from .vendors import Vendor, vendor_of

_RANCHER_PATH = "/oidc"
"""The path of Rancher's issuer. Other providers use the words of `RANCHER` too."""

KNOWN_ERRORS = {
    Vendor.OKTA: {**OKTA, **OKTA_CUSTOM},
    Vendor.OKTA_ORG: {**OKTA, **OKTA_ORG},
    Vendor.ENTRA: ENTRA,
    Vendor.ENTRA_B2C: ENTRA_B2C,
    Vendor.KEYCLOAK: KEYCLOAK,
    Vendor.GOOGLE: GOOGLE,
    Vendor.AUTH0: AUTH0,
    Vendor.COGNITO: COGNITO,
    Vendor.OTHER: SELF_HOSTED,
}
"""The hints of each vendor by the provider's words. The first that matches counts."""


def vendor_hint(issuer: str, code: str | None, description: str | None) -> str:
    """Return what to do about an error of a known provider, or an empty string."""
    vendor = vendor_of(issuer)
    rows = KNOWN_ERRORS.get(vendor, {})
    if vendor is Vendor.OTHER and urlsplit(issuer).path == _RANCHER_PATH:
        rows = {**rows, **RANCHER}
    text = f"{code or ''} {description or ''}".casefold()
    return next((hint for words, hint in rows.items() if any(_has(text, each) for each in words)), "")


def _has(text: str, words: str) -> bool:
    """Return whether a text has the words as whole words."""
    return re.search(rf"\b{re.escape(words)}(?!\w)", text) is not None


def redirect_uri_settings(issuer: str) -> str:
    """Return where the provider's settings have the redirect URIs of a client, or an empty string."""
    return REGISTRATION.get(vendor_of(issuer), "")
