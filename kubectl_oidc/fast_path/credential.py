"""The session's current credential: expiry and token, once a session, ready to be written out; and small records of ours.

A record is a line that names its format, a line with the digest of the rest, and the rest. It is read where nobody else
can have written it, and whole or not at all: the digest is BLAKE2b (RFC 7693), 16 bytes, which guards against what is
damaged, not against an owner who forges. The credential's carries the token as a JSON string and the expiry as RFC 3339
text, so that the hot half renders nothing. Both stand in one module because each module costs the hot half a hundredth
of what the bare interpreter takes.
"""

import os
import sys

try:
    # Built into the interpreter or a tiny extension; hashlib would load OpenSSL, at a third of our budget.
    from _blake2 import blake2b
except ImportError:  # pragma: no cover - an interpreter without it
    from hashlib import blake2b

FORMAT = b"kubectl-oidc credential 2"
DIRECTORY = "credentials"
LIMIT = 1 << 20  # bytes; a token that is larger than this fits no HTTP header

_FLAGS = os.O_RDONLY | (
    getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_REGULAR, _TYPE, _OTHERS, _OTHERS_WRITE = 0o100000, 0o170000, 0o077, 0o022


def hexdigest(content: bytes) -> str:
    """Return the digest of ``content`` as 32 hexadecimal digits."""
    digest: str = blake2b(content, digest_size=16).hexdigest()
    return digest


def with_digest(form: bytes, body: bytes) -> bytes:
    """Return the record of ``body``.

    Args:
        form: The format's name and version, without a line break.
        body: Any bytes.
    """
    return b"%s\n%s\n%s" % (form, hexdigest(body).encode(), body)


def without_digest(form: bytes, record: bytes) -> bytes | None:
    """Return what is sealed in ``record``, or None when it is not whole or of another format.

    Args:
        form: The format's name and version.
        record: What was read.
    """
    head, _, rest = record.partition(b"\n")
    check, _, body = rest.partition(b"\n")
    return body if head == form and hexdigest(body).encode() == check else None


def read_private(directory: str, name: str, limit: int) -> bytes | None:
    """Return the content of ``directory/name``, or None when it is missing, too long or not ours alone.

    A symlink, a FIFO, a second hard link, a foreign owner, a mode that others can use, and a directory that others
    can write are all refused: what somebody else could have put there is not believed.

    Args:
        directory: The directory, which must be ours and writable by us alone.
        name: The file's name in it.
        limit: The longest content that is read, in bytes.
    """
    try:
        if sys.platform != "win32":
            place = os.stat(directory)  # noqa: PTH116
            if place.st_uid != os.geteuid() or place.st_mode & _OTHERS_WRITE:
                return None
        descriptor = os.open(f"{directory}/{name}", _FLAGS)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(descriptor)
        if status.st_mode & _TYPE != _REGULAR or status.st_size > limit:
            return None
        if sys.platform != "win32" and (
            status.st_uid != os.geteuid() or status.st_mode & _OTHERS or status.st_nlink != 1
        ):
            return None
        return os.read(descriptor, limit)
    except OSError:
        return None
    finally:
        os.close(descriptor)


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
        return with_digest(FORMAT, body)

    def fingerprint(self) -> str:
        """Return what tells this token from another, without giving it away."""
        return hexdigest(self.token)[:16]

    def exec_credential(self, api_version: str) -> bytes:
        """Return the ExecCredential document (Kubernetes client authentication v1, v1beta1)."""
        return (
            b'{"kind":"ExecCredential","apiVersion":"%s","spec":{"interactive":false},'
            b'"status":{"expirationTimestamp":"%s","token":%s}}\n'
        ) % (api_version.encode(), self.timestamp, self.token)


def parse_credential(record: bytes) -> Credential | None:
    """Return the credential in ``record``, or None when the record is not whole or not of this version."""
    body = without_digest(FORMAT, record)
    if body is None:
        return None
    times, timestamp, token = body.split(b"\n", 2)
    expiry, issued = times.split()
    return Credential(int(expiry), timestamp, token, int(issued))


def is_due(issued: int, expiry: int, margin: int, permille: int, now: float) -> bool:
    """Tell whether a credential nears its end.

    Args:
        issued: When it was issued, epoch seconds.
        expiry: When it ends, epoch seconds.
        margin: Seconds before its end that it is not handed out any more.
        permille: After how many thousandths of its useful life it is replaced; 0 is never.
        now: Epoch seconds.
    """
    return permille > 0 and 1000 * (now - issued) >= permille * (expiry - margin - issued)


def read_credential(session_id: str, place: str, directory: str) -> Credential | None:
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
    return None if record is None else parse_credential(record)
