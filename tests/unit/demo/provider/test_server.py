"""The endpoints and pages of the demo's provider."""

from __future__ import annotations

import http.server
import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from kubectl_oidc.demo.scripted_person import PersonWithoutBrowser

if TYPE_CHECKING:
    from pathlib import Path

from tests.unit.demo.provider.client import (
    ALICE,
    Client,
    browser,
    sign_in,
    visit,
)


def test_metadata_and_keys_are_served_over_tls_without_the_private_key(client: Client) -> None:
    """Only the sign-in page is plain http, on loopback."""
    metadata = client.metadata
    assert metadata["issuer"] == client.issuer
    assert client.issuer.startswith("https://127.0.0.1:")
    assert metadata["authorization_endpoint"].startswith("http://127.0.0.1:")
    for endpoint in ("token_endpoint", "jwks_uri", "revocation_endpoint"):
        assert metadata[endpoint].startswith("https://127.0.0.1:")
    [key] = client.get(metadata["jwks_uri"])["keys"]
    assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key)


def test_a_signed_in_person_is_redirected_at_once(client: Client) -> None:
    """The browser is remembered."""
    opener = browser()
    client.code(opener)
    again = visit(opener, client.authorization_url(state="second"))
    assert again.status == 302
    assert again.answer["state"] == "second"


def test_prompt_login_and_sign_out_show_the_page_again(client: Client) -> None:
    """So that somebody else can sign in."""
    opener = browser()
    client.code(opener)
    page = sign_in(opener, client.authorization_url(prompt="login"), "bob@example.com")
    _, tokens = client.exchange(page.answer["code"])
    assert client.claims(tokens["id_token"])["email"] == "bob@example.com"
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(client.metadata["authorization_endpoint"]))
    assert "Signed out" in visit(opener, f"{origin}/sign-out").text
    assert visit(opener, client.authorization_url()).status == 200


def test_prompt_none_without_a_person_is_login_required(client: Client) -> None:
    """OpenID Connect Core 3.1.2.6. The error also names the issuer (RFC 9207)."""
    answer = visit(browser(), client.authorization_url(prompt="none")).answer
    assert answer["error"] == "login_required"
    assert answer["state"] == "the-state"
    assert answer["iss"] == client.issuer


@pytest.mark.parametrize(
    "uri",
    [
        "https://localhost:8000",
        "http://localhost:8000/callback",
        "http://localhost.example.com:8000",
        "http://alice@localhost:8000",
        "http://localhost:99999",
        'http://localhost:8000/?a="ü',
    ],
)
def test_other_redirect_uris_are_shown_as_an_error_and_not_followed(client: Client, uri: str) -> None:
    """RFC 6749 §4.1.2.1: there is no redirect to an unregistered URI."""
    page = visit(browser(), client.authorization_url(redirect_uri=uri))
    assert page.status == 400
    assert "location" not in page.headers
    assert "Sign-in not possible" in page.text


def test_unknown_client_is_shown_as_an_error(client: Client) -> None:
    """RFC 6749 §4.1.2.1."""
    page = visit(browser(), client.authorization_url(client_id="other"))
    assert page.status == 400
    assert "The client does not exist on this server." in page.text


def test_tokens_are_not_issued_over_plain_http(client: Client) -> None:
    """Only the sign-in page is plain http."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(client.metadata["authorization_endpoint"]))
    assert visit(browser(), f"{origin}/token", {"grant_type": "authorization_code"}).status == 404


def test_a_forged_form_signs_nobody_in(client: Client) -> None:
    """Against login CSRF by another site."""
    opener = browser()
    page = visit(opener, client.authorization_url())
    action = page.text.split('action="')[1].split('"')[0].replace("&amp;", "&")
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(client.metadata["authorization_endpoint"]))
    assert visit(opener, origin + action, {"form": "guessed", "email": ALICE}).status == 400
    assert visit(opener, client.authorization_url()).status == 200


def test_a_foreign_host_name_is_rejected(client: Client) -> None:
    """Against DNS rebinding."""
    assert visit(browser(), client.authorization_url(), Host="attacker.example").status == 400


def test_pages_run_nothing_and_load_nothing(client: Client) -> None:
    """Their policy allows only their own style. They are not cached."""
    page = visit(browser(), client.authorization_url(state='"><script>alert(1)</script>'))
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "Sign in as alice@example.com" in page.text


def test_person_without_browser_signs_in_and_is_remembered(client: Client, tmp_path: Path) -> None:
    """With the same cookies the button is pressed only once."""
    with callback() as (uri, queries):
        for state in ("one", "two"):
            page = PersonWithoutBrowser(tmp_path / "cookies").open(
                client.authorization_url(redirect_uri=uri, state=state)
            )
            assert page == "done"
    assert [query["state"] for query in queries] == ["one", "two"]
    opener = browser()
    assert visit(opener, client.authorization_url()).status == 200


def test_person_without_browser_requests_only_this_computer(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"http://example\.com "):
        PersonWithoutBrowser(tmp_path / "cookies").open("http://example.com/")


class callback:  # noqa: N801 - used as a function
    """An application's loopback server: notes the queries that browsers bring."""

    def __enter__(self) -> tuple[str, list[dict[str, str]]]:
        queries: list[dict[str, str]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                queries.append({k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()})
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"done")

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://localhost:{self.server.server_port}", queries

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
