"""base64url without padding, the encoding of everything in a JWT or a JWK (RFC 7515 §2)."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def encode(data: bytes) -> str:
    """Return ``data`` as base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes that ``encode`` writes as ``text``.

    Raises:
        ValueError: ``text`` is padded, has other characters, or is any other spelling than the one of ``encode``.
    """
    if set(text) <= _ALPHABET and len(text) % 4 != 1:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if encode(data) == text:
            return data
    raise ValueError
