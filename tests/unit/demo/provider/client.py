"""A browser without cookies, and a native application that signs in to the demo's provider."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, ProxyHandler, Request, build_opener

import jwt
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from kubectl_oidc.system.deadline import Deadline

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

    from kubectl_oidc.demo.provider.server import Provider
    from kubectl_oidc.http.client import HttpClient

ALICE = "alice@example.com"
REDIRECT_URI = "http://localhost:8000"
VERIFIER = "v" * 43


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
