"""The session's current credential: expiry and token, once a session, ready to be written out.

The record carries the token as a JSON string and the expiry as RFC 3339 text, so that the hot half renders nothing. A
digest makes a truncated or damaged record a miss.
"""

import os

from .record import hexdigest, read_private, seal, unseal

FORMAT = b"kubectl-oidc credential 2"
DIRECTORY = "credentials"
LIMIT = 1 << 20  # bytes; a token that is larger than this fits no HTTP header


class Credential:
    """A credential as it is handed out.

    Args:
        expiry: When it ends, in epoch seconds.
        timestamp: The same as RFC 3339 text.
        token: The token as a JSON string literal, quotes included.
        issued: When it was issued, in epoch seconds.
    """

    __slots__ = ("expiry", "issued", "timestamp", "token")

    def __init__(self, expiry: int, timestamp: bytes, token: bytes, issued: int) -> None:
        self.expiry = expiry
        self.issued = issued
        self.timestamp = timestamp
        self.token = token

    def __repr__(self) -> str:
        return f"Credential(expiry={self.expiry}, token=…)"

    def record(self) -> bytes:
        """Return what is stored."""
        body = b"%d %d\n%s\n%s" % (self.expiry, self.issued, self.timestamp, self.token)
        return seal(FORMAT, body)

    def mark(self) -> str:
        """Return what tells this token from another, without giving it away."""
        return hexdigest(self.token)[:16]

    def answer(self, api_version: str) -> bytes:
        """Return the ExecCredential document (Kubernetes client authentication v1, v1beta1)."""
        return (
            b'{"kind":"ExecCredential","apiVersion":"%s","spec":{"interactive":false},'
            b'"status":{"expirationTimestamp":"%s","token":%s}}\n'
        ) % (api_version.encode(), self.timestamp, self.token)


def parse(record: bytes) -> Credential | None:
    """Return the credential in ``record``, or None when the record is not whole or not of this version."""
    body = unseal(FORMAT, record)
    if body is None:
        return None
    times, timestamp, token = body.split(b"\n", 2)
    expiry, issued = times.split()
    return Credential(int(expiry), timestamp, token, int(issued))


def due(issued: int, expiry: int, margin: int, permille: int, now: float) -> bool:
    """Tell whether a credential nears its end.

    Args:
        issued: When it was issued, epoch seconds.
        expiry: When it ends, epoch seconds.
        margin: Seconds before its end that it is not handed out any more.
        permille: After how many thousandths of its useful life it is replaced; 0 is never.
        now: Epoch seconds.
    """
    return permille > 0 and 1000 * (now - issued) >= permille * (expiry - margin - issued)


def current(session_id: str, place: str, directory: str) -> Credential | None:
    """Return the session's current credential, whether it is still good or not, or None.

    Args:
        session_id: The session.
        place: ``kernel`` or ``disk``; any other place cannot be read from here.
        directory: The cache directory, for ``disk``.
    """
    record = None
    if place == "disk":
        record = read_private(os.path.join(directory, DIRECTORY), session_id, LIMIT)  # noqa: PTH118
    elif place == "kernel":
        from .kernel_keyring import read

        record = read(f"kubectl-oidc:credential:{session_id}")
    return None if record is None else parse(record)
