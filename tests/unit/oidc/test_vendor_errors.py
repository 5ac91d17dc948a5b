"""The errors of known providers lead to the right place in their settings. Other errors get no explanation."""

from __future__ import annotations

import pytest

from kubectl_oidc.authentication.grants.authorization_request import sign_in_refused
from kubectl_oidc.loopback.authorization_response import AuthorizationResponse
from kubectl_oidc.oidc.error_hints import SentRequest, error_hint as choose
from kubectl_oidc.oidc.known_errors import self_hosted
from kubectl_oidc.oidc.known_errors.known_error import REGISTRATION
from kubectl_oidc.oidc.token_response import oauth_error
from kubectl_oidc.oidc.vendor_errors import KNOWN_ERRORS, redirect_uri_settings, vendor_hint
from kubectl_oidc.oidc.vendors import Vendor, vendor_of
from tests.topics import told_apart

OKTA = "https://corp.okta.com/oauth2/default"
OKTA_ORG = "https://corp.okta.com"
ENTRA = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
KEYCLOAK = "https://sso.example.com/realms/corp"
GOOGLE = "https://accounts.google.com"
AUTH0 = "https://corp.eu.auth0.com/"
ENTRA_CHINA = "https://login.partner.microsoftonline.cn/11111111-2222-3333-4444-555555555555/v2.0"
CIAM = "https://11111111-2222-3333-4444-555555555555.ciamlogin.com/11111111-2222-3333-4444-555555555555/v2.0"
B2C = "https://corp.b2clogin.com/tfp/11111111-2222-3333-4444-555555555555/b2c_1_susi/v2.0/"
COGNITO = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI"
DEX = "https://dex.example.com/dex"
RANCHER = "https://rancher.example.com/oidc"


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
            "https://ORG.okta.com",
        ),
        (
            OKTA,
            "invalid_scope",
            "One or more scopes are not configured for the authorization server resource.",
            "> Scopes",
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
        (
            OKTA,
            "invalid_request",
            "PKCE code challenge is required when the token endpoint authentication method is 'NONE'.",
            "--oidc-pkce-method",
        ),
        (ENTRA, "invalid_request", "AADSTS50011: The redirect URI …", "Mobile and desktop applications"),
        (ENTRA, "access_denied", "AADSTS50105: Your administrator …", "Users and groups"),
        (ENTRA, "consent_required", "AADSTS65001: The user or administrator …", "Permissions"),
        (ENTRA, "unauthorized_client", "AADSTS700016: Application with identifier …", "--oidc-client-id"),
        (ENTRA, "access_denied", "AADSTS53003: Access has been blocked …", "Conditional Access"),
        (
            ENTRA,
            "invalid_client",
            "AADSTS650053: The application 'k8s' asked for scope 'groups' that …",
            "Token configuration",
        ),
        (
            ENTRA,
            "interaction_required",
            "AADSTS50076: Due to a configuration change …",
            "--grant-type=password",
        ),
        (ENTRA, "invalid_grant", "AADSTS50079: Due to a configuration change …", "--grant-type=password"),
        (ENTRA_CHINA, "invalid_client", "AADSTS7000215: Invalid client secret …", "Certificates & secrets"),
        (CIAM, "invalid_request", "AADSTS50011: The redirect URI …", "Mobile and desktop applications"),
        (
            B2C,
            "invalid_request",
            "AADB2C90117: The scope 'groups' provided in request is not supported.",
            "--oidc-extra-scope",
        ),
        (COGNITO, "invalid_request", "invalid_scope", "OpenID Connect scopes"),
        (COGNITO, "unauthorized_client", None, "OAuth grant types"),
        (COGNITO, "invalid_client", "invalid_client_secret", "--oidc-client-id"),
        (DEX, "invalid_scope", 'Unrecognized scope(s) ["roles"]', "Dex"),
        (
            DEX,
            "invalid_scope",
            'Client can\'t request scope(s) ["audience:server:client_id:api"]',
            "trustedPeers",
        ),
        (
            DEX,
            "invalid_request",
            "clientID k8s refresh token (ID x) is invalid or has already been claimed by another client.",
            "expiry.refreshTokens",
        ),
        (RANCHER, "invalid_scope", "invalid scope: email", "Rancher"),
        (RANCHER, "server_error", "OIDC client not found: <nil>", "OIDCClient"),
        (RANCHER, "invalid_request", "redirect_uri http://localhost:8000 is not registered", "redirectURIs"),
        (
            KEYCLOAK,
            "not_allowed",
            "Offline tokens not allowed for the user or client",
            "Role mapping",
        ),
        (KEYCLOAK, "invalid_scope", "Invalid scopes: openid groups", "Client scopes"),
        (KEYCLOAK, "unauthorized_client", "Client not allowed for direct access grants", "Direct access"),
        (
            KEYCLOAK,
            "unauthorized_client",
            "Client is not allowed to initiate browser login with given response_type. Standard flow is disabled for the client.",
            "Standard flow",
        ),
        (KEYCLOAK, "invalid_client", "Invalid client or Invalid client credentials", "Client authentication"),
        (KEYCLOAK, "invalid_grant", "Session not active", "Sessions"),
        (GOOGLE, "invalid_request", "client_secret is missing.", "--oidc-client-secret-file"),
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
    """By the names in the provider's settings, and flags."""
    assert hint in vendor_hint(issuer, code, description)
    assert_explained(issuer, code, description)


@pytest.mark.parametrize(
    ("issuer", "code", "description", "row"),
    [
        (OKTA, "invalid_grant", "The refresh token is invalid or expired.", "invalid or expired"),
        (ENTRA, "invalid_client", "AADSTS7000218: The request body must …", "aadsts7000218"),
        (ENTRA, "invalid_client", "AADSTS700025: Client is public …", "aadsts700025"),
        (ENTRA, "invalid_grant", "AADSTS700082: The refresh token has expired …", "aadsts700082"),
        (ENTRA, "invalid_grant", "AADSTS50139: Session not valid …", "aadsts50139"),
        (ENTRA, "invalid_grant", "AADSTS70000: Provided grant is invalid …", "aadsts70000"),
        (B2C, "access_denied", "AADB2C90091: The user has cancelled …", "aadb2c90091"),
        (RANCHER, "access_denied", "Rancher token no longer present.", "rancher token no longer present"),
        (GOOGLE, "org_internal", None, "org_internal"),
    ],
)
def test_a_hint_without_a_name_of_its_own_is_the_one_in_the_row_of_the_providers_words(
    issuer: str, code: str, description: str | None, row: str
) -> None:
    """Such a hint names no setting and no flag that others do not name."""
    (hint,) = [
        hint
        for words, hint in KNOWN_ERRORS[vendor_of(issuer)].items()
        if any(each.endswith(row) for each in words)
    ]
    assert vendor_hint(issuer, code, description) == hint
    assert_explained(issuer, code, description)


def assert_explained(issuer: str, code: str, description: str | None) -> None:
    """In the browser's answer and at the token endpoint. The message keeps the provider's words."""
    hint = vendor_hint(issuer, code, description)
    assert hint
    browser = sign_in_refused(
        AuthorizationResponse(None, code, description), SentRequest(issuer=issuer, came_by_browser=True)
    )
    document = {"error": code, "error_description": description}
    token = oauth_error(
        document,
        "authorization_code",
        [],
        endpoint="token endpoint",
        invalid_client="who",
        sent=SentRequest(issuer=issuer),
    )
    for error in (browser, token):
        assert hint in error.hint
        assert code in error.message
        assert description is None or description.split()[0] in error.message


@pytest.mark.parametrize(
    ("issuer", "code", "description"),
    [
        (OKTA, "access_denied", "The resource owner denied the request."),
        (KEYCLOAK, "access_denied", "User is not assigned to the client application."),
        (ENTRA, "invalid_request", "AADSTS500112: another number"),
        (ENTRA, None, None),
        ("https://idp.example.com", "access_denied", "AADSTS50011"),
        ("https://idp.example.com", "invalid_request", "the client is not registered"),
        ("https://idp.example.com", "invalid_scope", "invalid scope: email"),
        ("https://idp.example.com", "invalid_request", "Refresh token expired."),
        ("no url [", "access_denied", "x"),
    ],
)
def test_what_is_not_known_is_not_explained(issuer: str, code: str | None, description: str | None) -> None:
    """Another provider's words or a longer number are not explained."""
    assert vendor_hint(issuer, code, description) == ""


SCOPES = {"scopes": ("openid", "email", "groups", "api://app/read"), "scopes_supported": ("openid", "email")}
BLAMED = ("redirect", "PKCE", "--prompt", "client authentication")


@pytest.mark.parametrize(
    ("issuer", "code", "description"),
    [
        (DEX, "invalid_scope", None),
        (COGNITO, "invalid_request", "invalid_scope"),
        (
            ENTRA,
            "invalid_client",
            "AADSTS650053: The application 'k8s' asked for scope 'groups' that doesn't exist",
        ),
        ("https://idp.example.com", "server_error", "Unknown Scopes requested"),
        ("https://idp.example.com", "invalid_request", "scope is not supported"),
    ],
)
def test_scopes_that_the_provider_does_not_list_are_named(
    issuer: str, code: str, description: str | None
) -> None:
    """By the metadata's scopes_supported, which never lists scopes of an API."""
    sent = SentRequest(issuer=issuer, **SCOPES)  # type: ignore[arg-type]
    said = choose(code, description, sent, "see the redirect URI")
    assert "--oidc-extra-scope" in said
    assert " groups" in said
    assert not any(words in said for words in BLAMED)


def test_where_every_scope_is_listed_none_is_called_unlisted() -> None:
    """The client may not be allowed to use them. The hint names them, and mentions offline_access."""
    scopes = ("openid", "email", "offline_access")
    said = choose("invalid_scope", None, SentRequest(issuer=DEX, scopes=scopes, scopes_supported=scopes), "")
    assert "metadata" not in said
    assert "email, offline_access" in said
    assert choose("invalid_scope", None, SentRequest(issuer=DEX, scopes=("openid",)), "") != ""


@pytest.mark.parametrize(
    ("grant", "parameters", "blamed"),
    [
        ("refresh_token", {"refresh_token": "x"}, ["client authentication"]),
        (
            "authorization_code",
            {"code": "x", "redirect_uri": "http://localhost:8000"},
            ["redirect", "client authentication"],
        ),
        (
            "authorization_code",
            {"code": "x", "redirect_uri": "http://localhost:8000", "code_verifier": "x"},
            ["redirect", "PKCE", "client authentication"],
        ),
    ],
)
def test_a_hint_names_only_what_was_sent(grant: str, parameters: dict[str, str], blamed: list[str]) -> None:
    """A refresh has no redirect URI. Without PKCE, PKCE is not mentioned."""
    sent = SentRequest(
        issuer=DEX, parameters=tuple(parameters), redirect_uri=parameters.get("redirect_uri", "")
    )
    document = {"error": "invalid_request"}
    error = oauth_error(document, grant, [], endpoint="token endpoint", invalid_client="who", sent=sent)
    assert [words for words in BLAMED if words in error.hint] == blamed


def test_the_description_tells_redirect_uri_and_pkce_apart() -> None:
    """At unknown providers, by common words."""
    there = SentRequest(
        issuer="https://idp.example.com", parameters=("code_verifier",), redirect_uri="http://localhost:8000"
    )
    wrong_uri = choose("invalid_grant", "Invalid redirect_uri", there, "other")
    assert "http://localhost:8000" in wrong_uri
    assert "S256" in choose("invalid_request", "code_challenge_method is not supported", there, "other")
    left_out = SentRequest(issuer="https://idp.example.com")
    assert "--oidc-pkce-method=no" in choose("invalid_request", "PKCE is required", left_out, "other")
    assert choose("invalid_request", "something", left_out, "other") == "other"


def test_the_standards_hint_stays_where_nothing_is_known() -> None:
    """An error of an unknown provider."""
    assigned = AuthorizationResponse(None, "access_denied", "User is not assigned to the client application.")
    elsewhere = SentRequest(issuer="https://idp.example.com")
    known = sign_in_refused(assigned, SentRequest(issuer=OKTA)).hint
    standard = sign_in_refused(AuthorizationResponse(None, "access_denied", None), elsewhere).hint
    told_apart({"known": [known], "standard": [standard, sign_in_refused(assigned, elsewhere).hint]})


def test_where_redirect_uris_are_registered() -> None:
    """Only for known providers."""
    assert set(REGISTRATION) == set(Vendor) - {Vendor.OTHER}
    assert "Sign-in redirect URIs" in redirect_uri_settings(OKTA)
    assert redirect_uri_settings("https://idp.example.com") == ""


def test_the_tables_are_written_as_they_are_searched() -> None:
    """Their words are in lower case, and each hint is one line without a full stop."""
    rows = [row for table in (*KNOWN_ERRORS.values(), self_hosted.RANCHER) for row in table.items()]
    for words, hint in rows:
        assert words
        assert all(each == each.casefold() for each in words)
        assert "\n" not in hint
        assert not hint.endswith(".")
