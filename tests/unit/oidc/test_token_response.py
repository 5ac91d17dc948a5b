"""What the token endpoint says: tokens, or an error in words that may be shown."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import InvalidGrant, InvalidProviderResponse, OAuthErrorResponse
from kubectl_oidc.oidc.error_hints import SentRequest
from kubectl_oidc.oidc.token_response import TokenResponse, oauth_error, token_response
from kubectl_oidc.secret import Secret
from tests.arbitrary import TEXT, is_one_plain_line, members, or_refused
from tests.tokens import ISSUER
from tests.topics import told_apart

WHAT = "the answer"


def read(**members: object) -> TokenResponse:
    return token_response({"id_token": "a.b.c", "access_token": "at", **members}, WHAT)


def refusal(document: dict[str, object]) -> str:
    """Return the message about an answer without an error that is refused."""
    with pytest.raises(InvalidProviderResponse) as caught:
        token_response(document, WHAT)
    return caught.value.message


NO_TOKEN = refusal({})
NOT_A_BEARER = refusal({"access_token": "at", "token_type": "DPoP"})


def refused(code: object, description: object = None, **options: object) -> OAuthErrorResponse:
    settings_ = {
        "grant_type": "refresh_token",
        "secrets": [],
        "endpoint": "token endpoint",
        "invalid_client": "who are you",
        "sent": SentRequest(issuer=ISSUER),
        **options,
    }
    return oauth_error({"error": code, "error_description": description}, **settings_)  # type: ignore[arg-type]


def test_a_whole_answer_is_read() -> None:
    """RFC 6749 §5.1 and the ID token of Core 3.1.3.3."""
    assert token_response(
        {
            "id_token": "a.b.c",
            "access_token": "at~+/=",
            "refresh_token": "rt",
            "expires_in": 3600,
            "scope": "openid email",
            "token_type": "Bearer",
            "something_else": [1],
        },
        WHAT,
    ) == TokenResponse(Secret("a.b.c"), Secret("at~+/="), Secret("rt"), 3600, "openid email", "Bearer", None)
    assert TokenResponse() == TokenResponse(None, None, None, None, None, None, None)


def test_its_tokens_are_hidden() -> None:
    """No token is in the ``repr``."""
    shown = repr(read(id_token="SECRET1", access_token="SECRET2", refresh_token="SECRET3"))
    assert "SECRET" not in shown


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (3600, 3600),
        (0, 0),
        (3599.9, 3599),
        ("3600", 3600),
        (" 3600 ", 3600),
        ("3600.5", 3600),
        (None, None),
        (-1, None),
        ("-1", None),
        (True, None),
        (False, None),
        ("", None),
        ("soon", None),
        ("NaN", None),
        ("inf", None),
        (float("inf"), None),
        (float("nan"), None),
        (10**400, None),
        ("9" * 400, None),
        (10 * 365 * 24 * 3600, 315_360_000),
        (10 * 365 * 24 * 3600 + 1, None),
        ([3600], None),
        ({"seconds": 3600}, None),
    ],
)
def test_a_lifetime_is_a_bounded_number_of_seconds_or_none(value: object, seconds: int | None) -> None:
    """Some providers write ``expires_in`` as a string. Anything else counts as missing."""
    assert read(expires_in=value).expires_in == seconds


@given(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)
)
def test_no_lifetime_is_an_error(said: object) -> None:
    """The result is a bounded integer or None."""
    seconds = read(expires_in=said).expires_in
    assert seconds is None or 0 <= seconds <= 10 * 365 * 24 * 3600


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER", None])
def test_bearer_is_written_in_any_case(kind: str | None) -> None:
    """RFC 6749 §5.1: case does not matter. Some providers leave the type out."""
    assert read(token_type=kind).token_type == kind


@pytest.mark.parametrize("kind", ["DPoP", "mac", "", 1, ["Bearer"]])
def test_a_token_that_is_not_for_a_bearer_is_refused(kind: object) -> None:
    """Those are the only ones that kubectl can send."""
    with pytest.raises(InvalidProviderResponse, match=re.escape(NOT_A_BEARER)):
        read(token_type=kind)


@pytest.mark.parametrize("name", ["an id_token", "an access_token", "a refresh_token"])
@pytest.mark.parametrize(
    "value", ["SECRET\n", "SECRET\x00", "SECRET\x1b[31m", "SECRETü", 1, ["SECRET"], {}, True]
)
def test_what_is_no_token_is_refused_and_not_repeated(name: str, value: object) -> None:
    """RFC 6749 Appendix A: a token is visible ASCII. Anything else could break a header."""
    with pytest.raises(InvalidProviderResponse, match=name.split()[1]) as caught:
        read(**{name.split()[1]: value})
    assert caught.value.hint
    assert "SECRET" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_token_is_none(empty: object) -> None:
    """Null and "" count as missing, because some providers write them."""
    response = read(refresh_token=empty, id_token=empty)
    assert (response.refresh_token, response.id_token) == (None, None)


def test_an_exchanged_token_need_not_be_a_bearer_token() -> None:
    """RFC 8693 §2.2.1: N_A if it is not an access token, and only if the answer names its type."""
    kind = "urn:ietf:params:oauth:token-type:jwt"
    answer = read(token_type="N_A", issued_token_type=kind)
    assert (answer.token_type, answer.issued_token_type) == ("N_A", kind)
    assert read(token_type="Bearer", issued_token_type=kind).token_type == "Bearer"
    for nothing in (None, 7, ""):
        with pytest.raises(InvalidProviderResponse, match=re.escape(NOT_A_BEARER)):
            read(token_type="N_A", issued_token_type=nothing)


@pytest.mark.parametrize("document", [{}, {"refresh_token": "rt"}, {"id_token": "", "access_token": None}])
def test_an_answer_without_any_token_is_refused(document: dict[str, object]) -> None:
    """Status 200 without a token is an error."""
    assert refusal(document) == NO_TOKEN
    told_apart({"no token": [NO_TOKEN], "not a bearer token": [NOT_A_BEARER]})


@pytest.mark.parametrize("scope", [["openid"], 1, None])
def test_a_scope_that_is_no_text_counts_as_not_said(scope: object) -> None:
    """The scope is only information."""
    assert read(scope=scope).scope is None


# Errors


GRANTS = (
    "refresh_token",
    "authorization_code",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
)


@pytest.mark.parametrize("grant", GRANTS)
def test_invalid_grant_is_its_own_error(grant: str) -> None:
    """Only this error leads to a new sign-in."""
    error = refused("invalid_grant", "expired", grant_type=grant)
    assert isinstance(error, InvalidGrant)
    assert error.code == "invalid_grant"
    assert "invalid_grant: expired" in error.message


def test_each_grant_has_its_words_for_invalid_grant() -> None:
    """The message names what was rejected, and what is to be done depends on that."""
    errors = {grant: refused("invalid_grant", grant_type=grant) for grant in GRANTS}
    told_apart({grant: [error.message] for grant, error in errors.items()})
    told_apart({grant: [error.hint] for grant, error in errors.items()})


@pytest.mark.parametrize(
    "code", ["invalid_grant ", "Invalid_Grant", "INVALID_GRANT", "invalid_grants", "expired"]
)
def test_nothing_else_is_invalid_grant(code: str) -> None:
    """Apart from surrounding white space the code must be equal, because invalid_grant ends the session."""
    assert isinstance(refused(code), InvalidGrant) is (code.strip() == "invalid_grant")


def test_each_code_has_its_hint() -> None:
    """By the meaning of the code in RFC 6749 §5.2. A code of another standard has a hint too."""
    codes = (
        "unauthorized_client",
        "invalid_scope",
        "unsupported_grant_type",
        "invalid_request",
        "use_dpop_nonce",
    )
    errors = {code: refused(code) for code in ("invalid_client", *codes)}
    assert {type(error) for error in errors.values()} == {OAuthErrorResponse}
    assert [error.code for error in errors.values()] == list(errors)
    told_apart({code: [error.hint] for code, error in errors.items()})
    assert "who are you" in errors["invalid_client"].hint
    assert "Refresh Token" in errors["unauthorized_client"].hint


@pytest.mark.parametrize("code", [{"code": 400}, ["invalid_grant"], 7, True, "\x1b\x07", "\u202e"])
def test_an_error_without_a_readable_code_is_an_error_still(code: object) -> None:
    """Some providers send an object. It is not shown."""
    error = refused(code)
    assert error.code
    assert "invalid_grant" not in error.message
    assert not isinstance(error, InvalidGrant)


def test_the_providers_words_are_made_plain_and_short() -> None:
    """No escape sequence, one line, bounded length."""
    error = refused("temporarily\x1b[31m", "gone\r\nerror: forged \x9b2J" + "x" * 5000)
    assert "(temporarily [31m: gone error: forged 2Jx" in error.message
    assert len(error.message) < 400
    assert f"({'c' * 59}…: {'d' * 199}…)" in refused("c" * 61, "d" * 201).message
    assert f"({'c' * 60}: {'d' * 200})" in refused("c" * 60, "d" * 200).message


@pytest.mark.parametrize(
    "endpoint",
    ["token endpoint", "device authorization endpoint", "pushed authorization request endpoint"],
)
def test_the_message_names_the_request(endpoint: str) -> None:
    """By the name of the endpoint."""
    error = refused("bad", endpoint=endpoint)
    assert endpoint.removesuffix(" endpoint") in error.message
    assert "request request" not in error.message


@pytest.mark.parametrize("description", [None, "", 7, ["SECRET"], {"SECRET": 1}])
def test_a_description_that_is_no_text_is_left_out(description: object) -> None:
    """Then only the code is shown."""
    assert refused("access_denied", description).message.endswith("(access_denied)")


@pytest.mark.parametrize(
    "echo",
    [
        "rt-SECRET+/=",
        "the token rt-SECRET+/= has ended",
        "rt-SECRET+/=rt-SECRET+/=",
        "rt-SECRET%2B%2F%3D",
        "body: grant_type=refresh_token&refresh_token=rt-SECRET%2B%2F%3D&client_id=x",
    ],
)
@pytest.mark.parametrize("where", ["error", "error_description"])
def test_what_was_sent_is_not_shown_again(echo: str, where: str) -> None:
    """If the provider repeats the refresh token in its error, it is not shown, encoded or not."""
    error = oauth_error(
        {"error": "bad", where: echo},
        "refresh_token",
        ["rt-SECRET+/=", "client-pass"],
        endpoint="token endpoint",
        sent=SentRequest(issuer=ISSUER),
        invalid_client="",
    )
    assert "SECRET" not in error.message + error.hint + error.code
    assert "[hidden]" in error.message


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40),
    st.text(max_size=30),
    st.text(max_size=30),
)
def test_no_secret_survives_whatever_stands_around_it(secret: str, before: str, after: str) -> None:
    """Secrets are replaced before the text is cut, so that no half of one remains."""
    description = "." * 190 + before + "\0" + secret + "\0" + after
    error = refused("bad", description, secrets=[secret])
    assert secret not in error.message
    assert not {unicodedata.category(c) for c in error.message} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def test_a_secret_that_is_no_text_is_hidden_too() -> None:
    """An argument that is not UTF-8 contains half a surrogate pair."""
    assert refused("bad", "no SECRET\udcff here", secrets=["SECRET\udcff"]).message.endswith(
        "(bad: no [hidden] here)"
    )


def test_a_very_short_secret_hides_nothing() -> None:
    """A password of one letter would hide that letter everywhere."""
    assert refused("bad", "a password", secrets=["a", "pas", ""]).message.endswith("(bad: a password)")
    assert refused("bad", "a password", secrets=["pass"]).message.endswith("(bad: a [hidden]word)")


@given(
    members(
        "id_token", "access_token", "refresh_token", "expires_in", "scope", "token_type", "issued_token_type"
    )
)
def test_any_document_is_tokens_or_a_misbehaving_provider(document: dict[str, object]) -> None:
    """An accepted token is valid in a header and in a form. Nothing of a refused answer is repeated."""
    with or_refused(InvalidProviderResponse):
        read_ = token_response(document, WHAT)
        tokens = [
            token.reveal() for token in (read_.id_token, read_.access_token, read_.refresh_token) if token
        ]
        assert tokens
        assert all(token.isascii() and token.isprintable() for token in tokens)


@given(members("error", "error_description", "error_uri"), TEXT)
def test_any_refusal_is_said_in_plain_words(document: dict[str, object], secret: str) -> None:
    """The provider's words become one line without the secrets of the request."""
    error = oauth_error(
        document,
        "refresh_token",
        [secret],
        endpoint="token endpoint",
        invalid_client="who are you",
        sent=SentRequest(issuer=ISSUER),
    )
    assert is_one_plain_line(f"{error.message} {error.hint}")


@pytest.mark.parametrize(
    ("code", "description"),
    [
        ("access_denied", "User is not assigned to the client application."),
        ("User is not assigned to the client application.", None),
        ("invalid_grant", "User is not assigned to the client application."),
    ],
)
def test_a_known_provider_leads_to_its_own_settings(code: str, description: str | None) -> None:
    """By code or description. The same words of another provider do not lead to Okta's settings."""
    okta = "https://corp.okta.com/oauth2/default"
    assert "Assign" in refused(code, description, sent=SentRequest(issuer=okta)).hint
    assert "Okta" not in refused(code, description).hint
