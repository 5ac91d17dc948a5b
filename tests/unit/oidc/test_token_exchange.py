"""A token for another audience: what is asked for, and what is believed of the answer (RFC 8693)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.authentication.accept import accept
from kubectl_oidc.errors import InvalidGrant, InvalidProviderResponse, OAuthErrorResponse, OidcLoginError
from kubectl_oidc.oidc.token_exchange import GRANT_TYPE, TokenExchange
from kubectl_oidc.oidc.token_response import TokenResponse, token_response
from kubectl_oidc.oidc.tokens import OPAQUE_SECONDS, Tokens
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.session import Session
from kubectl_oidc.system.deadline import Deadline
from tests.hostile import Hostile, json_reply
from tests.sign_ins import WITH_SECRET, Desk
from tests.tokens import ABSENT, CLIENT_ID, NOW, good_claims, id_token, jwks, signing_key
from tests.topics import about, told_apart

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPE = "urn:ietf:params:oauth:token-type:"
AUDIENCE = "cluster-b"
SUBJECT = Secret("SECRET-subject")


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Hostile() as server, Desk(server, settings={"exchange": TokenExchange(AUDIENCE)}) as desk:
        yield desk


def token(desk: Desk, **claims: object) -> Secret:
    """Return a token for the other audience, or what these claims make of it."""
    whole = {"iss": desk.server.url, "aud": AUDIENCE, "azp": CLIENT_ID, "exp": NOW + 900, **claims}
    return id_token(claims=good_claims(**whole))


def answers(desk: Desk, exchanged: Secret, **members: object) -> None:
    """Have the exchange answered with a token; a member that is ``...`` is left out."""
    whole = {
        "access_token": exchanged.reveal(),
        "issued_token_type": f"{TYPE}id_token",
        "token_type": "N_A",
        **members,
    }
    desk.server.on("/token", json_reply({name: value for name, value in whole.items() if value is not ...}))


def signed_in(desk: Desk, access_token: Secret | None = SUBJECT) -> Tokens:
    """Return the tokens of a sign-in whose access token is exchanged."""
    own = id_token(claims=good_claims(iss=desk.server.url))
    response = TokenResponse(id_token=own, access_token=access_token, refresh_token=Secret("rt"))
    return accept(response, desk.provider, desk.request, deadline=Deadline.after(5), now=NOW)


def refused(desk: Desk) -> OidcLoginError:
    """Return the error, which must not contain a token."""
    with pytest.raises(OidcLoginError) as caught:
        signed_in(desk)
    assert "SECRET" not in caught.value.message + caught.value.hint
    return caught.value


def test_the_access_token_is_the_subject(desk: Desk) -> None:
    """§2.1: each parameter once, ``scope`` only if there are scopes."""
    answers(desk, token(desk))
    signed_in(desk)
    assert desk.asked("/token") == [
        {
            "grant_type": GRANT_TYPE,
            "subject_token": "SECRET-subject",
            "subject_token_type": f"{TYPE}access_token",
            "requested_token_type": f"{TYPE}id_token",
            "audience": AUDIENCE,
            "client_id": CLIENT_ID,
        }
    ]
    desk.settings["exchange"] = TokenExchange(AUDIENCE, "jwt", ("groups", "allow-b"))
    signed_in(desk)
    last = desk.asked("/token")[-1]
    assert (last["requested_token_type"], last["scope"]) == (f"{TYPE}jwt", "groups allow-b")


def test_the_exchanged_token_is_handed_out_and_the_session_stays_the_sign_ins(desk: Desk) -> None:
    """Its expiry counts. The session keeps issuer, subject and audience of the ID token, which later refreshes must match."""
    exchanged = token(desk)
    answers(desk, exchanged, refresh_token="not ours")
    tokens = signed_in(desk)
    assert (tokens.access_token, tokens.expiry) == (exchanged, NOW + 900)
    assert tokens.id_token.audience == (CLIENT_ID,)
    assert tokens.refresh_token == Secret("rt")
    assert exchanged.reveal() not in repr(tokens)


@pytest.mark.parametrize("asked", ["id_token", "jwt"])
@pytest.mark.parametrize("issued", ["id_token", "jwt"])
@pytest.mark.parametrize("token_type", ["N_A", "Bearer"])
def test_a_jwt_by_either_name_is_validated(desk: Desk, asked: str, issued: str, token_type: str) -> None:
    """Pinniped issues jwt, Keycloak id_token. Both are ID tokens for another audience."""
    desk.settings["exchange"] = TokenExchange(AUDIENCE, asked)
    answers(desk, token(desk), issued_token_type=TYPE + issued, token_type=token_type)
    assert signed_in(desk).access_token
    answers(desk, token(desk, aud="elsewhere"), issued_token_type=TYPE + issued, token_type=token_type)
    assert '"elsewhere"' in refused(desk).message


@pytest.mark.parametrize(
    "claims",
    [
        {"azp": ABSENT},
        {"azp": AUDIENCE},
        {"aud": [CLIENT_ID, AUDIENCE]},
        {"aud": [CLIENT_ID, AUDIENCE], "azp": ABSENT},
        {"nonce": "of the sign-in"},
    ],
)
def test_the_audience_counts_whatever_azp_says(desk: Desk, claims: dict[str, Any]) -> None:
    """Keycloak keeps the client in aud and azp, others write neither."""
    answers(desk, token(desk, **claims))
    assert signed_in(desk).access_token


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"aud": CLIENT_ID}, CLIENT_ID),
        ({"aud": ["cluster-bb", "cluster"]}, "cluster-bb"),
        ({"azp": "somebody"}, "azp"),
        ({"iss": "https://evil.example.com"}, '"https://evil.example.com"'),
        ({"exp": NOW - 3600}, "UTC"),
        ({"sub": "another"}, '"00u1"'),
        ({"sub": ""}, "sub"),
    ],
)
def test_a_token_that_is_not_what_was_asked_for_is_not_handed_out(
    desk: Desk, claims: dict[str, Any], words: str
) -> None:
    """Casdoor 4.7.0, for example, answers with the client's own audience."""
    answers(desk, token(desk, **claims))
    error = refused(desk)
    assert isinstance(error, InvalidProviderResponse)
    assert words in error.message
    assert error.topic == ("clock" if "exp" in claims else "token-exchange")


def test_a_token_with_a_forged_signature_is_not_handed_out(desk: Desk) -> None:
    """Even after the key set is fetched again."""
    stranger = signing_key("RS256", "key-1", bits=3072)
    answers(desk, id_token(stranger, claims=good_claims(iss=desk.server.url, aud=AUDIENCE)))
    assert '"key-1"' in refused(desk).message


def test_after_a_key_rotation_the_key_set_is_fetched_again(desk: Desk) -> None:
    """As for ID tokens."""
    new = signing_key("RS256", "key-2")
    desk.server.on("/keys", json_reply(jwks(signing_key())), json_reply(jwks(signing_key(), new)))
    answers(desk, id_token(new, claims=good_claims(iss=desk.server.url, aud=AUDIENCE)))
    assert signed_in(desk).access_token


@pytest.mark.parametrize(
    "issued", [..., None, 7, "", f"{TYPE}access_token", f"{TYPE}refresh_token", "id_token2"]
)
def test_the_type_must_be_the_one_that_was_asked_for(desk: Desk, issued: object) -> None:
    """§2.2.1: issued_token_type is required."""
    answers(desk, token(desk), issued_token_type=issued, token_type="Bearer")
    assert f"{TYPE}id_token" in refused(desk).message


def test_an_answer_without_the_token(desk: Desk) -> None:
    """§2.2.1: the exchanged token is in access_token, whatever its type."""
    answers(desk, token(desk), access_token=..., id_token=token(desk).reveal())
    message = refused(desk).message
    assert f"{TYPE}id_token" in message
    assert f'"{TYPE}' not in message, "no type was answered wrongly"


def test_a_token_for_no_bearer_is_refused(desk: Desk) -> None:
    """The API server accepts only bearer tokens."""
    answers(desk, token(desk), token_type="DPoP")
    with pytest.raises(InvalidProviderResponse) as caught:
        token_response({"access_token": "at", "token_type": "DPoP"}, "")
    assert refused(desk).message.endswith(caught.value.message)


@pytest.mark.parametrize(("expires_in", "seconds"), [(60, 60), (..., OPAQUE_SECONDS)])
def test_an_access_token_is_not_looked_into(desk: Desk, expires_in: object, seconds: int) -> None:
    """Its expiry is ``expires_in``, as with --oidc-use-access-token."""
    desk.settings["exchange"] = TokenExchange(AUDIENCE, "access_token")
    kind = f"{TYPE}access_token"
    answers(desk, Secret("opaque"), issued_token_type=kind, token_type="Bearer", expires_in=expires_in)
    tokens = signed_in(desk)
    assert (tokens.access_token, tokens.expiry) == (Secret("opaque"), NOW + seconds)
    answers(desk, Secret("opaque"), issued_token_type=f"{TYPE}jwt")
    assert kind in refused(desk).message


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("unsupported_grant_type", "RFC 8693"),
        ("unauthorized_client", "--oidc-client-secret"),
        ("access_denied", "RFC 8693"),
        ("invalid_target", "--oidc-token-exchange-audience"),
        ("invalid_scope", "--oidc-token-exchange-scope"),
        ("invalid_request", "--oidc-token-exchange-type"),
        ("invalid_client", "--oidc-client-id"),
        ("invalid_grant", "--oidc-token-exchange-audience"),
    ],
)
def test_a_refusal_is_an_error_and_no_new_sign_in(desk: Desk, code: str, hint: str) -> None:
    """A new sign-in would not help, whatever the code. The subject token is not shown."""
    desk.server.on("/token", json_reply({"error": code, "error_description": "no SECRET-subject here"}, 400))
    error = refused(desk)
    assert isinstance(error, OAuthErrorResponse)
    assert not isinstance(error, InvalidGrant)
    assert error.code == code
    assert AUDIENCE in error.message
    assert hint in error.hint


def test_the_hint_mentions_metadata_without_the_grant(desk: Desk) -> None:
    """The exchange is tried first, because some providers do not list the grant."""
    desk.metadata(grant_types_supported=["authorization_code"])
    answers(desk, token(desk))
    assert signed_in(desk).access_token
    desk.server.on("/token", json_reply({"error": "unsupported_grant_type"}, 400))
    unlisted = refused(desk).hint
    desk.metadata(grant_types_supported=["authorization_code", GRANT_TYPE])
    told_apart({"listed": [refused(desk).hint], "not listed": [unlisted]})


def test_without_an_access_token_there_is_nothing_to_exchange(desk: Desk) -> None:
    """No request is sent."""
    with pytest.raises(OidcLoginError, check=about("token-exchange", "--oidc-token-exchange-audience")):
        signed_in(desk, None)
    assert desk.asked("/token") == []


def test_a_client_authenticates(desk: Desk) -> None:
    """§2.1: as for any other token request."""
    desk.settings["client_authentication"] = WITH_SECRET
    answers(desk, token(desk))
    signed_in(desk)
    assert [
        asked.headers.get("authorization", "")[:6] for asked in desk.server.asked if asked.path == "/token"
    ] == ["Basic "]


def test_the_order_of_its_scopes_makes_no_other_session() -> None:
    """The session's identity has each scope once, sorted."""
    assert (
        TokenExchange("b", "jwt", ("x", "y")).identity() == TokenExchange("b", "jwt", ("y", "x")).identity()
    )


def test_no_id_token_is_needed_for_an_exchange(desk: Desk) -> None:
    """The access token is exchanged, and the validated new token names the person."""
    answers(desk, token(desk, sub="00u9", email="eve@example.com"))
    response = TokenResponse(access_token=SUBJECT, refresh_token=Secret("rt"))
    tokens = accept(response, desk.provider, desk.request, deadline=Deadline.after(5), now=NOW)
    session = Session.begin("0" * 32, tokens, generation=1, now=NOW)
    assert (session.subject, session.person, session.expiry) == ("00u9", "eve@example.com", NOW + 900)
    again = accept(response, desk.provider, desk.request, deadline=Deadline.after(5), now=NOW, before=session)
    assert session.with_tokens(again, generation=2).token() == again.access_token
    answers(desk, token(desk, sub="00u10"))
    with pytest.raises(InvalidProviderResponse, match="00u10"):
        accept(response, desk.provider, desk.request, deadline=Deadline.after(5), now=NOW, before=session)
