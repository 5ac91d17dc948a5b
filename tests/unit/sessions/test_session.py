"""Which settings identify a session, and which damage to its record is noticed."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.oidc.id_token import IdToken
from kubectl_oidc.oidc.tokens import Tokens
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.session import Session, person_of
from kubectl_oidc.sessions.session_key import SessionKey
from kubectl_oidc.sessions.session_record import with_digest
from kubectl_oidc.sessions.sign_in_claims import SignInClaims
from tests.arbitrary import JSON, examples, members
from tests.sessions import SECRETS, key, session
from tests.tokens import NOW, id_token

KEY = SessionKey(
    issuer="https://issuer.example.com",
    client_id="kubernetes",
    scopes=("openid", "email", "groups"),
    extra_params=(("acr_values", "mfa"), ("domain_hint", "example.com")),
    request_headers=(("X-Tenant", "a"), ("X-Region", "eu")),
)

ANOTHER = {
    "issuer": "https://other.example.com",
    "issuer, one slash": "https://issuer.example.com/",
    "issuer, in capitals": "https://ISSUER.example.com",
    "client_id": "other",
    "scopes": ("openid", "email"),
    "scopes, joined": ("openid", "email groups"),
    "grant": "password",
    "username": "alice",
    "extra_params": (("acr_values", "mfa"),),
    "extra_params, another value": (("acr_values", "pwd"), ("domain_hint", "example.com")),
    "request_headers": (("X-Tenant", "a"),),
    "request_headers, another value": (("X-Tenant", "A"), ("X-Region", "eu")),
    "cache_dir": "/other",
    "name": "work",
    "use_access_token": True,
    "exchange": ("cluster-b", "id_token"),
    "exchange, another type": ("cluster-b", "jwt"),
    "more_identity": (("login_hint", "alice"),),
    "more_identity, a claim": (("expect_claims", [("email", "alice@example.com")]),),
    "trust": ("insecure",),
    "trust, the same as an exchange": ("cluster-b", "id_token"),
    "more_identity, the same as an exchange": (("cluster-b", "id_token"),),
}

THE_SAME = {
    "scopes, in another order": ("groups", "openid", "email"),
    "scopes, one twice": ("openid", "openid", "email", "groups"),
    "extra_params, in another order": tuple(reversed(KEY.extra_params)),
    "request_headers, in another order": tuple(reversed(KEY.request_headers)),
    "request_headers, a name in lower case": (("x-tenant", "a"), ("X-REGION", "eu")),
}


@pytest.mark.parametrize("case", ANOTHER)
def test_what_makes_a_different_token_or_person_makes_another_session(case: str) -> None:
    """Each of them changes the id, so no session is used for another."""
    changes: dict[str, Any] = {case.partition(",")[0]: ANOTHER[case]}
    assert KEY._replace(**changes).id() != KEY.id()


def test_every_field_of_the_key_is_in_that_table() -> None:
    """A field that is added is decided about."""
    assert {case.partition(",")[0] for case in ANOTHER} == set(KEY._fields)


@pytest.mark.parametrize("case", THE_SAME)
def test_what_makes_no_different_token_shares_the_session(case: str) -> None:
    """Order and repetition of a set are no difference."""
    changes: dict[str, Any] = {case.partition(",")[0]: THE_SAME[case]}
    assert KEY._replace(**changes).id() == KEY.id()


def test_an_id_is_the_same_in_every_release() -> None:
    """Written down here: a change would end everybody's session."""
    assert key(cache_dir="").id() == "d4d5b3ad1d5747ff7f74dba6240cab49"
    assert len(KEY.id()) == 32
    assert set(KEY.id()) <= set("0123456789abcdef")


TEXTS = st.text(st.sampled_from("a ,\"'[]\n\x00=:é\udc80"), max_size=4)
KEYS = st.builds(
    SessionKey,
    issuer=TEXTS,
    client_id=TEXTS,
    scopes=st.lists(TEXTS, max_size=2).map(lambda scopes: tuple(sorted(set(scopes)))),
    grant=TEXTS,
    username=TEXTS,
    extra_params=st.dictionaries(TEXTS, TEXTS, max_size=2).map(lambda pairs: tuple(sorted(pairs.items()))),
    cache_dir=TEXTS,
    name=TEXTS,
    # Hypothesis would fill in any value for the other fields.
    **{name: st.just(KEY._field_defaults[name]) for name in ("request_headers", "use_access_token")},
    **{name: st.just(()) for name in ("exchange", "more_identity", "trust")},
)


@given(one=KEYS, other=KEYS)
@examples(200)
def test_no_text_in_one_field_passes_for_another_field(one: SessionKey, other: SessionKey) -> None:
    """Quotes, commas, line breaks and bytes that are no UTF-8 do not lead two keys to one session."""
    assert (one.id() == other.id()) == (one == other)


def test_a_key_and_a_session_hide_their_secrets() -> None:
    """Neither tokens nor request headers, which may hold credentials, are in a `repr`."""
    assert "eu" not in repr(KEY)
    whole = repr(session(KEY, access_token=Secret("access-token-of-the-test")))
    for secret in (*SECRETS, "access-token-of-the-test"):
        assert secret not in whole


SESSIONS = [
    session(KEY),
    session(KEY, access_token=Secret("access"), generation=7, audience=("kubernetes", "other")),
    session(KEY, refresh_token=None),
    session(KEY, person='Ünsal\n"the" \\ one', subject="é", id_token=Secret("é\udc80")),
]


@pytest.mark.parametrize("whole", SESSIONS)
def test_a_record_is_read_as_it_was_written(whole: Session) -> None:
    """Every field comes back; the record is ASCII, so that a character is a byte on every keyring."""
    record = whole.record()
    assert record.isascii()
    assert Session.parse(record, KEY.id()) == whole
    assert Session.parse(record, KEY.id()).record() == record  # type: ignore[union-attr]


def test_a_record_of_another_session_is_a_miss() -> None:
    """A copy under another session's name is not used for it."""
    assert Session.parse(session(KEY).record(), key().id()) is None


@pytest.mark.parametrize(
    "record", [None, b"", b"{", b"null", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000, b"1" * 5_000]
)
def test_what_is_no_record_is_a_miss(record: bytes | None) -> None:
    """Nothing, garbage and nesting without end are None, not an exception."""
    assert Session.parse(record, KEY.id()) is None


def test_a_record_of_a_future_version_is_a_miss() -> None:
    """A newer release's record is not guessed at, whatever else is in it."""
    values = json.loads(session(KEY).record())
    for version in (2, 0, "1", None):
        assert Session.parse(json.dumps({**values, "version": version}).encode(), KEY.id()) is None
    del values["version"]
    assert Session.parse(json.dumps(values).encode(), KEY.id()) is None


def test_a_truncated_record_is_a_miss_at_every_length() -> None:
    """No beginning passes for the whole, and nothing may follow it."""
    record = session(KEY).record()
    for length in range(len(record)):
        assert Session.parse(record[:length], KEY.id()) is None, length
    assert Session.parse(record + b"\n{}", KEY.id()) is None


@given(data=st.data())
@examples(200)
def test_a_record_with_one_damaged_byte_is_a_miss(data: st.DataObject) -> None:
    """A damaged token is not given to kubectl, and a damaged refresh token is not sent."""
    record = session(KEY).record()
    at = data.draw(st.integers(0, len(record) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != record[at]))
    assert Session.parse(record[:at] + bytes([byte]) + record[at + 1 :], KEY.id()) is None


@pytest.mark.parametrize("member", sorted(json.loads(session(KEY).record()).keys() - {"version"}))
def test_a_record_with_a_missing_or_mistyped_member_is_treated_as_missing(member: str) -> None:
    """Nothing is guessed and nothing is raised, even if a version of this program wrote it because of a bug."""
    values = json.loads(session(KEY).record())
    wrong: list[object] = [1.5, {}, True, [1]]
    for value in wrong:
        assert Session.parse(resealed({**values, member: value}), KEY.id()) is None, value
    assert (
        Session.parse(resealed({name: v for name, v in values.items() if name != member}), KEY.id()) is None
    )


def resealed(values: dict[str, Any]) -> bytes:
    """Return a record with these values whose digest is right, unless the digest is what was changed."""
    known = json.loads(session(KEY).record())["digest"]
    return with_digest(values) if values.get("digest") == known else json.dumps(values).encode()


# How a session begins and goes on


def tokens(**changes: Any) -> Tokens:
    """Return what a sign-in or refresh brings, with changes."""
    claims = {"email": "alice@example.com"}
    id_token = IdToken(
        issuer=KEY.issuer,
        subject="alice",
        audience=("kubernetes",),
        expiry=2_000_000_000,
        issued_at=1_999_996_400,
        algorithm="RS256",
        claims=claims,
    )
    values: dict[str, Any] = {
        "raw_id_token": Secret("new-id-token"),
        "id_token": id_token,
        "access_token": None,
        "refresh_token": Secret("new-refresh-token"),
        "expiry": 2_000_000_000,
    }
    return Tokens(**{**values, **changes})


def test_a_sign_in_begins_a_session() -> None:
    """It has the values of the tokens, and the given generation."""
    now = int(time.time())
    begun = Session.begin(KEY.id(), tokens(), generation=4, now=now)
    assert (begun.generation, begun.subject, begun.person) == (4, "alice", "alice@example.com")
    assert (begun.expiry, begun.signed_in_at) == (2_000_000_000, now)
    assert begun.token() == Secret("new-id-token")
    assert begun.refresh_token == Secret("new-refresh-token")


def test_a_refresh_goes_on_with_the_new_tokens_and_without_a_new_refresh_token_keeps_the_old() -> None:
    """RFC 6749 §6: the answer may bring a refresh token; when the person signed in does not change."""
    before = session(KEY, signed_in_at=1_700_000_000)
    after = before.with_tokens(tokens(), generation=2)
    assert after.refresh_token == Secret("new-refresh-token")
    assert (after.generation, after.signed_in_at, after.token()) == (2, 1_700_000_000, Secret("new-id-token"))
    assert before.with_tokens(tokens(refresh_token=None), generation=2).refresh_token == before.refresh_token


def test_a_new_refresh_token_can_be_kept_before_anything_else_is_known() -> None:
    """The rest of the session does not change."""
    before = session(KEY)
    after = before.renewed(Secret("rotated"), generation=2)
    assert after._replace(refresh_token=before.refresh_token, generation=1) == before
    assert after.refresh_token == Secret("rotated")


def test_kubectl_gets_the_access_token_if_it_is_stored() -> None:
    """It is stored only if kubectl gets it."""
    assert session(KEY, access_token=Secret("access")).token() == Secret("access")
    assert session(KEY).token() == Secret(SECRETS[0])


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"email": "a@example.com", "preferred_username": "a"}, "a@example.com"),
        ({"email": "", "preferred_username": "a"}, "a"),
        ({"email": 7, "preferred_username": ["a"]}, "alice"),
        ({"email": "\x1b[2Ja\u202e@example.com"}, "[2Ja @example.com"),
        ({"email": "x" * 500}, "x" * 199 + "…"),
    ],
)
def test_a_person_is_named_without_control_characters(claims: dict[str, object], words: str) -> None:
    """Email, preferred user name, or the subject, made safe for a terminal."""
    id_token = tokens().id_token._replace(claims=claims)
    assert person_of(id_token) == words


SECRET = st.text(min_size=1).map(Secret)


@given(
    st.builds(
        Session,
        session_id=st.text(),
        generation=st.integers(),
        issuer=st.text(),
        subject=st.text(),
        audience=st.lists(st.text(), max_size=3).map(tuple),
        person=st.text(),
        id_token=SECRET,
        access_token=st.none() | SECRET,
        refresh_token=st.none() | SECRET,
        expiry=st.integers(),
        signed_in_at=st.integers(),
        how=st.builds(
            SignInClaims,
            auth_time=st.none() | st.integers(0, 2**32),
            acr=st.text(),
            amr=st.lists(st.text(), max_size=3).map(tuple),
        ),
    )
)
def test_any_session_is_read_as_it_was_written(written: Session) -> None:
    """Whatever its texts hold, the record is ASCII, and only under its own id is it a session."""
    record = written.record()
    assert record.isascii()
    assert Session.parse(record, written.session_id) == written
    assert Session.parse(record, written.session_id + "x") is None


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_miss(record: bytes) -> None:
    """What we have not written is no session, and no error."""
    assert Session.parse(record, KEY.id()) is None


@given(
    members(
        "generation", "issuer", "sub", "aud", "person", "id_token", "access_token", "refresh_token", "expiry"
    )
)
def test_a_record_of_any_shape_is_a_session_or_a_miss(changes: dict[str, Any]) -> None:
    """Even with a correct digest, a record of other types is treated as missing."""
    record = with_digest({**json.loads(session(KEY).record()), **changes})
    found = Session.parse(record, KEY.id())
    assert found is None or found.record() == with_digest({**json.loads(found.record())})
    assert found is None or isinstance(found.token().reveal(), str)


def with_claims(**claims: object) -> Tokens:
    """Return the tokens of an answer whose ID token says this."""
    raw = id_token(claims={"sub": "alice", **claims})
    return tokens()._replace(raw_id_token=raw, id_token=tokens().id_token._replace(claims=claims))


def test_a_refresh_keeps_when_and_how_somebody_signed_in() -> None:
    """Core 12.2: the refreshed ID token may omit it. Without that, --max-age would count from our own sign-in, which is later."""
    claims = {"auth_time": NOW - 600, "acr": "mfa", "amr": ["pwd", "otp"]}
    begun = Session.begin(KEY.id(), with_claims(**claims), generation=1, now=NOW)
    refreshed = begun.with_tokens(with_claims(), generation=2)
    assert refreshed.sign_in_claims() == SignInClaims(NOW - 600, "mfa", ("pwd", "otp"))
    assert refreshed.authenticated_at() == NOW - 600
    stored = Session.parse(refreshed.record(), KEY.id())
    assert stored is not None
    assert stored.sign_in_claims() == refreshed.sign_in_claims()
    later = refreshed.with_tokens(with_claims(auth_time=NOW + 60, acr="pwd"), generation=3)
    assert (later.authenticated_at(), later.sign_in_claims().acr) == (NOW - 600, "mfa")


def test_a_record_of_an_older_version_says_it_by_its_id_token() -> None:
    """It has no member for it; what is malformed counts as missing."""
    begun = Session.begin(
        KEY.id(), with_claims(auth_time=NOW - 600, acr=["x"], amr="pwd"), generation=1, now=NOW
    )
    old = with_digest({name: value for name, value in json.loads(begun.record()).items() if name != "how"})
    stored = Session.parse(old, KEY.id())
    assert stored is not None
    assert stored.sign_in_claims() == SignInClaims(NOW - 600)
