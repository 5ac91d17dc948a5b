"""The signed envelope: what is no honest signed JWT is refused before anything in it is believed."""

from __future__ import annotations

import hmac
import json
import unicodedata
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, strategies as st

from kubectl_oidc.errors import IdTokenError, UnknownKey
from kubectl_oidc.oidc.jws import signed_claims, unverified_claims
from kubectl_oidc.oidc.key_set import KeySet
from kubectl_oidc.secret import Secret
from tests.tokens import ABSENT, base64url, good_claims, id_token, jwks, signing_key
from tests.topics import told_apart

RSA = signing_key("RS256")
KEYS = KeySet.from_jwks(jwks(RSA))


def with_parts(header: str | None = None, claims: str | None = None, signature: str | None = None) -> Secret:
    """Return a good token with one of its three parts replaced."""
    parts = id_token(RSA).reveal().split(".")
    return Secret(
        ".".join(
            new if new is not None else old
            for new, old in zip((header, claims, signature), parts, strict=True)
        )
    )


@pytest.mark.parametrize(
    "algorithm", [f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)]
)
def test_each_algorithm_of_kube_apiserver_is_verified(algorithm: str) -> None:
    """RS, PS and ES with 256, 384 and 512 bits each verify, and the claims come from what was signed."""
    key = signing_key(algorithm)

    assert signed_claims(id_token(key), keys=KeySet.from_jwks(jwks(key)), algorithms=()) == (
        algorithm,
        good_claims(),
    )


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({}, id="no typ"),
        pytest.param({"typ": "JWT"}, id="JWT"),
        pytest.param({"typ": "jwt"}, id="jwt"),
        pytest.param({"typ": "application/jwt"}, id="the whole media type, RFC 7515 4.1.9"),
        pytest.param({"kid": ABSENT}, id="no kid"),
        pytest.param({"kid": None}, id="kid null"),
        pytest.param({"b64": True}, id="b64 as always"),
        pytest.param({"x5t": "abc", "nobody": {"knows": ["this"]}}, id="members nobody asked for"),
    ],
)
def test_honest_headers_are_taken(header: dict[str, object]) -> None:
    """Optional header members may be missing. Unknown ones are ignored."""
    assert signed_claims(id_token(RSA, header=header), keys=KEYS, algorithms=())[1] == good_claims()


@pytest.mark.parametrize(
    ("header", "words", "topic"),
    [
        pytest.param({"typ": "at+jwt"}, '"at+jwt"', "id-token", id="access token"),
        pytest.param({"typ": "logout+jwt"}, '"logout+jwt"', "id-token", id="logout token"),
        pytest.param({"typ": ["JWT"]}, '["JWT"]', "id-token", id="typ is a list"),
        pytest.param({"typ": None}, "null", "id-token", id="typ null"),
        pytest.param(
            {"crit": ["exp"], "exp": 1},
            '["exp"]',
            "id-token",
            id="crit",
        ),
        pytest.param(
            {"crit": ["b64"], "b64": True},
            '["b64"]',
            "id-token",
            id="an extension that PyJWT knows",
        ),
        pytest.param({"crit": []}, "[]", "id-token", id="crit empty"),
        pytest.param({"crit": None}, "null", "id-token", id="crit null"),
        pytest.param({"b64": False}, "b64", "id-token", id="claims in the clear"),
        pytest.param({"kid": 7}, "kid 7", "id-token-key", id="kid is a number"),
        pytest.param({"alg": ABSENT}, "alg", "id-token-algorithm", id="no alg"),
        pytest.param({"alg": ["RS256"]}, "alg", "id-token-algorithm", id="alg is a list"),
        pytest.param({"alg": "none"}, 'alg "none"', "id-token-algorithm", id="none"),
        pytest.param({"alg": "NonE"}, 'alg "NonE"', "id-token-algorithm", id="NonE"),
        pytest.param({"alg": "HS256"}, '"HS256" kube-apiserver', "id-token-algorithm", id="HS256"),
        pytest.param({"alg": "EdDSA"}, '"EdDSA" kube-apiserver', "id-token-algorithm", id="EdDSA"),
        pytest.param({"alg": "ES256K"}, '"ES256K" kube-apiserver', "id-token-algorithm", id="ES256K"),
        pytest.param(
            {"alg": "rs256"},
            '"rs256" kube-apiserver',
            "id-token-algorithm",
            id="lower case",
        ),
        pytest.param(b"[]", "header JSON", "id-token", id="a list"),
        pytest.param(b'"RS256"', "header JSON", "id-token", id="a string"),
        pytest.param(b"{", "header JSON", "id-token", id="broken"),
        pytest.param(b'{"alg":"RS256","alg":"RS256"}', 'header "alg"', "id-token", id="alg twice"),
        pytest.param(
            b'{"alg":"RS256","jwk":{"n":1,"n":2}}',
            'header "n"',
            "id-token",
            id="twice, deeper",
        ),
        pytest.param(b'\xff{"alg":"RS256"}', "header JSON", "id-token", id="not UTF-8"),
        pytest.param('{"alg":"RS256"}'.encode("utf-16"), "JSON", "id-token", id="UTF-16"),
        pytest.param(b'\xef\xbb\xbf{"alg":"RS256"}', "JSON", "id-token", id="byte order mark"),
    ],
)
def test_headers_that_must_not_be_trusted_are_refused(
    header: dict[str, object] | bytes, words: str, topic: str
) -> None:
    """Another type of token, unknown extensions, other algorithms or formats are refused. There is a hint."""
    with pytest.raises(IdTokenError) as caught:
        signed_claims(id_token(RSA, header=header), keys=KEYS, algorithms=())

    assert [word for word in words.split() if word not in caught.value.message] == []
    assert caught.value.hint
    assert caught.value.topic == topic
    assert not isinstance(caught.value, UnknownKey)


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA", "ES256K", "none"])
def test_the_hint_names_the_algorithms_that_clusters_accept(algorithm: str) -> None:
    """For algorithms that kube-apiserver cannot verify."""
    with pytest.raises(IdTokenError) as caught:
        signed_claims(id_token(RSA, header={"alg": algorithm}), keys=KEYS, algorithms=(algorithm,))

    assert "RS256, RS384" in caught.value.hint


def test_a_public_key_is_never_an_hmac_secret() -> None:
    """A token signed by HMAC with the public key as secret (RFC 8725 §2.1) is refused."""
    pem = RSA.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = base64url(b'{"alg":"HS256","kid":"key-1"}')
    signed = f"{header}.{base64url(json.dumps(good_claims()).encode())}"
    forged = Secret(f"{signed}.{base64url(hmac.digest(pem, signed.encode(), 'sha256'))}")

    with pytest.raises(IdTokenError, match="HS256"):
        signed_claims(forged, keys=KEYS, algorithms=())


@pytest.mark.parametrize(
    ("metadata", "algorithm", "words"),
    [
        pytest.param(("RS256",), "RS256", "", id="named"),
        pytest.param(("RS256", "HS256"), "RS256", "", id="named among others"),
        pytest.param(("RS256",), "ES256", "ES256 RS256", id="not named"),
        pytest.param(("ES256", "ES384"), "RS256", "RS256 ES256, ES384", id="none of the named"),
        pytest.param((), "ES512", "", id="metadata silent"),
        pytest.param(("HS256", "none"), "RS256", "", id="metadata names none of ours"),
        pytest.param(("none", "RS256"), "none", '"none"', id="none stays refused though named"),
    ],
)
def test_the_metadata_s_algorithms_bound_the_token_s(
    metadata: tuple[str, ...], algorithm: str, words: str
) -> None:
    """An algorithm must be in the metadata and known to kube-apiserver. If none is in both, all of kube-apiserver's are allowed."""
    key = signing_key(algorithm if algorithm != "none" else "RS256")
    token = id_token(key, header={"alg": algorithm})
    keys = KeySet.from_jwks(jwks(key))

    if not words:
        assert signed_claims(token, keys=keys, algorithms=metadata)[0] == algorithm
        return
    with pytest.raises(IdTokenError) as caught:
        signed_claims(token, keys=keys, algorithms=metadata)
    assert [word for word in words.split() if word not in caught.value.message] == []
    assert caught.value.hint
    assert caught.value.topic == "id-token-algorithm"


DEEP = b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}"


@pytest.mark.parametrize(
    ("token", "words"),
    [
        pytest.param(Secret(""), "JWT 1", id="empty"),
        pytest.param(Secret("opaque"), "JWT 1", id="opaque"),
        pytest.param(Secret("a.b"), "JWT 2", id="two parts"),
        pytest.param(Secret("a.b.c.d.e"), "JWE", id="encrypted"),
        pytest.param(Secret("." * 100_000), "JWT 100001", id="dots"),
        pytest.param(Secret("a" * 131_073), "131073 131072", id="too long"),
        pytest.param(with_parts(header="éééé"), "header base64url", id="not ASCII"),
        pytest.param(with_parts(header="\ud800" * 4), "header base64url", id="half a surrogate pair"),
        pytest.param(with_parts(header="!!!!"), "header base64url", id="not base64url"),
        pytest.param(with_parts(header="eyJhbGciOiJSUzI1NiJ9=="), "header base64url", id="padded"),
        pytest.param(with_parts(header="eyJhbGciOiJSUzI1NiJ9\n"), "header base64url", id="line end"),
        pytest.param(with_parts(header="e30a+/"), "header base64url", id="base64, not base64url"),
        pytest.param(with_parts(header="e31"), "header base64url", id="not canonical"),
        pytest.param(with_parts(header="e30e3"), "header base64url", id="impossible length"),
        pytest.param(with_parts(header=""), "header JSON", id="no header"),
        pytest.param(with_parts(claims="éééé"), "claims base64url", id="claims not ASCII"),
        pytest.param(with_parts(signature="éééé"), "signature base64url", id="signature not ASCII"),
        pytest.param(id_token(RSA, claims=b""), "claims JSON", id="no claims"),
        pytest.param(id_token(RSA, claims=b"not json"), "claims JSON", id="claims no JSON"),
        pytest.param(id_token(RSA, claims=b"[1]"), "claims JSON", id="claims a list"),
        pytest.param(id_token(RSA, claims=b"null"), "claims JSON", id="claims null"),
        pytest.param(id_token(RSA, claims=b'{"sub":"a","sub":"b"}'), 'claims "sub"', id="sub twice"),
        pytest.param(id_token(RSA, claims=b'{"a":[{"b":1,"b":1}]}'), 'claims "b"', id="twice, deep"),
        pytest.param(id_token(RSA, claims=b'{"sub":"\xff"}'), "claims JSON", id="not UTF-8"),
        pytest.param(id_token(RSA, claims=b'{"sub":"\\ud800"}'), "JSON", id="half a pair, escaped"),
        pytest.param(id_token(RSA, claims=b'{"\\ud800":1}'), "JSON", id="half a pair in a name"),
        pytest.param(id_token(RSA, claims=b'{"exp":NaN}'), "claims JSON", id="NaN"),
        pytest.param(id_token(RSA, claims=b'{"exp":1e999}'), "claims JSON", id="infinity"),
        pytest.param(id_token(RSA, claims=b'{"exp":' + b"9" * 5000 + b"}"), "JSON", id="5000 digits"),
        pytest.param(id_token(RSA, claims=DEEP), "claims", id="nested 30,000 deep"),
        pytest.param(
            id_token(RSA, claims={"a": json.loads("[" * 64 + "]" * 64)}),
            "claims 64",
            id="nested 65 deep",
        ),
    ],
)
def test_what_is_no_honest_jwt_is_refused_in_words(token: Secret, words: str) -> None:
    """Size, segments, base64url, UTF-8, JSON, repeated members, depth. The message does not repeat the token."""
    with pytest.raises(IdTokenError) as caught:
        signed_claims(token, keys=KEYS, algorithms=())

    assert [word for word in words.split() if word not in caught.value.message] == []
    assert caught.value.hint
    assert len(caught.value.message) < 200


def test_claims_nested_as_deep_as_allowed_are_read() -> None:
    """The bound on depth is where it is said to be."""
    claims = {"a": json.loads("[" * 63 + "]" * 63)}

    assert signed_claims(id_token(RSA, claims=claims), keys=KEYS, algorithms=())[1] == claims


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(
            with_parts(claims=base64url(json.dumps(good_claims(sub="root")).encode())), id="claims changed"
        ),
        pytest.param(
            with_parts(header=base64url(b'{"kid":"key-1","alg":"RS256"}')), id="header written otherwise"
        ),
        pytest.param(with_parts(signature=""), id="no signature"),
        pytest.param(with_parts(signature="AAAA"), id="short signature"),
        pytest.param(id_token(signing_key("RS256", "another"), header={"kid": "key-1"}), id="another key"),
        pytest.param(id_token(signing_key("PS256"), header={"alg": "RS256"}), id="PS256 said to be RS256"),
    ],
)
def test_a_signature_that_does_not_fit_asks_for_a_newer_key_set(token: Secret) -> None:
    """The error makes the caller fetch the key set once more."""
    with pytest.raises(UnknownKey, match=r'RS256 .*"key-1"') as caught:
        signed_claims(token, keys=KEYS, algorithms=())

    assert caught.value.topic == "id-token-key"
    assert "jwks_uri" in caught.value.hint


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256"])
def test_an_empty_or_zero_signature_verifies_nothing(algorithm: str) -> None:
    """A signature of zeros (CVE-2022-21449) and no signature at all are refused."""
    signer = signing_key(algorithm)
    header, claims, _ = id_token(signer).reveal().split(".")
    for signature in ("", base64url(bytes(64)), base64url(bytes(256))):
        with pytest.raises(UnknownKey):
            signed_claims(
                Secret(f"{header}.{claims}.{signature}"), keys=KeySet.from_jwks(jwks(signer)), algorithms=()
            )


@pytest.mark.parametrize(
    ("keys", "header", "words"),
    [
        pytest.param(jwks(), {}, '"key-1"', id="no keys"),
        pytest.param(jwks(RSA), {"kid": "new"}, '"new"', id="rotated"),
        pytest.param(jwks(RSA.jwk(kid=ABSENT)), {}, '"key-1"', id="the set's key has no kid"),
        pytest.param(
            jwks(RSA.jwk(use="enc")),
            {},
            '"key-1" "enc"',
            id="for encryption",
        ),
        pytest.param(
            jwks(signing_key("ES256")),
            {},
            'RS256 "key-1" ES256',
            id="a key of another type",
        ),
        pytest.param(jwks(RSA.jwk(alg="RS512")), {}, '"key-1" RS512', id="a key with another alg"),
        pytest.param(
            jwks(signing_key("ES256")),
            {"kid": ABSENT},
            "RS256",
            id="no kid, no key of the type",
        ),
        pytest.param(
            jwks(signing_key("RS256", "b")),
            {"kid": ABSENT},
            "RS256",
            id="no kid, no fit",
        ),
    ],
)
def test_a_key_that_is_not_there_is_an_unknown_key(
    keys: dict[str, object], header: dict[str, object], words: str
) -> None:
    """The message names the missing key, or why the key is not used."""
    with pytest.raises(UnknownKey) as caught:
        signed_claims(id_token(RSA, header=header), keys=KeySet.from_jwks(keys), algorithms=())

    assert [word for word in words.split() if word not in caught.value.message] == []
    assert "jwks_uri" in caught.value.hint
    assert caught.value.topic == "id-token-key"


@pytest.mark.parametrize(
    ("others", "kid"),
    [
        pytest.param(
            [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}, {"kty": "future"}, 7], "key-1", id="unknown keys"
        ),
        pytest.param([RSA.jwk(use="enc")], "key-1", id="the same kid for encryption"),
        pytest.param([signing_key("RS256", "another").jwk(kid="key-1")], "key-1", id="the same kid twice"),
        pytest.param(
            [signing_key("RS256", "b"), signing_key("ES256", "c")], ABSENT, id="no kid: every key is tried"
        ),
    ],
)
def test_other_keys_in_the_set_do_no_harm(others: list[object], kid: object) -> None:
    """The right key is found among unknown keys, keys with the same kid, and without a kid."""
    keys = KeySet.from_jwks(jwks(*others, RSA))

    assert signed_claims(id_token(RSA, header={"kid": kid}), keys=keys, algorithms=())[0] == "RS256"


def test_a_key_that_the_cryptography_refuses_verifies_nothing() -> None:
    """A P-256 key for ES384, which no parsed set offers, verifies nothing."""
    [key] = KeySet.from_jwks(jwks(signing_key("ES256"))).keys
    offered = KeySet((key._replace(algorithms=frozenset({"ES384"})),))

    with pytest.raises(UnknownKey, match="ES384"):
        signed_claims(id_token(signing_key("ES384")), keys=offered, algorithms=())


def test_keys_that_a_token_brings_along_are_ignored() -> None:
    """jwk, jku, x5c and x5u in the header neither verify a forged token nor hinder an honest one."""
    forger = signing_key("RS256", "forger")
    brought = {
        "jwk": forger.jwk(kid="key-1"),
        "jku": "https://forger.example/keys",
        "x5u": "https://forger.example/c",
        "x5c": ["AAAA"],
    }

    with pytest.raises(UnknownKey):
        signed_claims(id_token(forger, header={**brought, "kid": "key-1"}), keys=KEYS, algorithms=())
    assert signed_claims(id_token(RSA, header=brought), keys=KEYS, algorithms=())[1] == good_claims()


def test_the_example_of_rfc_7515_verifies() -> None:
    """RFC 7515 A.3, an ES256 signature that somebody else made."""
    token = Secret(
        "eyJhbGciOiJFUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )
    key = {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }

    algorithm, claims = signed_claims(token, keys=KeySet.from_jwks(jwks(key)), algorithms=())

    assert algorithm == "ES256"
    assert claims == {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}


@pytest.mark.parametrize("part", ["header", "claims"])
def test_json_that_is_not_an_object_is_told_from_what_is_not_json(part: str) -> None:
    """In the header, and in the claims."""

    def said(content: bytes) -> str:
        changed: dict[str, Any] = {part: content}
        with pytest.raises(IdTokenError) as caught:
            signed_claims(id_token(RSA, **changed), keys=KEYS, algorithms=())
        return caught.value.message

    told_apart(
        {
            "not an object": [said(content) for content in (b"[1]", b'"RS256"', b"null")],
            "not JSON": [said(content) for content in (b"", b"{", b"not json")],
        }
    )


def test_claims_can_be_shown_without_being_verified() -> None:
    """unverified_claims reads what nobody vouches for, and refuses what is no JWT."""
    assert unverified_claims(with_parts(header="!", signature="!")) == good_claims()
    with pytest.raises(IdTokenError, match="JWT"):
        unverified_claims(Secret("opaque"))
    with pytest.raises(IdTokenError, match=r"claims .* base64url"):
        unverified_claims(with_parts(claims="!"))
    with pytest.raises(IdTokenError, match=r"claims .* JSON"):
        unverified_claims(id_token(RSA, claims=b"[]"))


def test_a_token_is_read_to_its_bound() -> None:
    """The last character that is read is where it is said to be."""
    claims = base64url(json.dumps({"a": "b" * 90_000}).encode())
    token = with_parts(claims=claims, signature="").reveal()
    token += "s" * (128 * 1024 - len(token))

    assert unverified_claims(Secret(token)).keys() == {"a"}


def test_an_honest_signature_may_end_in_any_letter() -> None:
    """An ES384 signature is written without padding, so that nothing of it is taken for padding."""
    key = signing_key("ES384")
    letters, keys = set("XYZxyz012"), KeySet.from_jwks(jwks(key))
    while letters:  # each token ends in one of 64
        token = id_token(key)
        if (last := token.reveal()[-1]) in letters:
            letters.remove(last)
            assert signed_claims(token, keys=keys, algorithms=())[0] == "ES384"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda v: st.lists(v) | st.dictionaries(st.text(), v),
    max_leaves=5,
)


def refusal(token: Secret, keys: KeySet) -> str:
    """Return the words of the refusal, or nothing if the signed claims came out."""
    try:
        assert signed_claims(token, keys=keys, algorithms=())[1] == good_claims()
    except IdTokenError as error:
        return error.message
    return ""


def is_one_plain_line(words: str) -> bool:
    """Tell whether a terminal shows the words as they are."""
    return not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in words)


@given(
    st.text()
    | st.builds(lambda *parts: ".".join(map(base64url, parts)), st.binary(), st.binary(), st.binary())
)
def test_arbitrary_text_is_refused_and_nothing_else_happens(text: str) -> None:
    """Whatever comes as token, the only outcome is an IdTokenError."""
    with pytest.raises(IdTokenError):
        signed_claims(Secret(text), keys=KEYS, algorithms=())


@given(
    st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "zip", "cty"]) | st.text(), JSON_VALUES
    )
)
def test_arbitrary_headers_are_taken_or_refused(members: dict[str, object]) -> None:
    """Whatever a header says, the outcome is the signed claims or an IdTokenError."""
    assert is_one_plain_line(refusal(id_token(RSA, header=members), KEYS))


@given(
    st.dictionaries(
        st.sampled_from(["kty", "alg", "use", "kid", "n", "e", "crv", "x", "y", "key_ops", "d"]), JSON_VALUES
    ),
    st.sampled_from([RSA.jwk(), signing_key("ES256").jwk(), {}]),
)
def test_arbitrary_keys_are_used_or_left_out(members: dict[str, object], key: dict[str, object]) -> None:
    """Whatever stands in a key set, each member is used or left out, and a token is verified or refused."""
    keys = KeySet.from_jwks({"keys": [{**key, **members}]})

    assert len(keys.keys) + len(keys.left_out) == 1
    assert is_one_plain_line(refusal(id_token(RSA), keys))
