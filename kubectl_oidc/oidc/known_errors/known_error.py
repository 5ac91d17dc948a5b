"""What the tables of the vendors share: how a row names a provider's words, and where redirect URIs are registered."""

from __future__ import annotations

from kubectl_oidc.oidc.vendors import Vendor


def said_by_provider(*words: str) -> tuple[str, ...]:
    """Return texts, in lower case, of which an error has one as whole words. `make pages` does not list them as messages."""
    return words


REGISTRATION = {
    Vendor.OKTA: "in Okta: Applications > the app > General > Sign-in redirect URIs",
    Vendor.OKTA_ORG: "in Okta: Applications > the app > General > Sign-in redirect URIs",
    Vendor.ENTRA: "in Entra: App registrations > the app > Authentication > Mobile and desktop applications",
    Vendor.ENTRA_B2C: "in Azure AD B2C: App registrations > the app > Authentication > Mobile and desktop applications",
    Vendor.KEYCLOAK: "in Keycloak: Clients > the client > Settings > Valid redirect URIs",
    Vendor.GOOGLE: "at Google: a client of the type Desktop app allows any port; other types have Authorized redirect URIs",
    Vendor.AUTH0: "in Auth0: Applications > the app > Settings > Allowed Callback URLs",
    Vendor.COGNITO: "in Cognito: App clients > the client > Login pages > Allowed callback URLs",
    Vendor.GITLAB: "in GitLab: Applications > the application > Redirect URI",
}
"""Where each provider's settings have the redirect URIs of a client."""
