"""The digest that names known words and guards records: BLAKE2b (RFC 7693), 16 bytes."""

try:
    # Built into the interpreter or a tiny extension; hashlib would load OpenSSL, at a third of our budget.
    from _blake2 import blake2b
except ImportError:  # pragma: no cover - an interpreter without it
    from hashlib import blake2b


def hexdigest(content: bytes) -> str:
    """Return the digest of ``content`` as 32 hexadecimal digits."""
    digest: str = blake2b(content, digest_size=16).hexdigest()
    return digest
