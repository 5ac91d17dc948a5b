"""A row of the tables: the words of a provider's error, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple

from kubectl_oidc.oidc.vendors import Vendor


class KnownError(NamedTuple):
    """An error of some providers.

    Attributes:
        words: Texts that the error contains as whole words, in lower case. One of them is enough.
        hint: What to do, in one line.
        path: The path of the issuer, if only that distinguishes the provider from others with the same words.
    """

    vendors: tuple[Vendor, ...]
    words: tuple[str, ...]
    hint: str
    path: str = ""


def said_by_provider(*words: str) -> tuple[str, ...]:
    """Return the words of a provider. `make pages` leaves them out of the list of this program's messages."""
    return words


REGISTRATION = {
    Vendor.OKTA: "in Okta: Applications > the app > General > Sign-in redirect URIs",
    Vendor.OKTA_ORG: "in Okta: Applications > the app > General > Sign-in redirect URIs",
    Vendor.ENTRA: "in Entra: App registrations > the app > Authentication > Mobile and desktop applications",
    Vendor.ENTRA_B2C: "in Azure AD B2C: App registrations > the app > Authentication > Mobile and desktop applications",
    Vendor.KEYCLOAK: "in Keycloak: Clients > the client > Settings > Valid redirect URIs",
    Vendor.GOOGLE: "at Google: an OAuth client of the type Desktop app takes any port; other types list Authorized redirect URIs",
    Vendor.AUTH0: "in Auth0: Applications > the app > Settings > Allowed Callback URLs",
    Vendor.COGNITO: "in Cognito: App clients > the client > Login pages > Allowed callback URLs",
    Vendor.GITLAB: "in GitLab: Applications > the application > Redirect URI",
}
"""Where each provider's settings have the redirect URIs of a client."""
