"""The provider's end of session: the address, and why a browser could not be sent there."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from kubectl_oidc.end_session import end_session_url, send_browser
from kubectl_oidc.http import TlsOptions
from kubectl_oidc.secret import Secret
from kubectl_oidc.token_request import TokenRequest, World

ENDPOINT = "https://issuer.example.com/logout?tenant=a"
TOKEN = Secret("an-id-token")


def request(**changes: object) -> TokenRequest:
    values = {"issuer": "https://issuer.example.com", "client_id": "kubernetes", "tls": TlsOptions()}
    return TokenRequest(**{**values, "cache_dir": Path("cache"), **changes})  # type: ignore[arg-type]


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


def test_no_browser_is_opened_where_none_may_be() -> None:
    assert (
        send_browser(ENDPOINT, request(open_browser=False), World(), TOKEN) == "--skip-open-browser was given"
    )
    no_display = World(environ={"PATH": ""})
    assert send_browser(ENDPOINT, request(), no_display, TOKEN)


def test_a_browser_that_cannot_be_started_is_said() -> None:
    missing = request(browser_command="no-such-browser")
    assert send_browser(ENDPOINT, missing, World(), TOKEN) == '"no-such-browser" is not found'
