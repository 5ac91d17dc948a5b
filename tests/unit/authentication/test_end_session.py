"""Sign-out at the provider: its address, and why the browser could not be opened."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from kubectl_oidc.authentication.end_session import end_session_url, send_browser
from kubectl_oidc.authentication.request import BrowserOptions, RedirectOptions, SignInRequest
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.loopback.listen_address import ListenAddress
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.stores import SessionStorage
from kubectl_oidc.system.system import System

ENDPOINT = "https://issuer.example.com/logout?tenant=a"
TOKEN = Secret("an-id-token")


def request(**changes: object) -> SignInRequest:
    values = {"issuer": "https://issuer.example.com", "client_id": "kubernetes", "tls": TlsOptions()}
    return SignInRequest(**{**values, "storage": SessionStorage(cache_dir=Path("cache")), **changes})  # type: ignore[arg-type]


def test_the_address_names_client_and_person() -> None:
    url = urlsplit(end_session_url(ENDPOINT, request(), TOKEN))
    assert url.path == "/logout"
    assert parse_qsl(url.query) == [
        ("tenant", "a"),
        ("client_id", "kubernetes"),
        ("id_token_hint", "an-id-token"),
    ]


def test_the_address_that_is_printed_has_no_token() -> None:
    assert "id_token_hint" not in end_session_url(ENDPOINT, request(), None)


def test_cognito_gets_what_its_logout_endpoint_asks_for() -> None:
    """Cognito needs client_id with logout_uri, or with redirect_uri and the parameters of its sign-in page. A callback URL is already registered."""
    cognito = request(
        issuer="https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab1",
        scopes=("openid", "email"),
        redirect=RedirectOptions(listen_addresses=(ListenAddress("127.0.0.1", 8000),)),
    )
    assert parse_qsl(urlsplit(end_session_url(ENDPOINT, cognito, TOKEN)).query) == [
        ("tenant", "a"),
        ("client_id", "kubernetes"),
        ("response_type", "code"),
        ("redirect_uri", "http://localhost:8000"),
        ("scope", "openid email"),
    ]
    registered = cognito._replace(redirect=RedirectOptions(url="https://corp.example/callback"))
    assert "redirect_uri=https%3A%2F%2Fcorp.example%2Fcallback" in end_session_url(ENDPOINT, registered, None)


def test_no_browser_is_opened_where_none_may_be() -> None:
    skipped = send_browser(ENDPOINT, request(browser=BrowserOptions(open=False)), System(), TOKEN)
    assert (skipped or "").startswith("--skip-open-browser ")
    no_display = System(environ={"PATH": ""})
    assert send_browser(ENDPOINT, request(), no_display, TOKEN)


def test_a_browser_that_cannot_be_started_is_said() -> None:
    missing = request(browser=BrowserOptions(command="no-such-browser"))
    assert (send_browser(ENDPOINT, missing, System(), TOKEN) or "").startswith('"no-such-browser" ')
