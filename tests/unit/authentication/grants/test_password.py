"""The password grant, with a provider of the test: what is sent, asked, and never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from kubectl_oidc.authentication.grants.password import _ask_credentials, sign_in_with_password
from kubectl_oidc.errors import IdTokenError, InvalidGrant, ProviderUnreachable, SignInError, SignInPaused
from kubectl_oidc.oidc.error_hints import SentRequest
from kubectl_oidc.oidc.token_response import oauth_error
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from tests.hostile import Hostile, hang_up, json_reply
from tests.sign_ins import WITH_SECRET, Desk, Keys
from tests.topics import about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.oidc.tokens import Tokens

PASSWORD = Secret("SECRET p&ss=wörd+%")


@pytest.fixture
def desk() -> Iterator[Desk]:
    with (
        Hostile() as server,
        Desk(server, settings={"grant": "password", "username": "ada", "password": PASSWORD}) as desk,
    ):
        yield desk


def sign_in(desk: Desk) -> Tokens:
    return sign_in_with_password(desk.sign_in)


def test_name_and_password_are_sent_once(desk: Desk) -> None:
    """RFC 6749 §4.3.2: with the scopes and the client authentication. The ID token is validated."""
    tokens = sign_in(desk)
    assert desk.asked("/token") == [
        {
            "grant_type": "password",
            "username": "ada",
            "password": PASSWORD.reveal(),
            "scope": "openid email",
            "client_id": "kubernetes",
        }
    ]
    assert tokens.id_token.subject == "00u1"
    assert tokens.refresh_token == Secret("SECRET-refresh-token")


def test_a_confidential_client_authenticates_itself(desk: Desk) -> None:
    """RFC 6749 §2.3.1."""
    desk.settings["client_authentication"] = WITH_SECRET
    sign_in(desk)
    assert "authorization" in desk.server.asked[1].headers


def hint_of_a_refused(grant: str) -> str:
    """Return the hint for ``invalid_grant`` from a provider that is not known, when this grant was requested."""
    return oauth_error(
        {"error": "invalid_grant"},
        grant,
        [],
        endpoint="token endpoint",
        invalid_client="",
        sent=SentRequest(issuer="https://idp.example.com"),
    ).hint


def test_nothing_secret_is_said(desk: Desk) -> None:
    """Neither the password nor a token, at -v 9, in errors and in a repr."""
    sign_in(desk)
    words = f"SECRET wrong: {PASSWORD.reveal()}"
    desk.server.on("/token", json_reply({"error": "invalid_grant", "error_description": words}, 400))
    with pytest.raises(InvalidGrant) as caught:
        sign_in(desk)
    assert PASSWORD.reveal() not in caught.value.message
    assert "p&ss" not in desk.everything_said() + caught.value.message
    assert "SECRET" not in desk.everything_said() + repr(desk.request)
    assert caught.value.hint == hint_of_a_refused("password")
    assert caught.value.hint != hint_of_a_refused("refresh_token")


def test_a_refused_password_is_remembered(desk: Desk) -> None:
    """Even without a question to the user, because providers lock an account after a few wrong passwords."""
    desk.server.on("/token", json_reply({"error": "invalid_grant"}, 400))
    with pytest.raises(InvalidGrant):
        sign_in(desk)
    with pytest.raises(SignInPaused):
        desk.failures.check("setup")


def test_a_provider_that_is_down_is_not(desk: Desk) -> None:
    """The next call tries again at once. The request itself is not repeated."""
    desk.server.on("/token", hang_up)
    with pytest.raises(ProviderUnreachable):
        sign_in(desk)
    desk.failures.check("setup")
    assert len(desk.asked("/token")) == 1


def test_an_answer_without_an_id_token_is_refused(desk: Desk) -> None:
    """The scope openid requires one."""
    desk.server.on("/token", desk.tokens(id_token=...))
    with pytest.raises(IdTokenError):
        sign_in(desk)


@pytest.mark.parametrize("missing", ["password", "username"])
def test_what_is_missing_is_named_where_nobody_can_be_asked(desk: Desk, missing: str) -> None:
    """Without a terminal there is no token request, and no failed sign-in is recorded."""
    desk.settings[missing] = None if missing == "password" else ""
    with pytest.raises(SignInError, check=about("no-terminal", "--username", "KUBECTL_OIDC_PASSWORD")):
        sign_in(desk)
    assert desk.asked("/token") == []
    desk.failures.check("setup")


@pytest.mark.parametrize(
    ("given", "typed", "asked"),
    [
        ({}, ["ada", "word"], [("", True), ("ada {host}", False)]),
        ({"username": "bob"}, ["word"], [("bob {host}", False)]),
        ({"password": PASSWORD}, ["ada"], [("", True)]),
    ],
)
def test_what_is_not_given_is_asked_for(
    desk: Desk, given: dict[str, object], typed: list[str], asked: list[tuple[str, bool]]
) -> None:
    """The name is shown while it is typed, the password is not. The user reads why."""
    desk.settings = {"grant": "password", **given}
    keys, host = Keys(*typed), urlsplit(desk.server.url).hostname
    who = _ask_credentials(desk.sign_in, keys, Deadline.after(5))  # type: ignore[arg-type]
    assert who == (given.get("username", "ada"), given.get("password", Secret("word")))
    assert [shown for _, shown in keys.asked] == [shown for _, shown in asked]
    for (said, _), (names, _) in zip(keys.asked, asked, strict=True):
        assert [name for name in names.format(host=host).split() if name not in said] == []
        assert said.endswith(": ")
    (line,) = desk.terminal.said
    assert str(host) in line
    assert "first use" in line
