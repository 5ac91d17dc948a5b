"""The Client Credentials grant, with a provider of the test: what is sent, and how the response is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.authentication.grants.client_credentials import sign_in_as_client
from kubectl_oidc.errors import IdTokenError, OAuthErrorResponse, OidcLoginError
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.session import Session
from tests.hostile import Hostile, json_reply
from tests.sign_ins import WITH_SECRET, Desk
from tests.tokens import CLIENT_ID, NOW
from tests.topics import about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.oidc.tokens import Tokens

INVALID_SCOPE = json_reply({"error": "invalid_scope"}, 400)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with (
        Hostile() as server,
        Desk(server, settings={"grant": "client-credentials", "client_authentication": WITH_SECRET}) as desk,
    ):
        yield desk


def sign_in(desk: Desk) -> Tokens:
    return sign_in_as_client(desk.sign_in)


def test_scopes_and_extra_parameters_go_along(desk: Desk) -> None:
    """RFC 6749 §4.4.2, and kubelogin's --oidc-auth-request-extra-params. They replace no reserved parameter."""
    desk.settings["extra_params"] = (
        ("audience", "kube"),
        ("body", "a&b=c"),
        *((name, "evil") for name in ("grant_type", "scope", "client_id", "client_secret")),
        ("client_assertion", "evil"),
        ("client_assertion_type", "evil"),
    )
    sign_in(desk)
    assert desk.asked("/token") == [
        {"grant_type": "client_credentials", "audience": "kube", "body": "a&b=c", "scope": "openid email"}
    ]
    assert "authorization" in desk.server.asked[1].headers


def test_an_id_token_is_validated_and_the_refresh_token_is_let_go(desk: Desk) -> None:
    """If the provider returns one. RFC 6749 §4.4.3: a refresh token is not needed."""
    tokens = sign_in(desk)
    assert (tokens.id_token.subject, tokens.refresh_token) == ("00u1", None)
    desk.server.on("/token", desk.tokens(id_token="a.b.c"))
    with pytest.raises(IdTokenError):
        sign_in(desk)


def test_without_an_id_token_the_flag_is_named(desk: Desk) -> None:
    """The access token is used only with that flag."""
    desk.server.on("/token", desk.tokens(id_token=...))
    with pytest.raises(IdTokenError, check=about("client-credentials", "--oidc-use-access-token")):
        sign_in(desk)


def test_the_access_token_is_handed_out_and_kept(desk: Desk) -> None:
    """With --oidc-use-access-token, the session belongs to the client, expires with the token, and can be stored."""
    desk.settings["use_access_token"] = True
    desk.server.on("/token", desk.tokens(id_token=...))
    tokens = sign_in(desk)
    begun = Session.begin("0" * 32, tokens, generation=1, now=NOW)
    assert begun.token() == Secret("SECRET-access-token")
    assert (begun.person, begun.expiry, begun.refresh_token) == (CLIENT_ID, NOW + 600, None)
    assert Session.parse(begun.record(), "0" * 32) == begun


def test_without_any_token_it_is_an_error(desk: Desk) -> None:
    """The ID token does not replace the access token."""
    desk.settings["use_access_token"] = True
    desk.server.on("/token", desk.tokens(access_token=...))
    with pytest.raises(OidcLoginError, check=about("no-access-token")):
        sign_in(desk)


@pytest.mark.parametrize(
    ("scopes", "second"), [(("openid",), None), (("openid", "x/.default"), "x/.default")]
)
def test_openid_is_left_out_after_a_refusal(desk: Desk, scopes: tuple[str, ...], second: str | None) -> None:
    """Okta and Entra ID refuse it here. Nothing was issued, so a second request is safe."""
    desk.settings.update(use_access_token=True, scopes=scopes)
    desk.server.on("/token", INVALID_SCOPE, desk.tokens(id_token=...))
    sign_in(desk)
    assert [form.get("scope") for form in desk.asked("/token")] == [" ".join(scopes), second]
    assert [form["grant_type"] for form in desk.asked("/token")] == ["client_credentials"] * 2


def test_no_other_refusal_is_answered_with_a_second_request(desk: Desk) -> None:
    """If the ID token is used, the scope openid stays."""
    desk.settings["use_access_token"] = True
    desk.server.on("/token", json_reply({"error": "unauthorized_client"}, 400))
    with pytest.raises(OAuthErrorResponse) as caught:
        sign_in(desk)
    assert "Client Credentials" in caught.value.hint
    desk.settings["use_access_token"] = False
    desk.server.on("/token", INVALID_SCOPE)
    with pytest.raises(OAuthErrorResponse):
        sign_in(desk)
    assert len(desk.asked("/token")) == 2


def test_nothing_secret_is_said(desk: Desk) -> None:
    """Neither the client's secret nor a token, at -v 9."""
    sign_in(desk)
    assert "SECRET" not in desk.everything_said()
