"""Mint keys, key sets and signed ID tokens for tests, the dishonest ones included.

    key = signing_key("RS256", kid="a")
    token = id_token(key, claims=good_claims(aud="other"))      # a Secret, signed over exactly these claims
    keys = KeySet.from_jwks(jwks(key))

There is one key for each algorithm and name in a process. RSA keys are kept for the next process and run.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt import get_algorithm_by_name

from kubectl_oidc.secret import Secret

from .kept_keys import kept_key

if TYPE_CHECKING:
    from collections.abc import Mapping

ISSUER: Final = "https://idp.example.com/oauth2/default"
CLIENT_ID: Final = "kubernetes"
NOW: Final = 1_760_000_000  # 2025-10-09 08:53:20 UTC
ABSENT: Final = object()  # a member with this value is left out

_CURVES: Final = {
    "ES256": ec.SECP256R1(),
    "ES384": ec.SECP384R1(),
    "ES512": ec.SECP521R1(),
    "ES256K": ec.SECP256K1(),
}


@dataclass(frozen=True)
class SigningKey:
    """A private key, the algorithm it signs with and its key ID."""

    private: Any
    algorithm: str
    kid: str | None

    def jwk(self, **changes: object) -> dict[str, object]:
        """Return the public JWK; ``changes`` replace members, ABSENT drops one."""
        public = get_algorithm_by_name(self.algorithm).to_jwk(self.private.public_key(), as_dict=True)
        kid = ABSENT if self.kid is None else self.kid
        members = {**public, "key_ops": ABSENT, "kid": kid, "use": "sig", "alg": self.algorithm, **changes}
        return _without_absent(members)

    def sign(self, data: bytes) -> bytes:
        """Return the JWS signature of ``data``."""
        return get_algorithm_by_name(self.algorithm).sign(data, self.private)


@cache
def signing_key(algorithm: str = "RS256", kid: str | None = "key-1", *, bits: int = 2048) -> SigningKey:
    """Return the key of this algorithm and name; the same one each time it is asked for.

    Args:
        algorithm: RS*, PS*, ES*, ES256K or EdDSA.
        kid: Its key ID, or none.
        bits: The length of an RSA key.
    """
    private: Any
    if algorithm in _CURVES:
        private = ec.generate_private_key(_CURVES[algorithm])
    elif algorithm == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
    else:
        private = kept_key(f"{algorithm} {kid} {bits}", lambda: rsa.generate_private_key(65537, bits))
    return SigningKey(private, algorithm, kid)


def jwks(*keys: SigningKey | object) -> dict[str, object]:
    """Return a JWK Set of signing keys, JWKs or whatever else should stand in one."""
    return {"keys": [key.jwk() if isinstance(key, SigningKey) else key for key in keys]}


def good_claims(**changes: object) -> dict[str, object]:
    """Return claims that hold at NOW for ISSUER and CLIENT_ID; ``changes`` replace some, ABSENT drops one."""
    claims: dict[str, object] = {
        "iss": ISSUER,
        "sub": "00u1",
        "aud": CLIENT_ID,
        "exp": NOW + 3600,
        "iat": NOW,
        "email": "ada@example.com",
        "groups": ["eks-admins"],
    }
    return _without_absent({**claims, **changes})


def id_token(
    key: SigningKey | None = None,
    *,
    claims: Mapping[str, object] | bytes | None = None,
    header: Mapping[str, object] | bytes | None = None,
) -> Secret:
    """Return a signed token.

    Args:
        key: Who signs; the RS256 key "key-1" if none is given.
        claims: ``good_claims()`` if none are given; bytes are signed as they are.
        header: Members that are added to (or replace, or with ABSENT drop) alg and kid; bytes stand as they are.
    """
    signer = key or signing_key()
    if not isinstance(header, bytes):
        kid = ABSENT if signer.kid is None else signer.kid
        header = _json(_without_absent({"alg": signer.algorithm, "kid": kid, **(header or {})}))
    if not isinstance(claims, bytes):
        claims = _json(good_claims() if claims is None else claims)
    signed = f"{base64url(header)}.{base64url(claims)}"
    return Secret(f"{signed}.{base64url(signer.sign(signed.encode()))}")


def base64url(data: bytes) -> str:
    """Return base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _without_absent(members: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not ABSENT}
