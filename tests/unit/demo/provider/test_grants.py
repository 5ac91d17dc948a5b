"""The grants of the demo's provider: codes, PKCE, refresh tokens, revocation, claims."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

import jwt
import pytest

from kubectl_oidc.demo.provider.people import ADMINS
from kubectl_oidc.demo.provider.server import Provider
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.system.log import QUIET

if TYPE_CHECKING:
    from kubectl_oidc.demo.authority import Authority

from tests.unit.demo.provider.client import ALICE, Client, browser, sign_in, visit


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
