"""The demo's OpenID provider, over real HTTP and TLS."""

from __future__ import annotations

import http.server
import json
import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, ProxyHandler, Request, build_opener

import jwt
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.provider.people import ADMINS
from kubectl_oidc.demo.provider.server import Provider
from kubectl_oidc.demo.scripted_person import PersonWithoutBrowser
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from urllib.request import OpenerDirector

ALICE = "alice@example.com"
REDIRECT_URI = "http://localhost:8000"
VERIFIER = "v" * 43


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def provider(authority: Authority) -> Iterator[Provider]:
    with Provider(authority) as running:
        yield running


@pytest.fixture
def client(authority: Authority, provider: Provider) -> Iterator[Client]:
    http = HttpClient(tls=TlsOptions(ca_data=(authority.pem,)), log=QUIET)
    yield Client(http, provider)
    http.close()


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def browser() -> OpenerDirector:
    """Return a browser that has no cookies yet and shows redirects instead of following them."""
    return build_opener(ProxyHandler({}), HTTPCookieProcessor(), _NoRedirect())


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser got."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def answer(self) -> dict[str, str]:
        """The query of where the browser is sent."""
        return {
            name: values[0] for name, values in parse_qs(urlsplit(self.headers["location"]).query).items()
        }


def visit(opener: OpenerDirector, url: str, fields: dict[str, str] | None = None, **headers: str) -> Page:
    """Open a URL, or post a form to it."""
    body = None if fields is None else urlencode(fields).encode()
    try:
        request = Request(url, data=body, headers=headers)  # noqa: S310 - the demo's own http URL
        with opener.open(request, timeout=20) as response:
            return Page(
                response.status, {k.lower(): v for k, v in response.headers.items()}, response.read().decode()
            )
    except HTTPError as error:
        with error:
            return Page(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read().decode())


class Client:
    """A native application that knows the provider by its issuer."""

    def __init__(self, http: HttpClient, provider: Provider) -> None:
        self.http = http
        self.issuer = provider.issuer
        self.metadata = self.get(f"{provider.issuer}/.well-known/openid-configuration")

    def get(self, url: str) -> dict[str, Any]:
        response = self.http.get(url, deadline=Deadline.after(20))
        assert response.status == 200
        document: dict[str, Any] = json.loads(response.body)
        return document

    def post(self, endpoint: str, **fields: str) -> tuple[int, dict[str, Any]]:
        response = self.http.post_form(
            self.metadata[endpoint], [*{"client_id": "demo", **fields}.items()], deadline=Deadline.after(20)
        )
        return response.status, json.loads(response.body)

    def authorization_url(self, **changes: str | None) -> str:
        fields: dict[str, str | None] = {
            "client_id": "demo",
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": "openid email profile offline_access",
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": create_s256_code_challenge(VERIFIER),
            "code_challenge_method": "S256",
            **changes,
        }
        query = urlencode({name: value for name, value in fields.items() if value is not None})
        return f"{self.metadata['authorization_endpoint']}?{query}"

    def code(self, opener: OpenerDirector | None = None, **changes: str | None) -> str:
        """Return the code that comes back to a browser where alice signs in."""
        return sign_in(opener or browser(), self.authorization_url(**changes)).answer["code"]

    def exchange(self, code: str, **changes: str) -> tuple[int, dict[str, Any]]:
        fields = {"code": code, "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, **changes}
        return self.post("token_endpoint", grant_type="authorization_code", **fields)

    def tokens(self, **changes: str | None) -> dict[str, Any]:
        status, tokens = self.exchange(self.code(None, **changes))
        assert status == 200
        return tokens

    def refresh(self, refresh_token: str) -> tuple[int, dict[str, Any]]:
        return self.post("token_endpoint", grant_type="refresh_token", refresh_token=refresh_token)

    def claims(self, id_token: str) -> dict[str, Any]:
        [key] = self.get(self.metadata["jwks_uri"])["keys"]
        assert jwt.get_unverified_header(id_token)["kid"] == key["kid"]
        claims: dict[str, Any] = jwt.decode(
            id_token, jwt.PyJWK(key).key, algorithms=["RS256"], audience="demo", issuer=self.issuer
        )
        return claims


def sign_in(opener: OpenerDirector, url: str, email: str = ALICE) -> Page:
    """Open an authorization request, press the button of ``email``, and return where the browser is sent."""
    page = visit(opener, url)
    assert page.status == 200
    form = page.text.split('name="form" value="')[1].split('"')[0]
    action = page.text.split('action="')[1].split('"')[0].replace("&amp;", "&")
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    back = visit(opener, origin + action, {"form": form, "email": email})
    assert back.status == 303
    return visit(opener, origin + back.headers["location"])


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


def test_code_and_pkce_give_an_id_token(client: Client) -> None:
    """With the email address, and the groups that begin with eks-."""
    answer = sign_in(browser(), client.authorization_url()).answer
    assert answer["state"] == "the-state"
    assert answer["iss"] == client.issuer
    status, tokens = client.exchange(answer["code"])
    assert status == 200
    assert tokens["expires_in"] == 3600
    claims = client.claims(tokens["id_token"])
    assert claims["email"] == ALICE
    assert claims["email_verified"] is True
    assert claims["groups"] == [ADMINS]
    assert claims["nonce"] == "the-nonce"
    assert claims["exp"] - claims["iat"] == 3600


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
    "changes",
    [{"code_challenge": None}, {"code_challenge_method": "plain"}, {"code_challenge_method": None}],
)
def test_pkce_with_s256_is_required(client: Client, changes: dict[str, str | None]) -> None:
    """RFC 9700 §2.1.1: rejected before anybody signs in."""
    page = visit(browser(), client.authorization_url(**changes))
    assert page.answer["error"] == "invalid_request"
    assert "S256" in page.answer["error_description"]


def test_wrong_verifier_is_refused(client: Client) -> None:
    """RFC 7636 §4.6."""
    status, answer = client.exchange(client.code(), code_verifier="w" * 43)
    assert status == 400
    assert answer["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "uri", ["http://localhost:8000", "http://localhost:18000", "http://127.0.0.1:51234/", "http://[::1]:7"]
)
def test_loopback_redirect_on_any_port_is_registered(client: Client, uri: str) -> None:
    """RFC 8252 §7.3."""
    assert visit(browser(), client.authorization_url(redirect_uri=uri)).status == 200


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


def test_without_offline_access_there_is_no_refresh_token(client: Client) -> None:
    """OpenID Connect Core 11."""
    assert "refresh_token" not in client.tokens(scope="openid email")
    assert "refresh_token" in client.tokens()


def test_refresh_rotates_and_reuse_ends_the_family(client: Client) -> None:
    """RFC 9700 §4.14.2: a second use ends every token of the sign-in."""
    first = client.tokens()["refresh_token"]
    status, answer = client.refresh(first)
    assert status == 200
    second = answer["refresh_token"]
    assert second != first
    assert client.claims(answer["id_token"])["email"] == ALICE
    assert client.refresh(first) == (400, {"error": "invalid_grant"})
    assert client.refresh(second) == (400, {"error": "invalid_grant"})


def test_a_code_is_valid_once_and_reuse_ends_the_family(client: Client) -> None:
    """RFC 6749 §4.1.2."""
    code = client.code()
    _, tokens = client.exchange(code)
    status, answer = client.exchange(code)
    assert status == 400
    assert answer["error"] == "invalid_grant"
    assert client.refresh(tokens["refresh_token"])[0] == 400


def test_a_refresh_token_is_redeemed_once_by_twenty_concurrent_requests(client: Client) -> None:
    """Checking and marking is one step."""
    token = client.tokens()["refresh_token"]
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(client.refresh(token)[0])) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(statuses) == [200] + [400] * 19


def test_a_revoked_refresh_token_is_invalid(client: Client) -> None:
    """RFC 7009: revocation ends the family; an unknown token is not an error."""
    token = client.tokens()["refresh_token"]
    assert client.post("revocation_endpoint", token=token)[0] == 200
    assert client.refresh(token) == (400, {"error": "invalid_grant"})
    assert client.post("revocation_endpoint", token=secrets.token_hex())[0] == 200


def test_a_person_outside_the_group_gets_no_groups_claim(provider: Provider, client: Client) -> None:
    """Groups are the current ones, after a refresh too."""
    tokens = client.tokens()
    provider.directory.leave(ALICE, ADMINS)
    _, tokens = client.refresh(tokens["refresh_token"])
    assert "groups" not in client.claims(tokens["id_token"])
    provider.directory.join(ALICE, ADMINS)
    assert client.claims(client.tokens()["id_token"])["groups"] == [ADMINS]


def test_the_lifetime_of_tokens_is_configurable(authority: Authority) -> None:
    """ID and access token live as long as the provider is told."""
    with Provider(authority, lifetime=120) as provider:
        http = HttpClient(tls=TlsOptions(ca_data=(authority.pem,)), log=QUIET)
        client = Client(http, provider)
        tokens = client.tokens()
        http.close()
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 120
    assert tokens["expires_in"] == 120


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
    with pytest.raises(ValueError, match="not http on this machine"):
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
