"""Signatures: examples of the standards, each changed by one bit, and whatever else must not verify."""

from __future__ import annotations

import hmac
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, strategies as st

from kubectl_oidc.oidc import base64url
from kubectl_oidc.oidc.signature import CURVES, RSA, public_key, sign, verifies
from tests.tokens import ABSENT, signing_key

if TYPE_CHECKING:
    from tests.tokens import SigningKey

ALGORITHMS = (*RSA, *CURVES)
MESSAGE = b"header.claims"
RSA_KEY, EC_KEY = signing_key("RS256"), signing_key("ES256")
P521 = signing_key("ES512")


class Example(NamedTuple):
    """A signature of a standard."""

    algorithm: str
    jwk: dict[str, str]
    message: str
    signature: str


RFC_7515_CLAIMS = (
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
EXAMPLES = {
    "RFC 7515 A.2": Example(
        "RS256",
        {
            "kty": "RSA",
            "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR"
            "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS"
            "-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2et"
            "hFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
            "e": "AQAB",
        },
        f"eyJhbGciOiJSUzI1NiJ9.{RFC_7515_CLAIMS}",
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CU"
        "Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_d"
        "O--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig"
        "cN_IoypGlUPQGe77Rw",
    ),
    "RFC 7515 A.3": Example(
        "ES256",
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        f"eyJhbGciOiJFUzI1NiJ9.{RFC_7515_CLAIMS}",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    ),
    "RFC 7520 4.2": Example(
        "PS384",
        {
            "kty": "RSA",
            "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRB"
            "SFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNL"
            "YD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7ji"
            "g3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw",
            "e": "AQAB",
        },
        "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXN"
        "zLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXI"
        "gZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4",
        "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OL"
        "PpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shn"
        "r2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6"
        "oD4ifKo8DYM-X72Eaw",
    ),
}


def with_bit(data: bytes, bit: int) -> bytes:
    """Return the data with one bit changed; bit 0 is the last one."""
    return (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(len(data), "big")


def fits(
    key: SigningKey, signature: bytes, *, message: bytes = MESSAGE, algorithm: str | None = None
) -> bool:
    """Return whether the program finds the signature right, by the key's algorithm if none is given."""
    return verifies(
        public_key(key.jwk()), key.algorithm if algorithm is None else algorithm, message, signature
    )


# Examples of the standards


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_of_a_standard_verifies_and_no_bit_of_it_may_change(name: str) -> None:
    """With each bit of the signature changed, and each of the message's last octets."""
    example = EXAMPLES[name]
    key, message = public_key(example.jwk), example.message.encode()
    signature = base64url.decode(example.signature)

    assert verifies(key, example.algorithm, message, signature)
    for bit in range(len(signature) * 8):
        assert not verifies(key, example.algorithm, message, with_bit(signature, bit)), bit
    for bit in range(64):
        assert not verifies(key, example.algorithm, with_bit(message, bit), signature), bit


def test_the_ed25519_example_is_what_the_program_signs() -> None:
    """RFC 8037 A.4: the signature of a key and a message is always the same."""
    key = Ed25519PrivateKey.from_private_bytes(
        base64url.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
    )
    message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"

    assert base64url.encode(sign(key, "EdDSA", message)) == (
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )


# What fits what


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_verifies_by_its_own_algorithm_only(algorithm: str) -> None:
    """Another hash, padding or curve, HMAC, none and EdDSA verify nothing."""
    key = signing_key(algorithm)
    signature = key.sign(MESSAGE)
    others = {*ALGORITHMS, "none", "HS256", "EdDSA", "ES256K", "RS1", "", algorithm.lower()} - {algorithm}

    assert fits(key, signature)
    assert {other for other in others if fits(key, signature, algorithm=other)} == set()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_the_program_signs_verifies(algorithm: str) -> None:
    """With each algorithm of RSA and ECDSA. Another library verifies it in test_client_assertion."""
    key = signing_key(algorithm)

    assert fits(key, sign(key.private, algorithm, MESSAGE))
    assert not fits(key, sign(signing_key(algorithm, "other").private, algorithm, MESSAGE))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_no_algorithm_makes_a_public_key_a_secret(algorithm: str) -> None:
    """An HMAC with a public number of the key verifies by no algorithm (RFC 8725 §2.1), and neither does nothing at all."""
    key = signing_key(algorithm)
    number = key.jwk()["n" if algorithm == "RS256" else "x"]
    forged = hmac.digest(base64url.decode(str(number)), MESSAGE, "sha256")

    for name in (*ALGORITHMS, "HS256", "none"):
        assert not fits(key, forged, algorithm=name)
        assert not fits(key, b"", algorithm=name)


# The curve and the two numbers of ECDSA


@pytest.mark.parametrize("algorithm", CURVES)
def test_the_curve_is_the_one_of_the_algorithm(algorithm: str) -> None:
    """RFC 7518 §3.4: with the right hash, another curve is refused."""
    for other in set(CURVES) - {algorithm}:
        key = signing_key(other)
        signature = sign(key.private, algorithm, MESSAGE)
        assert not fits(key, signature, algorithm=algorithm)


@pytest.mark.parametrize("algorithm", CURVES)
def test_r_and_s_have_the_length_of_the_curve(algorithm: str) -> None:
    """RFC 7518 §3.4: neither an octet more nor less, not even a zero, and not DER."""
    key = signing_key(algorithm)
    signature = key.sign(MESSAGE)
    half = len(signature) // 2
    r, s = signature[:half], signature[half:]
    der = utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))

    assert fits(key, r + s)
    for wrong in (
        r + s + b"\0",
        b"\0" + r + s,
        b"\0" + r + b"\0" + s,
        r + b"\0" + s,
        r + s[:-1],
        r[1:] + s[1:],
        r,
        s + r,
        der,
    ):
        assert not fits(key, wrong)


def test_a_short_number_is_not_written_short() -> None:
    """P-521 has 66 octets, of which the first is 0 or 1. A signature without the zeros is refused."""
    while True:
        signature = P521.sign(MESSAGE)
        if signature[0] == signature[66] == 0:
            break

    assert fits(P521, signature)
    assert not fits(P521, signature[1:66] + signature[67:])


@pytest.mark.parametrize("algorithm", CURVES)
def test_zero_and_the_order_are_no_numbers_of_a_signature(algorithm: str) -> None:
    """CVE-2022-21449: r and s are 1 to n - 1."""
    key = signing_key(algorithm)
    signature = key.sign(MESSAGE)
    half = len(signature) // 2
    r, s = signature[:half], signature[half:]
    order = key.private.curve.group_order
    zero, whole = bytes(half), order.to_bytes(half, "big")

    for wrong in (r + zero, zero + s, zero + zero, r + whole, whole + s, whole + whole):
        assert not fits(key, wrong)


# Padding and length of RSA


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH), id="longest salt"),
        pytest.param(padding.PSS(padding.MGF1(hashes.SHA256()), 0), id="no salt"),
        pytest.param(padding.PSS(padding.MGF1(hashes.SHA256()), 31), id="an octet less"),
        pytest.param(padding.PSS(padding.MGF1(hashes.SHA384()), 32), id="another hash in MGF1"),
        pytest.param(padding.PKCS1v15(), id="PKCS #1 v1.5"),
    ],
)
def test_the_salt_of_pss_is_as_long_as_the_hash(wrong: Any) -> None:
    """RFC 7518 §3.5, and MGF1 has the same hash."""
    key = signing_key("PS256")

    assert not fits(key, key.private.sign(MESSAGE, wrong, hashes.SHA256()))


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_an_rsa_signature_is_as_long_as_the_modulus(algorithm: str) -> None:
    """RFC 8017 §8.1.2, §8.2.2: an octet less is refused, even if it is a zero at the beginning."""
    key = signing_key(algorithm)
    for number in range(10_000):
        message = b"%d" % number
        if (signature := key.sign(message))[0] == 0:
            break

    assert fits(key, signature, message=message)
    for wrong in (signature[1:], b"\0" + signature, signature + b"\0", signature[:-1]):
        assert not fits(key, wrong, message=message)


# Keys


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param({}, id="empty"),
        pytest.param(RSA_KEY.jwk(kty="EC"), id="RSA called EC"),
        pytest.param(EC_KEY.jwk(kty="RSA"), id="EC called RSA"),
        pytest.param(signing_key("EdDSA").jwk(), id="Ed25519"),
        pytest.param(signing_key("ES256K").jwk(), id="secp256k1"),
        pytest.param({"kty": "oct", "k": "c2VjcmV0"}, id="a shared secret"),
        pytest.param(RSA_KEY.jwk(kty=["RSA"]), id="kty is a list"),
        pytest.param(RSA_KEY.jwk(n=ABSENT), id="no modulus"),
        pytest.param(RSA_KEY.jwk(e=ABSENT), id="no exponent"),
        pytest.param(RSA_KEY.jwk(e=65537), id="exponent is a number"),
        pytest.param(RSA_KEY.jwk(e="AA"), id="exponent 0"),
        pytest.param(RSA_KEY.jwk(e="AQ"), id="exponent 1"),
        pytest.param(RSA_KEY.jwk(e="AQAA"), id="exponent even"),
        pytest.param(RSA_KEY.jwk(e=RSA_KEY.jwk()["n"]), id="exponent as great as the modulus"),
        pytest.param(RSA_KEY.jwk(n=f"{RSA_KEY.jwk()['n']}\n"), id="line end"),
        pytest.param(RSA_KEY.jwk(n="+/" * 171), id="base64"),
        pytest.param(EC_KEY.jwk(crv="P-384"), id="another curve"),
        pytest.param(EC_KEY.jwk(crv=["P-256"]), id="crv is a list"),
        pytest.param(EC_KEY.jwk(crv=ABSENT), id="no curve"),
        pytest.param(EC_KEY.jwk(y=ABSENT), id="no y"),
        pytest.param(EC_KEY.jwk(y=EC_KEY.jwk()["x"]), id="not on the curve"),
        pytest.param(EC_KEY.jwk(x="A" * 43, y="A" * 43), id="0, 0"),
        pytest.param(
            EC_KEY.jwk(x=base64url.encode(b"\0" + base64url.decode(str(EC_KEY.jwk()["x"])))),
            id="a zero before x",
        ),
        pytest.param(P521.jwk(x=str(P521.jwk()["x"])[1:]), id="x too short"),
    ],
)
def test_what_is_no_key_is_refused(jwk: dict[str, object]) -> None:
    """RFC 7518 §6.2.1, §6.3.1. The only error is a ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 - the type is what callers rely on
        public_key(jwk)


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param(RSA_KEY.jwk(e="AQAB==="), id="padded"),
        pytest.param(
            RSA_KEY.jwk(n=base64url.encode(b"\0" + base64url.decode(str(RSA_KEY.jwk()["n"])))),
            id="a zero before n",
        ),
        pytest.param(RSA_KEY.jwk(d="AQAB", p="AQAB", x5c=["AAAA"], alg="RS512"), id="other members"),
    ],
)
def test_keys_that_providers_write_in_their_own_way_are_read(jwk: dict[str, object]) -> None:
    """Padding, a sign octet, and members that are not numbers of the public key."""
    assert verifies(public_key(jwk), "RS256", MESSAGE, RSA_KEY.sign(MESSAGE))


JSON = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=2)
NAMES = st.sampled_from(["kty", "n", "e", "crv", "x", "y"])


@given(
    st.dictionaries(NAMES, JSON | st.binary().map(base64url.encode)),
    st.sampled_from([RSA_KEY, EC_KEY, P521]),
)
def test_any_members_are_a_key_or_a_value_error(members: dict[str, object], key: SigningKey) -> None:
    """Nothing else happens, and another key verifies nothing."""
    jwk = {**key.jwk(), **members}
    numbers = {name: value for name, value in key.jwk().items() if name in {"kty", "n", "e", "crv", "x", "y"}}
    try:
        found = public_key(jwk)
    except ValueError:
        return
    if numbers.items() <= jwk.items():
        assert verifies(found, key.algorithm, MESSAGE, key.sign(MESSAGE))


# Anything else


@given(st.sampled_from(ALGORITHMS), st.binary(max_size=40), st.binary(max_size=600))
def test_only_the_signed_message_and_its_signature_verify(
    algorithm: str, message: bytes, signature: bytes
) -> None:
    """Any other message, and any other bytes as signature."""
    key = signing_key(algorithm)
    right = key.sign(MESSAGE)

    assert fits(key, right, message=message) == (message == MESSAGE)
    assert not fits(key, signature)
    assert not fits(key, right + signature[:1]) or not signature
    padded = (signature + bytes(len(right)))[: len(right)]
    assert not fits(key, padded)


@given(st.sampled_from(ALGORITHMS), st.integers(0, 8 * 600))
def test_a_changed_bit_never_verifies(algorithm: str, bit: int) -> None:
    """Anywhere in the signature."""
    key = signing_key(algorithm)
    signature = key.sign(MESSAGE)

    assert not fits(key, with_bit(signature, bit % (8 * len(signature))))


# Imports

ASYMMETRIC = "cryptography.hazmat.primitives.asymmetric"


@pytest.mark.parametrize(
    ("algorithm", "needed", "others"),
    [
        ("RS256", {"rsa", "padding"}, {"ec", "ed25519"}),
        ("PS256", {"rsa", "padding"}, {"ec", "ed25519"}),
        ("ES256", {"ec"}, {"ed25519"}),  # the library's ECDSA imports rsa and padding itself
    ],
)
def test_a_key_imports_what_its_kind_needs(algorithm: str, needed: set[str], others: set[str]) -> None:
    """Never what reads certificates and PEM files, and not PyJWT."""
    key = signing_key(algorithm)
    program = (
        "import json, sys; from kubectl_oidc.oidc.jws import signed_claims; "
        "from kubectl_oidc.oidc.signature import public_key, verifies; given = json.load(sys.stdin); "
        "right = verifies(public_key(given['key']), given['alg'], b'header.claims', bytes.fromhex(given['signature'])); "
        "json.dump([right, sorted(sys.modules)], sys.stdout)"
    )
    given = {"key": key.jwk(), "alg": algorithm, "signature": key.sign(MESSAGE).hex()}

    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(given), capture_output=True, text=True, check=True
    )

    right, modules = json.loads(done.stdout)
    assert right is True
    assert {f"{ASYMMETRIC}.{name}" for name in needed} <= set(modules)
    unneeded = {f"{ASYMMETRIC}.{name}" for name in others}
    unneeded |= {"jwt", "cryptography.x509", "cryptography.hazmat.primitives.serialization"}
    assert unneeded & set(modules) == set()
