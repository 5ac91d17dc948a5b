"""The provider's key set: what may verify what, and what is left out without harm."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import InvalidProviderResponse
from kubectl_oidc.oidc.key_set import ALGORITHMS, KeySet
from tests.arbitrary import JSON, TEXT, is_one_plain_line, or_refused
from tests.tokens import ABSENT, base64url, jwks, signing_key
from tests.topics import about, told_apart

RSA = signing_key("RS256")


def modulus(bits: int) -> str:
    """Return a number of so many bits as a JWK writes it."""
    return base64url((1 << (bits - 1) | 1).to_bytes((bits + 7) // 8))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_that_kube_apiserver_takes_finds_its_key(algorithm: str) -> None:
    """A key with a matching alg member verifies that algorithm and no other."""
    keys = KeySet.from_jwks(jwks(signing_key(algorithm)))

    assert [key.algorithms for key in keys.keys] == [frozenset({algorithm})]
    assert keys.left_out == ()


@pytest.mark.parametrize(
    ("jwk", "algorithms"),
    [
        pytest.param(
            RSA.jwk(alg=ABSENT), {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, id="RSA without alg"
        ),
        pytest.param(
            RSA.jwk(alg=None, use=None, key_ops=None),
            {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
            id="nulls count as absent",
        ),
        pytest.param(RSA.jwk(use=""), {"RS256"}, id="use empty"),
        pytest.param(signing_key("ES256").jwk(alg=""), {"ES256"}, id="alg empty"),
        pytest.param(RSA.jwk(n=modulus(2048)), {"RS256"}, id="2048 bits"),
        pytest.param(RSA.jwk(n=modulus(16384)), {"RS256"}, id="16384 bits"),
        pytest.param(RSA.jwk(use=ABSENT), {"RS256"}, id="no use"),
        pytest.param(RSA.jwk(use=ABSENT, key_ops=["verify"]), {"RS256"}, id="key_ops with verify"),
        pytest.param(RSA.jwk(kid=ABSENT), {"RS256"}, id="no kid"),
        pytest.param(RSA.jwk(x5c=["AAAA"], x5t="b", issuer="i"), {"RS256"}, id="members nobody asked for"),
        pytest.param(signing_key("ES384").jwk(alg=ABSENT), {"ES384"}, id="EC without alg: the curve says it"),
    ],
)
def test_honest_keys_verify_what_their_type_curve_and_alg_allow(
    jwk: dict[str, object], algorithms: set[str]
) -> None:
    """By kty, crv and alg. Optional members may be missing."""
    keys = KeySet.from_jwks(jwks(jwk))

    assert [set(key.algorithms) for key in keys.keys] == [algorithms]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        pytest.param("a string", "", id="no object"),
        pytest.param({}, "null", id="empty"),
        pytest.param(RSA.jwk(use="enc"), 'use "enc"', id="for encryption"),
        pytest.param(RSA.jwk(use=["sig"]), 'use ["sig"]', id="use is a list"),
        pytest.param(RSA.jwk(key_ops=["encrypt"]), 'key_ops ["encrypt"]', id="key_ops without verify"),
        pytest.param(RSA.jwk(key_ops="verify"), 'key_ops "verify"', id="key_ops is no list"),
        pytest.param(RSA.jwk(alg="RSA-OAEP"), 'alg "RSA-OAEP"', id="alg of encryption"),
        pytest.param(
            RSA.jwk(alg="HS256"),
            'alg "HS256" PS256, PS384, PS512, RS256',
            id="an RSA key named for HMAC",
        ),
        pytest.param(RSA.jwk(alg="ES256"), 'alg "ES256"', id="an RSA key named for ECDSA"),
        pytest.param(RSA.jwk(alg=256), "alg 256", id="alg is a number"),
        pytest.param(signing_key("ES256").jwk(alg="ES384"), 'alg "ES384"', id="alg against the curve"),
        pytest.param(signing_key("ES256").jwk(crv="P-384", alg=ABSENT), "", id="curve too long"),
        pytest.param(signing_key("ES256").jwk(y="A" * 43), "", id="not on the curve"),
        pytest.param(signing_key("ES256K").jwk(), '"secp256k1"', id="secp256k1"),
        pytest.param(signing_key("EdDSA").jwk(), '"OKP" "Ed25519"', id="EdDSA"),
        pytest.param({"kty": "oct", "k": "c2VjcmV0"}, '"oct"', id="a shared secret"),
        pytest.param({"kty": ["RSA"]}, '["RSA"]', id="kty is a list"),
        pytest.param({"kty": "EC", "crv": ["P-256"]}, '["P-256"]', id="crv is a list"),
        pytest.param(RSA.jwk(kid=7), "kid", id="kid is a number"),
        pytest.param(RSA.jwk(kid=ABSENT, use="enc"), "use", id="no kid"),
        pytest.param(RSA.jwk(kid="k", use="enc"), '"k" use', id="called by its kid"),
        pytest.param(RSA.jwk(n=ABSENT), "", id="no modulus"),
        pytest.param(RSA.jwk(n=5), "", id="modulus is a number"),
        pytest.param(RSA.jwk(e="AA"), "", id="exponent 0"),
        pytest.param(RSA.jwk(n="!"), "", id="modulus is no base64url"),
        pytest.param(RSA.jwk(d="AQAB"), "", id="a private key"),
        pytest.param(signing_key("RS256", "short", bits=1024).jwk(), "1024", id="1024 bits"),
        pytest.param(RSA.jwk(n=modulus(2047)), "2047 2048", id="2047 bits"),
        pytest.param(RSA.jwk(n=modulus(16385)), "16385 2048 16384", id="16385 bits"),
        pytest.param(RSA.jwk(n="_" * 4000), "24000", id="24000 bits"),
    ],
)
def test_keys_that_must_not_verify_are_left_out_and_harm_no_other(entry: object, words: str) -> None:
    """An unusable key is left out with its reason. The other key is still used."""
    keys = KeySet.from_jwks(jwks(entry, signing_key("ES256", "good")))

    assert [key.kid for key in keys.keys] == ["good"]
    (left_out,) = keys.left_out
    assert [word for word in words.split() if word not in str(left_out)] == []


def test_the_reasons_that_name_no_member_are_told_apart() -> None:
    """An entry that is not an object, numbers that make no key, a private key."""
    es256 = signing_key("ES256")
    kinds: dict[str, list[Any]] = {
        "not an object": ["a string", ["a list"], None],
        "numbers": [
            es256.jwk(crv="P-384", alg=ABSENT),
            es256.jwk(y="A" * 43),
            *(RSA.jwk(n=numbers) for numbers in (ABSENT, 5, "!")),
            RSA.jwk(e="AA"),
        ],
        "private": [RSA.jwk(d="AQAB"), es256.jwk(d="AQAB")],
    }
    told_apart(
        {
            kind: [one.reason for one in KeySet.from_jwks(jwks(*entries)).left_out]
            for kind, entries in kinds.items()
        }
    )


def test_a_set_of_thousands_is_read_to_a_bound() -> None:
    """Only the first 256 keys are read, and the log says so."""
    keys = KeySet.from_jwks({"keys": [{"kty": "oct"}] * 5000 + [RSA.jwk()]})

    assert keys.keys == ()
    assert all(number in str(keys.left_out[-1]) for number in ("256", "5001"))
    assert len(KeySet.from_jwks({"keys": [{"kty": "oct"}] * 256}).left_out) == 256


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {"kid": "a"}}, {"error": "not found"}])
def test_a_document_without_a_list_of_keys_is_the_provider_s_error(document: dict[str, object]) -> None:
    """There is a hint."""
    with pytest.raises(InvalidProviderResponse, check=about("provider-misbehaves", "jwks_uri")):
        KeySet.from_jwks(document)


def test_a_key_id_chooses_all_keys_that_share_it_and_no_other() -> None:
    """All keys with the same kid are candidates. Keys with another kid, or none, are not."""
    keys = KeySet.from_jwks(
        jwks(
            signing_key("RS256", "twin"),
            signing_key("RS384", "twin").jwk(alg=ABSENT),
            signing_key("RS256", "other"),
            signing_key("ES256", "twin"),
            signing_key("RS256", None),
        )
    )

    assert [key.kid for key in keys.candidates("twin", "RS256")] == ["twin", "twin"]
    assert [key.kid for key in keys.candidates("absent", "RS256")] == []
    assert [key.kid for key in keys.candidates(None, "RS256")] == ["twin", "twin", "other", None]


def test_what_a_key_is_called_reaches_the_log_as_plain_text() -> None:
    """Escape sequences in a kid are removed."""
    keys = KeySet.from_jwks(jwks(RSA.jwk(use="enc", kid="\x1b[2Jevil")))

    assert str(keys.left_out[0]).isprintable()
    assert "evil" in str(keys.left_out[0])


@given(JSON, st.lists(JSON, max_size=3), TEXT)
def test_any_document_is_a_key_set_or_refused(keys: object, entries: list[object], kid: str) -> None:
    """Members of any type do no harm to a valid key, and their reasons are one printable line."""
    with or_refused(InvalidProviderResponse):
        KeySet.from_jwks({"keys": keys})
    found = KeySet.from_jwks({"keys": [*entries, RSA.jwk()]})
    assert len(found.keys) == 1
    assert all(is_one_plain_line(str(left_out)) for left_out in found.left_out)
    assert is_one_plain_line(found.why_none(kid, "RS256"))


def test_a_token_s_key_is_named_with_what_it_is_for() -> None:
    """The reason names the key and its algorithms, or that the set does not have it."""
    keys = KeySet.from_jwks(jwks(signing_key("RS256", "a").jwk(alg=ABSENT)))

    assert re.search(r'ES256\b.*"a".* RS256, RS384, RS512, PS256, PS384, PS512$', keys.why_none("a", "ES256"))
    assert '"b"' in keys.why_none("b", "ES256")
    assert KeySet(()).why_none("b", "ES256") == keys.why_none("b", "ES256")
