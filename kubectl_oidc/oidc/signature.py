"""Make and verify the signatures of JWTs with the ``cryptography`` library (JWS, RFC 7515 §5.1, §5.2; RFC 7518 §3).

``none`` and HMAC do not exist here. ``key_set`` decides which algorithms a key may verify; this module also refuses a key whose
type or curve is not the algorithm's. An RSA key imports nothing for elliptic curves, and no key of a key set imports what
reads PEM files or certificates.
"""

from __future__ import annotations

from . import base64url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.padding import PSS, PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
"""RSASSA-PKCS1-v1_5 (RFC 7518 §3.3) and RSASSA-PSS (§3.5)."""

CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
"""ECDSA (RFC 7518 §3.4): the one curve of each algorithm, by the name that the library gives it."""


def public_key(jwk: Mapping[str, object]) -> RSAPublicKey | EllipticCurvePublicKey:
    """Return the key of a JWK. Only ``kty`` and the public numbers are read (RFC 7518 §6.2.1, §6.3.1).

    Raises:
        ValueError: The type or curve is not supported, a number is missing or not base64url, or the numbers are not a valid key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        if jwk.get("kty") == "RSA":
            return _rsa_key(jwk)
        if jwk.get("kty") == "EC":
            return _elliptic_curve_key(jwk)
    except UnsupportedAlgorithm:  # for example a curve that this machine's OpenSSL does not allow
        raise ValueError from None
    raise ValueError


def _rsa_key(jwk: Mapping[str, object]) -> RSAPublicKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    return RSAPublicNumbers(_number(_octets(jwk, "e")), _number(_octets(jwk, "n"))).public_key()


def _elliptic_curve_key(jwk: Mapping[str, object]) -> EllipticCurvePublicKey:
    """Return the key if its point is on its curve and both coordinates have the curve's length (RFC 7518 §6.2.1.2)."""
    from cryptography.hazmat.primitives.asymmetric import ec

    curves = (("P-256", ec.SECP256R1()), ("P-384", ec.SECP384R1()), ("P-521", ec.SECP521R1()))
    for name, curve in curves:
        if jwk.get("crv") == name:
            x, y = _octets(jwk, "x"), _octets(jwk, "y")
            if len(x) == len(y) == _length(curve.key_size):
                return ec.EllipticCurvePublicNumbers(_number(x), _number(y), curve).public_key()
    raise ValueError


def _octets(jwk: Mapping[str, object], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - the caller handles one kind of error
    return base64url.decode(value.rstrip("="))  # padding is against RFC 7515 §2, and changes no number


def _number(octets: bytes) -> int:
    return int.from_bytes(octets, "big")


def _length(bits: int) -> int:
    """Return how many octets hold a number of ``bits``."""
    return (bits + 7) // 8


def verifies(
    key: RSAPublicKey | EllipticCurvePublicKey, algorithm: str, message: bytes, signature: bytes
) -> bool:
    """Return whether ``signature`` is the key's signature of ``message`` by this algorithm (RFC 7515 §5.2)."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        if algorithm in RSA:
            return _verifies_rsa(key, algorithm, message, signature)
        if algorithm in CURVES:
            return _verifies_ecdsa(key, algorithm, message, signature)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return False


def _verifies_rsa(key: object, algorithm: str, message: bytes, signature: bytes) -> bool:
    """Return False unless the signature is as long as the modulus (RFC 8017 §8.1.2, §8.2.2); raise InvalidSignature if it is wrong."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    if not isinstance(key, RSAPublicKey) or len(signature) != _length(key.key_size):
        return False
    key.verify(signature, message, _padding(algorithm), _hash(algorithm))
    return True


def _verifies_ecdsa(key: object, algorithm: str, message: bytes, signature: bytes) -> bool:
    """Return False unless r and s have the curve's length (RFC 7518 §3.4); raise InvalidSignature if the signature is wrong."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name != CURVES[algorithm]:
        return False
    length = _length(key.key_size)
    if len(signature) != 2 * length:
        return False
    der = encode_dss_signature(_number(signature[:length]), _number(signature[length:]))
    key.verify(der, message, ECDSA(_hash(algorithm)))
    return True


def sign(
    key: RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey, algorithm: str, message: bytes
) -> bytes:
    """Return the signature of ``message`` (RFC 7515 §5.1; for an Ed25519 key RFC 8037 §3.1).

    Args:
        algorithm: One that fits the key's type and curve.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    if isinstance(key, RSAPrivateKey):
        return key.sign(message, _padding(algorithm), _hash(algorithm))
    if isinstance(key, EllipticCurvePrivateKey):
        length = _length(key.key_size)
        numbers = decode_dss_signature(key.sign(message, ECDSA(_hash(algorithm))))
        return b"".join(number.to_bytes(length, "big") for number in numbers)
    return key.sign(message)


def _padding(algorithm: str) -> PKCS1v15 | PSS:
    """Return the RSA padding. The salt of PSS is as long as the hash, and MGF1 uses the same hash (RFC 7518 §3.5)."""
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15

    if algorithm.startswith("RS"):
        return PKCS1v15()
    hashed = _hash(algorithm)
    return PSS(MGF1(hashed), salt_length=hashed.digest_size)


def _hash(algorithm: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

    return {"256": SHA256(), "384": SHA384(), "512": SHA512()}[algorithm[2:]]
