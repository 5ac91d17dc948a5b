"""What providers answer, in their own words, leads to the place in their settings; unknown words stay unexplained."""

from __future__ import annotations

import pytest

from kubectl_oidc.diagnosis.issuers import Vendor
from kubectl_oidc.diagnosis.refusals import REFUSALS, REGISTRATION, explain, registration
from kubectl_oidc.grants.attempt import refused
from kubectl_oidc.loopback import Answer
from kubectl_oidc.token_response import refusal

OKTA = "https://corp.okta.com/oauth2/default"
OKTA_ORG = "https://corp.okta.com"
ENTRA = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
KEYCLOAK = "https://sso.example.com/realms/corp"
GOOGLE = "https://accounts.google.com"
AUTH0 = "https://corp.eu.auth0.com/"


@pytest.mark.parametrize(
    ("issuer", "code", "description", "hint"),
    [
        (OKTA, "access_denied", "User is not assigned to the client application.", "Assignments"),
        (
            OKTA,
            "access_denied",
            "Policy evaluation failed for this request, please check the policy configurations.",
            "Access Policies",
        ),
        (OKTA_ORG, "invalid_scope", "Custom scopes are not allowed for this request", "/oauth2/ID"),
        (
            OKTA_ORG,
            "invalid_scope",
            "One or more scopes are not configured for the authorization server resource.",
            "org authorization server",
        ),
        (
            OKTA,
            "invalid_scope",
            "One or more scopes are not configured for the authorization server resource.",
            "Scopes: add",
        ),
        (
            OKTA,
            "invalid_request",
            "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings: https://corp-admin.okta.com/",
            "Sign-in redirect URIs",
        ),
        (
            OKTA,
            "unauthorized_client",
            "The client is not authorized to use the provided grant type. Configured grant types: [implicit].",
            "Grant type",
        ),
        (OKTA, "invalid_grant", "The refresh token is invalid or expired.", "access policy"),
        (
            OKTA,
            "invalid_request",
            "PKCE code challenge is required when the token endpoint authentication method is 'NONE'.",
            "--oidc-pkce-method",
        ),
        (ENTRA, "invalid_request", "AADSTS50011: The redirect URI …", "Mobile and desktop applications"),
        (ENTRA, "access_denied", "AADSTS50105: Your administrator …", "Users and groups"),
        (ENTRA, "consent_required", "AADSTS65001: The user or administrator …", "consent"),
        (ENTRA, "unauthorized_client", "AADSTS700016: Application with identifier …", "--oidc-client-id"),
        (ENTRA, "invalid_client", "AADSTS7000218: The request body must …", "public client flows"),
        (ENTRA, "invalid_client", "AADSTS700025: Client is public …", "leave out the client secret"),
        (ENTRA, "access_denied", "AADSTS53003: Access has been blocked …", "Conditional Access"),
        (ENTRA, "invalid_grant", "AADSTS700082: The refresh token has expired …", "sign in again"),
        (KEYCLOAK, "invalid_scope", "Invalid scopes: openid groups", "Client scopes"),
        (KEYCLOAK, "unauthorized_client", "Client not allowed for direct access grants", "Direct access"),
        (
            KEYCLOAK,
            "unauthorized_client",
            "Client is not allowed to initiate browser login with given response_type. Standard flow is disabled for the client.",
            "Standard flow on",
        ),
        (KEYCLOAK, "invalid_client", "Invalid client or Invalid client credentials", "realm"),
        (KEYCLOAK, "invalid_grant", "Session not active", "Sessions"),
        (GOOGLE, "invalid_request", "client_secret is missing.", "--oidc-client-secret-file"),
        (GOOGLE, "org_internal", None, "organisation"),
        (
            AUTH0,
            "unauthorized_client",
            "Grant type 'refresh_token' not allowed for the client.",
            "Grant Types",
        ),
        (AUTH0, "invalid_request", "no connections enabled for the client", "Connections"),
    ],
)
def test_a_providers_own_words_are_explained(
    issuer: str, code: str, description: str | None, hint: str
) -> None:
    """After the browser and at the token endpoint alike; what the provider said stays in the message."""
    assert hint in explain(issuer, code, description)
    browser = refused(Answer(None, code, description), "http://localhost:8000", issuer)
    document = {"error": code, "error_description": description}
    token = refusal(
        document, "authorization_code", [], endpoint="token endpoint", invalid_client="who", issuer=issuer
    )
    for error in (browser, token):
        assert hint in error.hint
        assert code in error.message


@pytest.mark.parametrize(
    ("issuer", "code", "description"),
    [
        (OKTA, "access_denied", "The resource owner denied the request."),
        (KEYCLOAK, "access_denied", "User is not assigned to the client application."),
        (ENTRA, "invalid_request", "AADSTS500112: another number"),
        (ENTRA, None, None),
        ("https://idp.example.com", "access_denied", "AADSTS50011"),
        ("no url [", "access_denied", "x"),
    ],
)
def test_what_is_not_known_is_not_explained(issuer: str, code: str | None, description: str | None) -> None:
    """Another provider's words, a longer number, nothing: the standard's hint stays."""
    assert explain(issuer, code, description) == ""


def test_the_standards_hint_stays_where_nothing_is_known() -> None:
    """An error of a provider that nobody has heard of."""
    error = refused(Answer(None, "access_denied", "no"), "http://localhost:8000", "https://idp.example.com")
    assert "assigned to the application" in error.hint


def test_where_redirect_uris_are_registered() -> None:
    """For each provider that is known, and for no other."""
    assert set(REGISTRATION) == set(Vendor) - {Vendor.OTHER}
    assert "Sign-in redirect URIs" in registration(OKTA)
    assert registration("https://idp.example.com") == ""


def test_the_table_is_written_as_it_is_searched() -> None:
    """In small letters, each row for somebody, and its hint one line that ends without a full stop."""
    for row in REFUSALS:
        assert row.vendors
        assert row.words
        assert all(words == words.casefold() for words in row.words)
        assert "\n" not in row.hint
        assert not row.hint.endswith(".")
