"""Keys of a client, in files as people have them."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jwt import get_algorithm_by_name

from .kept_keys import kept_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MAKE: dict[str, Callable[[], Any]] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "short rsa": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 - to be refused
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "Ed448": ed448.Ed448PrivateKey.generate,
    "X25519": x25519.X25519PrivateKey.generate,
    "dsa": lambda: dsa.generate_private_key(1024),  # noqa: S505 - to be refused
}


@cache
def client_key(kind: str) -> Any:
    """Return the private key of this kind; the same one each time it is asked for."""
    return kept_key(f"client {kind}", _MAKE[kind])


def private_pem(
    kind: str, encoding: PrivateFormat = PrivateFormat.PKCS8, password: bytes | None = None
) -> bytes:
    """Return a private key as a file holds it."""
    how: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
    pem: bytes = client_key(kind).private_bytes(Encoding.PEM, encoding, how)
    return pem


def public_pem(kind: str) -> bytes:
    """Return the public half."""
    pem: bytes = client_key(kind).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def public_jwk(kind: str, algorithm: str, **members: str) -> dict[str, Any]:
    """Return the public half as a provider wants it."""
    return public_half(client_key(kind), algorithm, **members)


def public_half(key: Any, algorithm: str, **members: str) -> dict[str, Any]:
    """Return the public half of any private key as a provider wants it."""
    jwk: dict[str, Any] = json.loads(get_algorithm_by_name(algorithm).to_jwk(key.public_key()))
    jwk.pop("key_ops", None)
    return {**jwk, **members}


def written(path: Path, kind: str = "rsa") -> Path:
    """Write a private key into a file, and return where it is."""
    path.write_bytes(private_pem(kind))
    return path
