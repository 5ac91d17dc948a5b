"""The JWT Bearer grant, with a provider of the test: what is sent, and how the response is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.authentication.grants.jwt_bearer import sign_in_with_platform_token
from kubectl_oidc.errors import IdTokenError, InvalidGrant, UsageError
from kubectl_oidc.oidc.client import ClientAuthentication
from kubectl_oidc.oidc.platform_token import PlatformToken
from kubectl_oidc.oidc.token_response import JWT_BEARER
from tests.hostile import Hostile, json_reply
from tests.sign_ins import SECRET, Desk
from tests.tokens import NOW, id_token
from tests.topics import about

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubectl_oidc.oidc.tokens import Tokens

TOKEN = id_token(
    claims={"iss": "https://platform.example", "sub": "job", "aud": "idp", "exp": NOW + 60}
).reveal()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    platform = ClientAuthentication(token=PlatformToken(path=tmp_path / "token"))
    with (
        Hostile() as server,
        Desk(server, settings={"grant": "jwt-bearer", "client_authentication": platform}) as desk,
    ):
        yield desk


def sign_in(desk: Desk) -> Tokens:
    return sign_in_with_platform_token(desk.sign_in)


def test_the_token_is_the_assertion(desk: Desk) -> None:
    """RFC 7523 §2.1, with the scopes. Extra parameters go along, and replace no reserved one."""
    reserved = ("grant_type", "assertion", "scope", "client_id", "client_assertion", "client_assertion_type")
    desk.settings["extra_params"] = (("resource", "kube"), *((name, "evil") for name in reserved))
    tokens = sign_in(desk)
    assert desk.asked("/token") == [
        {
            "grant_type": JWT_BEARER,
            "resource": "kube",
            "assertion": TOKEN,
            "scope": "openid email",
            "client_id": "kubernetes",
        }
    ]
    assert tokens.id_token.subject == "00u1"
    assert tokens.refresh_token is not None


def test_the_client_proves_who_it_is_beside_it(desk: Desk) -> None:
    """By its secret, as at every request (RFC 7521 §4.1); the platform's token is sent once."""
    desk.settings["client_authentication"] = desk.settings["client_authentication"]._replace(secret=SECRET)
    sign_in(desk)
    assert "authorization" in desk.server.asked[1].headers
    assert "client_assertion" not in desk.asked("/token")[0]


def test_an_echo_of_the_token_is_not_shown(desk: Desk) -> None:
    """Neither in the error nor in the log; its issuer, subject and audience are."""
    echo = {"error": "invalid_grant", "error_description": f"this is no good: {TOKEN}"}
    desk.server.on("/token", json_reply(echo, 400))
    with pytest.raises(
        InvalidGrant, check=about("invalid-grant", "https://platform.example", '"job"', '"idp"')
    ) as caught:
        sign_in(desk)
    assert TOKEN not in caught.value.message + caught.value.hint + desk.everything_said()


def test_without_an_id_token_the_flag_is_named(desk: Desk) -> None:
    """The access token is used only with that flag."""
    desk.server.on("/token", desk.tokens(id_token=...))
    with pytest.raises(IdTokenError, check=about("client-credentials", "--oidc-use-access-token")):
        sign_in(desk)
    desk.settings["use_access_token"] = True
    assert sign_in(desk).access_token is not None


def test_what_holds_no_token_is_refused_before_anything_is_sent(desk: Desk, tmp_path: Path) -> None:
    """Not even the metadata is asked for."""
    (tmp_path / "token").write_text("MARKED")
    with pytest.raises(UsageError, check=about("client-assertion-file", "--oidc-client-assertion-file")):
        sign_in(desk)
    assert desk.server.asked == []


def test_an_id_token_is_validated(desk: Desk) -> None:
    """As after every other grant."""
    desk.server.on("/token", desk.tokens(id_token="a.b.c"))
    with pytest.raises(IdTokenError):
        sign_in(desk)
