"""Find what an OAuth error of a known provider means, and where in the provider's settings to fix it.

The words of an error come from the provider's documentation or source code, and may change. If nothing matches, the
standard's meaning of the error code applies (RFC 6749 §4.1.2.1, §5.2).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .known_errors.auth0 import AUTH0_ERRORS
from .known_errors.cognito import COGNITO_ERRORS
from .known_errors.entra import ENTRA_ERRORS
from .known_errors.google import GOOGLE_ERRORS
from .known_errors.keycloak import KEYCLOAK_ERRORS
from .known_errors.known_error import REGISTRATION
from .known_errors.okta import OKTA_ERRORS
from .known_errors.self_hosted import SELF_HOSTED_ERRORS
from .vendors import vendor_of

KNOWN_ERRORS = (
    *OKTA_ERRORS,
    *ENTRA_ERRORS,
    *KEYCLOAK_ERRORS,
    *GOOGLE_ERRORS,
    *AUTH0_ERRORS,
    *COGNITO_ERRORS,
    *SELF_HOSTED_ERRORS,
)
"""All rows. The first that matches counts."""


def vendor_hint(issuer: str, code: str | None, description: str | None) -> str:
    """Return what to do about an error of a known provider, or an empty string.

    Args:
        code: The error code, such as ``access_denied``.
        description: The provider's own words.
    """
    whose, path = vendor_of(issuer), urlsplit(issuer).path
    text = f"{code or ''} {description or ''}".casefold()
    for row in KNOWN_ERRORS:
        if (
            whose in row.vendors
            and row.path in ("", path)
            and any(re.search(rf"\b{re.escape(words)}(?!\w)", text) for words in row.words)
        ):
            return row.hint
    return ""


def redirect_uri_settings(issuer: str) -> str:
    """Return where the provider's settings have the redirect URIs of a client, or an empty string."""
    return REGISTRATION.get(vendor_of(issuer), "")
