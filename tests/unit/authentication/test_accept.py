"""From a token response to the tokens of a request, with a real key set over a real socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.authentication.accept import accept
from kubectl_oidc.authentication.account import AccountOptions
from kubectl_oidc.authentication.request import SignInRequest
from kubectl_oidc.errors import IdTokenError, OidcLoginError, ProviderUnreachable, UnknownKey
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import SYSTEM_TRUST
from kubectl_oidc.oidc.client import Client
from kubectl_oidc.oidc.id_token import IdToken
from kubectl_oidc.oidc.provider import Provider
from kubectl_oidc.oidc.token_response import TokenResponse
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.session import Session, person_of
from kubectl_oidc.sessions.stores import SessionStorage
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET, Log
from tests.hostile import Hostile, discovery, json_reply, reply
from tests.tokens import CLIENT_ID, NOW, good_claims, id_token, jwks, signing_key
from tests.topics import about

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubectl_oidc.oidc.tokens import Tokens
    from tests.tokens import SigningKey

WELL_KNOWN = "/.well-known/openid-configuration"
OLD, NEW = signing_key(), signing_key("RS256", "key-2")
NONCE = Secret("the-nonce")


class Desk:
    """A provider with keys, and one client."""

    def __init__(self, server: Hostile, cache: Path) -> None:
        self.server = server
        self.http = HttpClient(log=QUIET, request_timeout=5, pauses=(0.01, 0.01))
        self.provider = Provider(
            issuer=server.url,
            client=Client(client_id=CLIENT_ID),
            http=self.http,
            cache_dir=cache,
            clock=lambda: NOW,
            log=QUIET,
        )
        self.cache = cache

    def request(self, *, use_access_token: bool = False) -> SignInRequest:
        return SignInRequest(
            issuer=self.server.url,
            client_id=CLIENT_ID,
            tls=SYSTEM_TRUST,
            storage=SessionStorage(cache_dir=self.cache),
            use_access_token=use_access_token,
        )

    def token(self, key: SigningKey = OLD, /, **claims: object) -> Secret:
        return id_token(key, claims=good_claims(**{"iss": self.server.url, **claims}))

    def accept(
        self,
        response: TokenResponse,
        *,
        nonce: Secret | None = None,
        before: Session | None = None,
        use_access_token: bool = False,
    ) -> Tokens:
        return accept(
            response,
            self.provider,
            self.request(use_access_token=use_access_token),
            deadline=Deadline.after(5),
            now=NOW,
            nonce=nonce,
            before=before,
        )

    def session(self, **claims: object) -> Session:
        """Return the session of a sign-in with these claims."""
        signed_in = self.accept(TokenResponse(id_token=self.token(**claims), refresh_token=Secret("rt")))
        return Session.begin("0" * 32, signed_in, generation=1, now=NOW)

    def key_requests(self) -> int:
        return sum(asked.path == "/keys" for asked in self.server.asked)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Hostile() as server:
        server.on(WELL_KNOWN, json_reply(discovery(server.url)))
        server.on("/keys", json_reply(jwks(OLD)))
        desk = Desk(server, tmp_path / "cache")
        yield desk
        desk.http.close()


def test_the_id_token_of_a_sign_in_is_handed_out(desk: Desk) -> None:
    """It is validated, and its expiry counts. The access token is not stored."""
    raw = desk.token(nonce=NONCE.reveal(), exp=NOW + 900)
    tokens = desk.accept(TokenResponse(raw, Secret("at"), Secret("rt"), expires_in=5), nonce=NONCE)
    assert (tokens.raw_id_token, tokens.refresh_token, tokens.access_token) == (raw, Secret("rt"), None)
    assert (tokens.expiry, tokens.id_token.subject) == (NOW + 900, "00u1")


def test_tokens_are_hidden(desk: Desk) -> None:
    """The ``repr`` of what was accepted shows no token."""
    raw = desk.token()
    tokens = desk.accept(TokenResponse(raw, Secret("at-SECRET"), Secret("rt-SECRET")), use_access_token=True)
    shown = repr(tokens)
    assert "SECRET" not in shown
    assert raw.reveal() not in shown
    assert raw.reveal().rpartition(".")[2] not in shown


def test_an_answer_without_an_id_token_is_an_error(desk: Desk) -> None:
    """Without the ID token there is nothing to answer with: the scope ``openid`` was not granted."""
    before = desk.session()
    for session in (None, before):
        with pytest.raises(IdTokenError, check=about("no-id-token")):
            desk.accept(TokenResponse(access_token=Secret("at")), before=session)


def test_a_refresh_needs_no_id_token_where_the_access_token_is_handed_out(desk: Desk) -> None:
    """PingFederate sends none. The session keeps its user and its validated ID token."""
    before = desk.session(email="ada@example.com")
    tokens = desk.accept(
        TokenResponse(access_token=Secret("new"), refresh_token=Secret("rt2"), expires_in=60),
        before=before,
        use_access_token=True,
    )
    after = before.with_tokens(tokens, generation=2)
    assert (after.token(), after.expiry, after.refresh_token) == (Secret("new"), NOW + 60, Secret("rt2"))
    assert (after.id_token, after.subject, after.person) == (before.id_token, "00u1", before.person)


def test_an_id_token_that_comes_is_checked_though_the_access_token_is_handed_out(desk: Desk) -> None:
    """An ID token of another user is refused."""
    before = desk.session()
    with pytest.raises(IdTokenError, check=about("id-token-changed", "sub")):
        desk.accept(TokenResponse(desk.token(sub="00u2"), Secret("at")), before=before, use_access_token=True)


NOBODY = person_of(IdToken("", "", (), 0, 0, "", {}))
"""Who signed in, if no token says it."""


@pytest.mark.parametrize(("token", "person"), [("opaque", NOBODY), (None, "00u7")])
def test_a_sign_in_needs_no_id_token_where_nothing_needs_it(
    desk: Desk, token: str | None, person: str
) -> None:
    """PKCE binds the response to the request. The subject comes from the access token, if that is a JWT."""
    handed = Secret(token) if token else desk.token(sub="00u7")
    tokens = desk.accept(
        TokenResponse(access_token=handed, expires_in=60), nonce=NONCE, use_access_token=True
    )
    session = Session.begin("0" * 32, tokens, generation=1, now=NOW)
    assert (session.token(), session.expiry) == (handed, NOW + 60)
    assert session.person == person
    assert Session.parse(session.record(), "0" * 32) == session
    again = desk.accept(TokenResponse(desk.token(), Secret("b")), before=session, use_access_token=True)
    assert session.with_tokens(again, generation=2).person == "ada@example.com", "an ID token may come later"


@pytest.mark.parametrize(
    "changes",
    [
        {"account": AccountOptions(expect_claims=(("email", "*"),))},
        {"account": AccountOptions(max_age=60)},
        {"pkce": False},
    ],
    ids=["--expect-claim", "--max-age", "no PKCE"],
)
def test_what_an_id_token_alone_says_needs_one(desk: Desk, changes: dict[str, object]) -> None:
    """The account, the time of the sign-in and, without PKCE, the nonce."""
    request = desk.request(use_access_token=True)._replace(**changes)  # type: ignore[arg-type]
    with pytest.raises(IdTokenError, check=about("no-id-token")):
        accept(
            TokenResponse(access_token=Secret("at")),
            desk.provider,
            request,
            deadline=Deadline.after(5),
            now=NOW,
            nonce=NONCE,
        )


def test_an_at_hash_counts_where_the_access_token_is_used(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the access token is used, at_hash must match (Core 3.1.3.8). Otherwise -v 1 shows that it differs."""
    response = TokenResponse(desk.token(at_hash="wrong"), Secret("at"))
    with pytest.raises(IdTokenError, check=about("id-token-at-hash")):
        desk.accept(response, use_access_token=True)
    loud = Provider(
        issuer=desk.server.url,
        client=Client(client_id=CLIENT_ID),
        http=desk.http,
        cache_dir=None,
        clock=lambda: NOW,
        log=Log(1),
    )
    assert (
        accept(response, loud, desk.request(), deadline=Deadline.after(5), now=NOW).id_token.subject == "00u1"
    )
    assert "at_hash" in capsys.readouterr().err


@pytest.mark.parametrize("claims", [{}, {"nonce": "another"}, {"nonce": None}, {"nonce": [NONCE.reveal()]}])
def test_a_sign_in_needs_its_own_nonce(desk: Desk, claims: dict[str, object]) -> None:
    """Core 3.1.3.7: an ID token with another nonce belongs to another request."""
    with pytest.raises(IdTokenError, check=about("id-token-nonce")):
        desk.accept(TokenResponse(desk.token(**claims)), nonce=NONCE)


def test_the_algorithms_of_the_metadata_count(desk: Desk) -> None:
    """A key for another algorithm is not enough: the metadata must list the algorithm."""
    desk.server.on("/keys", json_reply(jwks(signing_key("ES256", "e"))))
    with pytest.raises(IdTokenError, check=about("id-token-algorithm", "ES256")):
        desk.accept(TokenResponse(desk.token(signing_key("ES256", "e"))))


# Keys


def test_an_unknown_key_is_looked_for_once_more(desk: Desk) -> None:
    """After a key rotation the key set is fetched again, and the token is accepted."""
    desk.server.on("/keys", json_reply(jwks(OLD)), json_reply(jwks(OLD, NEW)))
    desk.accept(TokenResponse(desk.token(OLD)))
    assert desk.accept(TokenResponse(desk.token(NEW))).expiry == NOW + 3600
    assert desk.key_requests() == 2


def test_a_key_that_stays_unknown_is_an_error_after_one_look(desk: Desk) -> None:
    """The key set is fetched twice, never in a loop."""
    with pytest.raises(UnknownKey, check=about("id-token-key", "key-2")):
        desk.accept(TokenResponse(desk.token(NEW)))
    assert desk.key_requests() == 2


def test_a_bad_token_of_a_known_key_fetches_nothing_anew(desk: Desk) -> None:
    """A wrong audience does not cause another fetch of the key set."""
    with pytest.raises(IdTokenError):
        desk.accept(TokenResponse(desk.token(aud="another")))
    assert desk.key_requests() == 1


def test_a_key_set_that_cannot_be_fetched_is_the_providers_fault(desk: Desk) -> None:
    """The token may still be valid."""
    desk.server.on("/keys", reply(503))
    with pytest.raises(ProviderUnreachable):
        desk.accept(TokenResponse(desk.token()))


# A refresh


def test_a_refresh_may_leave_the_nonce_out(desk: Desk) -> None:
    """Core 12.2 recommends that."""
    before = desk.session(nonce="the-nonce")
    tokens = desk.accept(TokenResponse(desk.token()), before=before)
    assert tokens.refresh_token is None


def test_a_refresh_may_repeat_the_nonce(desk: Desk) -> None:
    """Core 12.2: it must be the nonce of the sign-in."""
    before = desk.session(nonce="the-nonce")
    assert desk.accept(TokenResponse(desk.token(nonce="the-nonce")), before=before).expiry == NOW + 3600


def test_a_refresh_does_not_change_the_nonce(desk: Desk) -> None:
    """Core 12.2: an ID token with another nonce belongs to another sign-in."""
    before = desk.session(nonce="the-nonce")
    with pytest.raises(IdTokenError, check=about("id-token-nonce")):
        desk.accept(TokenResponse(desk.token(nonce="another")), before=before)


def test_a_nonce_cannot_be_compared_with_none(desk: Desk) -> None:
    """If the session's ID token has no nonce, a refreshed one may have any."""
    before = desk.session()
    assert desk.accept(TokenResponse(desk.token(nonce="any")), before=before).expiry == NOW + 3600


def test_a_stored_id_token_that_cannot_be_read_has_no_nonce(desk: Desk) -> None:
    """The other claims of the refreshed ID token are still checked."""
    before = desk.session(nonce="the-nonce")._replace(id_token=Secret("damaged"))
    assert desk.accept(TokenResponse(desk.token(nonce="any")), before=before).expiry == NOW + 3600


@pytest.mark.parametrize(
    ("claims", "topic"),
    [
        ({"sub": "00u2"}, "id-token-changed"),
        ({"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID}, "id-token-changed"),
        ({"iss": "https://evil.example.com"}, "id-token-issuer"),
    ],
    ids=["another person", "another audience", "another issuer"],
)
def test_a_refresh_is_about_the_same_person_for_the_same_audience(
    desk: Desk, claims: dict[str, object], topic: str
) -> None:
    """Core 12.2: also from the same issuer."""
    before = desk.session()
    with pytest.raises(IdTokenError, check=about(topic)):
        desk.accept(TokenResponse(desk.token(**claims)), before=before)


def test_a_missing_access_token_is_an_error_only_where_it_is_wanted(desk: Desk) -> None:
    """Only --oidc-use-access-token needs one."""
    response = TokenResponse(desk.token())
    assert desk.accept(response).access_token is None
    with pytest.raises(OidcLoginError, check=about("no-access-token", "--oidc-use-access-token")):
        desk.accept(response, use_access_token=True)
