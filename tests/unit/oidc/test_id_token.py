"""ID-token validation: each rule of OpenID Connect Core 3.1.3.7 and 12.2, broken once; each honest oddity, taken."""

from __future__ import annotations

from hashlib import sha384, sha512
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import IdTokenError, UnknownKey
from kubectl_oidc.oidc.claims import ASK
from kubectl_oidc.oidc.id_token import Expected, IdToken, validate
from kubectl_oidc.oidc.key_set import KeySet
from kubectl_oidc.secret import Secret
from tests.tokens import ABSENT, CLIENT_ID, ISSUER, NOW, base64url, good_claims, id_token, jwks, signing_key

if TYPE_CHECKING:
    from tests.tokens import SigningKey

RSA = signing_key("RS256")
KEYS = KeySet.from_jwks(jwks(RSA))
EXPECTED = Expected(ISSUER, CLIENT_ID)
NONCE = Secret("n-0S6_WzA2Mj")

# The access token and its at_hash of OpenID Connect Core, appendix A.3 (RS256).
ACCESS_TOKEN = Secret("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")
AT_HASH = "77QmUPtjPfzWtF2AnpK9RQ"


def judge(
    claims: dict[str, object] | None = None, expected: Expected = EXPECTED, *, now: float = NOW
) -> IdToken:
    """Validate a token whose claims are good but for the given ones."""
    return validate(
        id_token(RSA, claims=good_claims(**(claims or {}))), keys=KEYS, expected=expected, now=now
    )


def test_a_good_token_says_who_for_whom_and_until_when() -> None:
    """All fields come from the claims, and the claims come along."""
    assert judge() == IdToken(
        issuer=ISSUER,
        subject="00u1",
        audience=(CLIENT_ID,),
        expiry=NOW + 3600,
        issued_at=NOW,
        algorithm="RS256",
        claims=good_claims(),
    )


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"aud": [CLIENT_ID]}, id="aud a list of one"),
        pytest.param({"aud": [CLIENT_ID, CLIENT_ID]}, id="the client named twice"),
        pytest.param(
            {"aud": [CLIENT_ID, "api"], "azp": CLIENT_ID}, id="another audience, made for the client"
        ),
        pytest.param({"azp": CLIENT_ID}, id="azp though alone"),
        pytest.param({"azp": None, "nbf": None, "at_hash": None, "nonce": None}, id="nulls"),
        pytest.param({"nbf": NOW}, id="nbf now"),
        pytest.param({"nonce": "never asked for"}, id="a nonce that nobody expects"),
        pytest.param({"at_hash": "no access token to compare with"}, id="at_hash without access token"),
        pytest.param({"exp": NOW - 30}, id="expired 30 s ago"),
        pytest.param({"exp": NOW - 60}, id="expired 60 s ago"),
        pytest.param({"iat": NOW + 30, "nbf": NOW + 30}, id="issued 30 s ahead"),
        pytest.param({"iat": NOW + 60, "nbf": NOW + 60}, id="issued 60 s ahead"),
        pytest.param({"iat": 0}, id="issued long ago"),
        pytest.param({"groups": [f"team-{n:04}" for n in range(900)]}, id="12 KB of groups"),
        pytest.param({"sub": "é" * 300}, id="a long sub that is not ASCII"),
        pytest.param({"name": "\u202eevil\u0000"}, id="a name with controls"),
    ],
)
def test_honest_tokens_with_oddities_are_taken(claims: dict[str, object]) -> None:
    """Real providers do these things, and the standard allows them."""
    assert judge(claims).claims == good_claims(**claims)


@pytest.mark.parametrize(
    ("claims", "named", "topic"),
    [
        pytest.param({"iss": ABSENT}, ["iss"], "id-token-issuer", id="no iss"),
        pytest.param({"iss": 5}, ["iss", "5"], "id-token-issuer", id="iss a number"),
        pytest.param(
            {"iss": ISSUER + "/"},
            [f'"{ISSUER}/"', f'"{ISSUER}"'],
            "id-token-issuer",
            id="iss with slash",
        ),
        pytest.param(
            {"iss": ISSUER.upper()}, [ISSUER.upper(), ISSUER], "id-token-issuer", id="iss in other case"
        ),
        pytest.param({"aud": ABSENT}, ["aud"], "id-token-audience", id="no aud"),
        pytest.param(
            {"aud": "other"},
            ['"other"', '"kubernetes"'],
            "id-token-audience",
            id="aud",
        ),
        pytest.param({"aud": "kubernetes-2"}, ['"kubernetes-2"'], "id-token-audience", id="aud begins alike"),
        pytest.param({"aud": []}, ["[]"], "id-token-audience", id="aud empty"),
        pytest.param({"aud": ["a", "b"]}, ['["a", "b"]'], "id-token-audience", id="aud others"),
        pytest.param(
            {"aud": [CLIENT_ID, 5]},
            ["aud", '["kubernetes", 5]'],
            "id-token-audience",
            id="aud with a number",
        ),
        pytest.param(
            {"aud": {CLIENT_ID: 1}}, ["aud", '{"kubernetes": 1}'], "id-token-audience", id="aud an object"
        ),
        pytest.param(
            {"aud": [CLIENT_ID, "api"]},
            ['["kubernetes", "api"]', "azp"],
            "id-token-audience",
            id="another audience, no azp",
        ),
        pytest.param(
            {"aud": [CLIENT_ID, "api"], "azp": "api"},
            ['"api"', "azp"],
            "id-token-audience",
            id="another's azp",
        ),
        pytest.param(
            {"azp": "api"},
            ['"api"', "azp", '"kubernetes"'],
            "id-token-audience",
            id="azp of another",
        ),
        pytest.param({"azp": ""}, ['""', "azp"], "id-token-audience", id="azp empty"),
        pytest.param({"azp": [CLIENT_ID]}, ['["kubernetes"]', "azp"], "id-token-audience", id="azp a list"),
        pytest.param({"sub": ABSENT}, ["sub"], "id-token", id="no sub"),
        pytest.param({"sub": ""}, ["sub"], "id-token", id="sub empty"),
        pytest.param({"sub": " \t"}, ["sub"], "id-token", id="sub of spaces"),
        pytest.param({"sub": 5}, ["sub", "5"], "id-token", id="sub a number"),
        pytest.param({"exp": ABSENT}, ["exp"], "id-token", id="no exp"),
        pytest.param({"iat": ABSENT}, ["iat"], "id-token", id="no iat"),
        pytest.param({"exp": True}, ["exp", "true"], "id-token", id="exp a bool"),
        pytest.param({"exp": 1e300}, ["exp", "1e+300"], "id-token", id="exp a float beyond every calendar"),
        pytest.param({"exp": -0.5}, ["exp", "-0.5"], "id-token", id="exp a negative float"),
        pytest.param({"exp": NOW - 60.5}, ["UTC"], "clock", id="exp with a fraction, a minute ago"),
        pytest.param({"iat": NOW + 61.5}, ["iat", "UTC"], "clock", id="iat with a fraction, in a minute"),
        pytest.param({"exp": str(NOW + 60)}, ["exp", f'"{NOW + 60}"'], "id-token", id="exp a string"),
        pytest.param({"exp": NOW * 1000}, ["exp", f"{NOW * 1000}"], "id-token", id="exp in milliseconds"),
        pytest.param({"exp": -1}, ["exp", "-1"], "id-token", id="exp negative"),
        pytest.param({"iat": False}, ["iat", "false"], "id-token", id="iat a bool"),
        pytest.param({"nbf": "now"}, ["nbf", '"now"'], "id-token", id="nbf a word"),
        pytest.param(
            {"exp": NOW - 61},
            ["2025-10-09 08:52:19 UTC", "2025-10-09 08:53:20 UTC"],
            "clock",
            id="expired 61 s ago",
        ),
        pytest.param(
            {"iat": NOW + 61},
            ["2025-10-09 08:54:21 UTC", "iat", "2025-10-09 08:53:20 UTC"],
            "clock",
            id="issued 61 s ahead",
        ),
        pytest.param(
            {"nbf": NOW + 61},
            ["2025-10-09 08:54:21 UTC", "nbf", "2025-10-09 08:53:20 UTC"],
            "clock",
            id="valid in 61 s",
        ),
    ],
)
def test_tokens_that_break_a_rule_are_refused_in_words(
    claims: dict[str, object], named: list[str], topic: str
) -> None:
    """The message names the claim and both values. There is a hint."""
    with pytest.raises(IdTokenError) as caught:
        judge(claims)

    assert [name for name in named if name not in caught.value.message] == []
    assert caught.value.hint
    assert caught.value.topic == topic
    assert not isinstance(caught.value, UnknownKey)


@pytest.mark.parametrize(
    ("claim", "refreshed", "accepted"),
    [
        pytest.param(NONCE.reveal(), False, True, id="ours"),
        pytest.param(ABSENT, False, False, id="missing at a sign-in"),
        pytest.param(None, False, False, id="null at a sign-in"),
        pytest.param("replayed", False, False, id="another's"),
        pytest.param("", False, False, id="empty"),
        pytest.param("é", False, False, id="not ASCII"),
        pytest.param([NONCE.reveal()], False, False, id="a list"),
        pytest.param(NONCE.reveal(), True, True, id="ours after a refresh"),
        pytest.param(ABSENT, True, True, id="missing after a refresh"),
        pytest.param("changed", True, False, id="changed by a refresh"),
        pytest.param("", True, False, id="emptied by a refresh"),
    ],
)
def test_the_nonce_is_ours_and_a_refresh_may_only_omit_it(
    *, claim: object, refreshed: bool, accepted: bool
) -> None:
    """Core 3.1.3.7 rule 11 and 12.2. Neither nonce is shown."""
    expected = EXPECTED._replace(nonce=NONCE, refreshed=refreshed)
    if accepted:
        assert judge({"nonce": claim}, expected).subject == "00u1"
        return

    with pytest.raises(IdTokenError) as caught:
        judge({"nonce": claim}, expected)

    assert caught.value.topic == "id-token-nonce"
    assert "nonce" in caught.value.hint
    assert NONCE.reveal() not in caught.value.message
    assert "replayed" not in caught.value.message


@pytest.mark.parametrize(
    ("expected", "claims", "named"),
    [
        pytest.param({"subject": "00u1"}, {}, [], id="the same person"),
        pytest.param({"subject": "00u2"}, {}, ["sub", '"00u1"', '"00u2"'], id="another person"),
        pytest.param({"audience": (CLIENT_ID,)}, {}, [], id="the same audience"),
        pytest.param({"audience": (CLIENT_ID,)}, {"aud": [CLIENT_ID]}, [], id="written as a list"),
        pytest.param(
            {"audience": ("api", CLIENT_ID)},
            {"aud": [CLIENT_ID, "api"], "azp": CLIENT_ID},
            [],
            id="in another order",
        ),
        pytest.param(
            {"audience": (CLIENT_ID,)},
            {"aud": [CLIENT_ID, "api"], "azp": CLIENT_ID},
            ['["kubernetes", "api"]', '["kubernetes"]'],
            id="an audience more",
        ),
        pytest.param(
            {"audience": (CLIENT_ID, "api")},
            {},
            ['"kubernetes"', '["kubernetes", "api"]'],
            id="an audience less",
        ),
    ],
)
def test_a_refresh_changes_neither_person_nor_audience(
    expected: dict[str, object], claims: dict[str, object], named: list[str]
) -> None:
    """Core 12.2: ``sub`` and ``aud`` are those of the session."""
    wanted = Expected(ISSUER, CLIENT_ID, refreshed=True, **expected)  # type: ignore[arg-type]
    if not named:
        assert judge(claims, wanted).subject == "00u1"
        return

    with pytest.raises(IdTokenError) as caught:
        judge(claims, wanted)

    assert [name for name in named if name not in caught.value.message] == []
    assert caught.value.topic == "id-token-changed"
    assert "`kubectl oidc-login purge`" in caught.value.hint


@pytest.mark.parametrize(
    ("key", "at_hash", "good"),
    [
        pytest.param(RSA, AT_HASH, True, id="the standard's example"),
        pytest.param(signing_key("ES256"), AT_HASH, True, id="the algorithm's number names the hash"),
        pytest.param(signing_key("RS512"), AT_HASH, False, id="the hash of another algorithm"),
        pytest.param(
            signing_key("RS512"),
            base64url(sha512(ACCESS_TOKEN.reveal().encode()).digest()[:32]),
            True,
            id="SHA-512",
        ),
        pytest.param(
            signing_key("RS512"),
            base64url(sha512(ACCESS_TOKEN.reveal().encode()).digest()[32:]),
            False,
            id="right half",
        ),
        pytest.param(RSA, AT_HASH + "==", False, id="padded"),
        pytest.param(RSA, AT_HASH[:-4], False, id="shorter"),
        pytest.param(RSA, "", False, id="empty"),
        pytest.param(RSA, [AT_HASH], False, id="a list"),
        pytest.param(RSA, ABSENT, True, id="absent"),
    ],
)
def test_an_access_token_that_came_along_belongs_to_the_id_token(
    *, key: SigningKey, at_hash: object, good: bool
) -> None:
    """Core 3.1.3.8: if at_hash is present, it is the left half of the hash that the algorithm names."""
    token = id_token(key, claims=good_claims(at_hash=at_hash))
    keys, expected = KeySet.from_jwks(jwks(key)), EXPECTED._replace(access_token=ACCESS_TOKEN)
    if good:
        assert validate(token, keys=keys, expected=expected, now=NOW).subject == "00u1"
        return

    with pytest.raises(IdTokenError) as caught:
        validate(token, keys=keys, expected=expected, now=NOW)

    assert caught.value.topic == "id-token-at-hash"
    assert "at_hash" in caught.value.message


def test_an_at_hash_without_padding_is_compared_to_its_last_letter() -> None:
    """Half of a SHA-384 hash needs no padding."""
    key, access_token = signing_key("RS384"), Secret("token-11")
    half = base64url(sha384(access_token.reveal().encode()).digest()[:24])
    token = id_token(key, claims=good_claims(at_hash=half))

    assert half.endswith("X")
    expected = EXPECTED._replace(access_token=access_token)
    assert validate(token, keys=KeySet.from_jwks(jwks(key)), expected=expected, now=NOW).subject == "00u1"


def test_an_access_token_with_half_a_surrogate_pair_is_refused() -> None:
    """JSON can contain it, and it cannot be encoded."""
    with pytest.raises(IdTokenError, match="at_hash"):
        judge({"at_hash": AT_HASH}, EXPECTED._replace(access_token=Secret("\ud800")))


@pytest.mark.parametrize(
    ("claims", "named"),
    [
        pytest.param({"aud": [CLIENT_ID, "api"]}, [], id="no azp and another audience"),
        pytest.param({"azp": "exchanger"}, [], id="azp names who exchanged it"),
        pytest.param({"azp": CLIENT_ID}, [], id="azp names the audience"),
        pytest.param({"azp": "other"}, ['"other"', "azp"], id="azp names neither"),
        pytest.param({"azp": ""}, ['""', "azp"], id="azp empty"),
        pytest.param({"aud": "exchanger"}, ['"exchanger"'], id="for who exchanged it"),
    ],
)
def test_an_exchanged_token_may_name_who_exchanged_it(claims: dict[str, object], named: list[str]) -> None:
    """RFC 8693 has no rule for azp. The audience must be right, and azp must not name a third client."""
    expected = EXPECTED._replace(requester="exchanger")
    if not named:
        assert judge(claims, expected).subject == "00u1"
        return

    with pytest.raises(IdTokenError) as caught:
        judge(claims, expected)

    assert [name for name in named if name not in caught.value.message] == []


def test_by_default_the_nonce_is_required() -> None:
    """It may be missing only after a refresh."""
    with pytest.raises(IdTokenError, match="nonce"):
        judge(expected=Expected(ISSUER, CLIENT_ID, nonce=NONCE))


def test_the_metadata_s_algorithms_reach_the_signature_check() -> None:
    """An algorithm that is not in the metadata is refused."""
    with pytest.raises(IdTokenError, match="ES256"):
        judge(expected=EXPECTED._replace(algorithms=("ES256",)))


def test_a_rotated_key_is_an_error_of_its_own() -> None:
    """With the old set it is UnknownKey, so the set is fetched again. With the new set the token is valid."""
    new = signing_key("RS256", "key-2")
    token = id_token(new)

    with pytest.raises(UnknownKey, match='"key-2"'):
        validate(token, keys=KEYS, expected=EXPECTED, now=NOW)
    assert (
        validate(token, keys=KeySet.from_jwks(jwks(RSA, new)), expected=EXPECTED, now=NOW).subject == "00u1"
    )


def test_claims_are_not_checked_before_the_signature() -> None:
    """The error for a forged token says nothing about its claims."""
    forged = id_token(
        signing_key("RS256", "forger"), claims=good_claims(iss="x", exp=1), header={"kid": "key-1"}
    )

    with pytest.raises(UnknownKey, match="key-1"):
        validate(forged, keys=KEYS, expected=EXPECTED, now=NOW)


def test_the_clock_is_a_parameter() -> None:
    """``now`` alone decides whether the token is valid."""
    assert judge(now=NOW + 3660).expiry == NOW + 3600
    with pytest.raises(IdTokenError, match="UTC") as expired:
        judge(now=NOW + 3661)
    with pytest.raises(IdTokenError, match="iat") as early:
        judge(now=NOW - 61)
    assert expired.value.topic == early.value.topic == "clock"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda v: st.lists(v) | st.dictionaries(st.text(), v),
    max_leaves=5,
)
NAMES = ["iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce", "at_hash"]


@given(st.dictionaries(st.sampled_from(NAMES), JSON_VALUES, min_size=1))
def test_arbitrary_signed_claims_are_believed_or_refused(claims: dict[str, object]) -> None:
    """The result is an IdToken or an IdTokenError, whatever the claims."""
    expected = EXPECTED._replace(nonce=NONCE, access_token=ACCESS_TOKEN, refreshed=True, subject="00u1")
    try:
        token = judge(claims, expected)
    except IdTokenError:
        return
    assert (token.issuer, token.subject) == (ISSUER, "00u1")
    assert CLIENT_ID in token.audience


@pytest.mark.parametrize("ago", [0, 3600, 3660])
def test_a_sign_in_that_is_as_young_as_was_asked_is_taken(ago: int) -> None:
    """Core 3.1.3.7 rule 13, with the usual skew."""
    claims: dict[str, object] = {"auth_time": NOW - ago}
    assert judge(claims, EXPECTED._replace(max_age=3600)).claims["auth_time"] == NOW - ago


@pytest.mark.parametrize(
    ("auth_time", "hint", "topic"),
    [
        (None, "--max-age", "max-age"),
        (NOW - 3661, "--prompt=login", "max-age"),
        ("soon", ASK, "id-token"),
    ],
)
def test_a_sign_in_whose_age_is_not_known_or_too_great_is_refused(
    auth_time: object, hint: str, topic: str
) -> None:
    """Only if the request had max_age."""
    with pytest.raises(IdTokenError, match="auth_time") as caught:
        judge({"auth_time": auth_time}, EXPECTED._replace(max_age=3600))
    assert hint in caught.value.hint
    assert caught.value.topic == topic
    assert judge({"auth_time": auth_time}).subject == "00u1"


GOOGLE = "https://accounts.google.com"


def test_google_may_leave_the_scheme_out_of_its_issuer() -> None:
    """Core §15.6.2: only for Google, as in kube-apiserver. The result has the configured issuer."""
    expected = EXPECTED._replace(issuer=GOOGLE)
    assert judge({"iss": "accounts.google.com"}, expected).issuer == GOOGLE
    assert judge({"iss": GOOGLE}, expected).issuer == GOOGLE


@pytest.mark.parametrize(
    ("issuer", "claim"),
    [
        (GOOGLE, "accounts.google.com/"),
        (GOOGLE, "http://accounts.google.com"),
        (GOOGLE, "ACCOUNTS.GOOGLE.COM"),
        (f"{GOOGLE}/", "accounts.google.com"),
        (ISSUER, ISSUER.removeprefix("https://")),
        (ISSUER, "accounts.google.com"),
        ("https://accounts.google.com.evil.example.com", "accounts.google.com"),
    ],
)
def test_no_other_issuer_may(issuer: str, claim: str) -> None:
    """Every other issuer must be equal byte for byte."""
    with pytest.raises(IdTokenError, match=ISSUER if issuer == ISSUER else "accounts.google.com") as caught:
        judge({"iss": claim}, EXPECTED._replace(issuer=issuer))
    assert caught.value.topic == "id-token-issuer"


def test_times_may_have_fractions() -> None:
    """RFC 7519 §2. The result is in whole seconds."""
    token = judge({"exp": NOW + 60.9, "iat": NOW - 0.5, "nbf": NOW + 60.9})
    assert (token.expiry, token.issued_at) == (NOW + 60, NOW - 1)
    assert (type(token.expiry), type(token.issued_at)) == (int, int)
    judge({"auth_time": NOW - 60.5}, EXPECTED._replace(max_age=30))
