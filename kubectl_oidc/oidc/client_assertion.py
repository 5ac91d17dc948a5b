"""The assertion of private_key_jwt: a JWT signed with the client's own key (OpenID Connect Core §9, RFC 7523 §2.2, §3).

The key is read from its file once a process, before a person is asked anything. Each request gets a new assertion. Neither is
stored, logged or shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import UsageError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.secret import Secret
from kubectl_oidc.system import secret_file
from kubectl_oidc.text import sanitize

from . import base64url
from .flags import ASSERTION_KEY
from .signature import CURVES, sign

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""The value of ``client_assertion_type`` (RFC 7523 §2.2)."""

LIFE = 60
"""The lifetime of an assertion in seconds. It is used immediately and once."""

_SHORTEST_RSA = 2048  # bits, RFC 7518 §3.3
_RSA = ("RS256", "PS256", "RS384", "PS384", "RS512", "PS512")
_CURVES = {curve: algorithm for algorithm, curve in CURVES.items()}


class AssertionKey(NamedTuple):
    """The client's private key.

    Attributes:
        algorithms: The algorithms that the key can sign with (RFC 7518 §3.1, RFC 8037 §3.1), the preferred one first.
    """

    private: RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey
    algorithms: tuple[str, ...]
    key_id: str | None = None

    def __repr__(self) -> str:
        return f"AssertionKey(algorithms={self.algorithms!r})"  # never the key

    def assertion(self, client_id: str, audience: str, now: int, supported: Sequence[str] = ()) -> Secret:
        """Return a new assertion.

        Args:
            now: The time in epoch seconds.
            supported: The algorithms in the provider's metadata. If the key supports none of them, they are ignored.
        """
        import json
        import secrets

        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "jti": secrets.token_urlsafe(32),
            "iat": now,
            "exp": now + LIFE,
        }
        algorithm = next((name for name in self.algorithms if name in supported), self.algorithms[0])
        header = {"alg": algorithm, "typ": "JWT", **({"kid": self.key_id} if self.key_id else {})}
        signed = ".".join(base64url.encode(json.dumps(part).encode()) for part in (header, claims))
        signature = sign(self.private, algorithm, signed.encode("ascii"))
        return Secret(f"{signed}.{base64url.encode(signature)}")


class AssertionKeyFile(NamedTuple):
    """The file of the client's private key, in PEM form."""

    path: Path
    key_id: str | None = None

    def load(self) -> AssertionKey:
        """Read the key.

        Raises:
            UsageError: The file cannot be read, or has no usable key.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        hint = "give a file that you can read, with the client's private key in PEM form"
        pem = secret_file.read_secret_file(ASSERTION_KEY, self.path, hint=hint, topic="client-assertion-key")
        try:
            key = load_pem_private_key(pem, password=None)
        except TypeError:
            raise self._unusable(
                "holds an encrypted key", "decrypt it (`openssl pkey -in KEY -out FILE`)"
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            raise self._unusable(*_no_private_key(pem)) from None
        return self._checked(key)

    def _checked(self, key: PrivateKeyTypes) -> AssertionKey:
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

        if isinstance(key, rsa.RSAPrivateKey):
            if key.key_size < _SHORTEST_RSA:
                raise self._unusable(
                    f"holds an RSA key of {key.key_size} bits, fewer than {_SHORTEST_RSA}",
                    "create a longer one, and give its public half to the provider",
                )
            return AssertionKey(private=key, algorithms=_RSA, key_id=self.key_id)
        if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
            return AssertionKey(private=key, algorithms=(_CURVES[key.curve.name],), key_id=self.key_id)
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return AssertionKey(private=key, algorithms=("EdDSA",), key_id=self.key_id)
        raise self._unusable(
            "has a key of an unsupported kind",
            "use RSA, an elliptic curve (P-256, P-384, P-521) or Ed25519",
        )

    def _unusable(self, what: str, hint: str) -> UsageError:
        return UsageError(
            f"{ASSERTION_KEY}: {sanitize(self.path)} {what}", hint, topic="client-assertion-key"
        )


def _no_private_key(pem: bytes) -> tuple[str, str]:
    """Return what is wrong with a file that has no readable private key, and what to do."""
    if b"-BEGIN OPENSSH PRIVATE KEY-" in pem:
        return (
            "holds a key in OpenSSH's own form",
            "create one in PEM form (`openssl genpkey -algorithm ed25519 -out FILE`)",
        )
    if b"PRIVATE KEY-----" in pem:
        return (
            "holds a private key that cannot be read",
            "convert it to PEM form (`openssl pkey -in KEY -out FILE`)",
        )
    for mark, what in (
        (b"-BEGIN CERTIFICATE-", "holds a certificate and no private key"),
        (b"PUBLIC KEY-", "holds a public key"),
    ):
        if mark in pem:
            return what, f"give its private key with {ASSERTION_KEY}"
    return (
        "holds no private key in PEM form",
        "give a PEM file, which begins with -----BEGIN PRIVATE KEY-----",
    )
