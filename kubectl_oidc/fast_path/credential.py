"""The session's current credential, and the format of this program's small records.

A record consists of a line with the name of its format, a line with the digest of the rest, and the rest. A damaged record, or one
that other users could have written, is not used. The digest is BLAKE2b (RFC 7693) with 16 bytes. It detects damage, not a
forgery by the owner. The credential's record contains the token as a JSON string and the expiry as RFC 3339 text, so the fast
path need not format them. Both are in one module, because each further module costs the fast path 1 % of the interpreter's start.
"""

import os
import sys

try:
    # Built into the interpreter, or a tiny extension. hashlib would load OpenSSL, a third of the time budget.
    from _blake2 import blake2b
except ImportError:  # pragma: no cover - an interpreter without it
    from hashlib import blake2b

FORMAT = b"kubectl-oidc credential 2"
CREDENTIALS_DIRECTORY = "credentials"
KEYRING_SYSTEMS = ("darwin", "win32")
"""The values of `sys.platform` where the fast path reads the OS keyring."""

LIMIT = 1 << 20  # bytes; a larger token does not fit into an HTTP header

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
    """Return the record of ``body``. ``form`` is the format's name and version, without a line break."""
    return b"%s\n%s\n%s" % (form, hexdigest(body).encode(), body)


def without_digest(form: bytes, record: bytes) -> bytes | None:
    """Return the body of ``record``, or None if it is damaged or has another format than ``form``."""
    head, _, rest = record.partition(b"\n")
    check, _, body = rest.partition(b"\n")
    return body if head == form and hexdigest(body).encode() == check else None


def read_private(directory: str, name: str, limit: int) -> bytes | None:
    """Return the content of ``directory/name``, or None if it is missing, too long or accessible to others.

    A file that another user could have written is never read. So a symlink, a FIFO and a file with a second hard link are refused.
    So are another owner, permissions for others, and a directory that others can write.

    Args:
        directory: A directory that only this user owns and can write.
        name: The file's name in it.
        limit: The maximum length in bytes.
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
    """A token, ready to be written into an ExecCredential.

    Args:
        expiry: When it expires, in epoch seconds.
        timestamp: The expiry as RFC 3339 text.
        token: The token as a JSON string literal, with its quotes.
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
        """Return the record to store."""
        body = b"%d %d\n%s\n%s" % (self.expiry, self.issued, self.timestamp, self.token)
        return with_digest(FORMAT, body)

    def fingerprint(self) -> str:
        """Return a digest of the token, which does not reveal it."""
        return hexdigest(self.token)[:16]

    def exec_credential(self, api_version: str) -> bytes:
        """Return the ExecCredential document (Kubernetes client authentication v1, v1beta1)."""
        return (
            b'{"kind":"ExecCredential","apiVersion":"%s","spec":{"interactive":false},'
            b'"status":{"expirationTimestamp":"%s","token":%s}}\n'
        ) % (api_version.encode(), self.timestamp, self.token)


def parse_credential(record: bytes) -> Credential | None:
    """Return the credential in ``record``, or None if the record is damaged or has another version."""
    body = without_digest(FORMAT, record)
    if body is None:
        return None
    times, timestamp, token = body.split(b"\n", 2)
    expiry, issued = times.split()
    return Credential(int(expiry), timestamp, token, int(issued))


def is_due(issued: int, expiry: int, margin: int, permille: int, now: float) -> bool:
    """Return whether a credential should be refreshed ahead of its expiry.

    Args:
        issued: When it was issued, in epoch seconds.
        expiry: When it expires, in epoch seconds.
        margin: How many seconds before its expiry it is no longer used.
        permille: After how many thousandths of its useful life it is refreshed; 0 means never.
        now: Epoch seconds.
    """
    return permille > 0 and 1000 * (now - issued) >= permille * (expiry - margin - issued)


def read_credential(session_id: str, place: str, directory: str) -> Credential | None:
    """Return the session's current credential, which may have expired, or None.

    Args:
        session_id: The session.
        place: ``kernel`` or ``disk``; `keyring_session` reads the third one.
        directory: The cache directory, for ``disk``.
    """
    record = None
    if place == "disk":
        record = read_private(os.path.join(directory, CREDENTIALS_DIRECTORY), session_id, LIMIT)  # noqa: PTH118
    elif place == "kernel":
        from .kernel_keyring import CREDENTIAL, read_key

        record = read_key(CREDENTIAL + session_id)
    return None if record is None else parse_credential(record)
