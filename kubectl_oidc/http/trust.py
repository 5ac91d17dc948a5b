"""The trust settings as a value: sorted strings that can be compared, stored and hashed.

A session and a provider's cached documents belong to the trust settings that they were obtained with. Authorities are
compared by content: file or base64, line ends and comments make no difference. The operating system's authorities are
the default, and give the empty tuple.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
from typing import TYPE_CHECKING

from kubectl_oidc.digests import sha256

from .tls import BUNDLE_LIMIT, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .tls import TlsOptions

INSECURE = "insecure"
UNREAD = "unread "
"""The prefix for an authority that cannot be read. It equals no readable authority, and no request succeeds with it."""

_FILE, _DIRECTORY = "SSL_CERT_FILE ", "SSL_CERT_DIR "
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_HASHED = r"(?i)[0-9a-f]{8}\.[0-9]+"  # X509_LOOKUP_hash_dir(3)
_MOST_FILES = 4096
"""The most files that are read in a directory of SSL_CERT_DIR. A distribution's own has about 300."""


def trust_identity(options: TlsOptions) -> tuple[str, ...]:
    """Return the trust settings as sorted strings; empty for the operating system's authorities. Reads the named files."""
    if options.insecure:
        return (INSECURE,)
    words = [word for path in options.ca_files for word in _authorities_in(path)]
    words += [_authority(der) for data in options.ca_data for der in _certificates(data)]
    if options.system:
        words += _from_variables(options)
    return tuple(sorted(set(words)))


def trust_allows(held: tuple[str, ...] | None, asked: tuple[str, ...]) -> bool:
    """Return whether a token may be sent with these trust settings: the same as when it was obtained, or stricter.

    Args:
        held: The identity when the token was obtained; None if version 1.0.0 stored it, which did not record it.
        asked: The identity for the request.
    """
    if held is None:
        return not asked
    if INSECURE in held:
        return True
    added = set(asked) - set(held)
    removed = set(held) - set(asked)
    # Fewer authorities are stricter. If a variable replaces the system's, neither set is known to contain the other.
    return not added and not any(word.startswith((_FILE, _DIRECTORY)) for word in removed)


def depends_on_variables(trust: tuple[str, ...]) -> bool:
    """Return whether SSL_CERT_FILE or SSL_CERT_DIR changes the trust settings."""
    return any(word.startswith((_FILE, _DIRECTORY)) for word in trust)


def has_unreadable_authority(trust: tuple[str, ...]) -> bool:
    """Return whether an authority could not be read."""
    return any(word.startswith(UNREAD) for word in trust)


def describe_trust(trust: tuple[str, ...] | None) -> str:
    """Return the trust settings for a message, as names of flags and variables."""
    if trust is None:
        return "unknown authorities (version 1.0.0 did not record them)"
    if INSECURE in trust:
        return "--insecure-skip-tls-verify"
    kinds = {_FILE: "SSL_CERT_FILE", _DIRECTORY: "SSL_CERT_DIR"}
    named = dict.fromkeys(
        next((kinds[kind] for kind in kinds if word.startswith(kind)), "--certificate-authority")
        for word in trust
    )
    return " and ".join(named) or "the system's authorities"


def _authorities_in(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            return [_authority(der) for der in _certificates(file.read(BUNDLE_LIMIT))]
    except OSError:
        return [UNREAD + os.fspath(path)]


def _authority(content: bytes) -> str:
    return f"ca {_digest(content)}"


def _certificates(data: bytes) -> Iterator[bytes]:
    """Yield each certificate as DER. Data that is not PEM, or not strict base64, is yielded unchanged."""
    from .authorities import PEM

    blocks = re.findall(PEM, data)
    if not blocks:
        yield data
    for block in blocks:
        inner = b"".join(block.removeprefix(_BEGIN).removesuffix(_END).split())
        try:
            yield base64.b64decode(inner, validate=True)
        except (binascii.Error, ValueError):
            yield block


def _from_variables(options: TlsOptions) -> Iterator[str]:
    """Yield the identities of SSL_CERT_FILE and SSL_CERT_DIR, unless they name the system's own file and directory."""
    file, directory = (options.variable(name) for name in VARIABLES)
    if not file and not directory:
        return
    from .tls_context import system_directory, system_files

    if file and _real(file) not in map(_real, system_files()):
        content = _content(file)
        if content:
            yield _FILE + _digest(content)
    names = [
        name for name in directory.split(os.pathsep) if name and _real(name) != _real(system_directory())
    ]
    found = sorted(digest for name in names for digest in _digests_in(name))
    if found:
        yield _DIRECTORY + _digest("\n".join(found).encode())


def _digests_in(directory: str) -> Iterator[str]:
    """Yield the digests of the files that OpenSSL looks up in a directory. With too many files, only the name counts."""
    try:
        names = sorted(name for name in os.listdir(directory) if re.fullmatch(_HASHED, name))  # noqa: PTH208 - the variable's own text
    except OSError:
        return
    if len(names) > _MOST_FILES:
        yield _digest(_unread_name(directory))
        return
    for name in names:
        content = _content(os.path.join(directory, name))  # noqa: PTH118 - the variable's own text
        if content:
            yield _digest(content)


def _content(name: str) -> bytes:
    """Return a file's bytes; none if it cannot be read. For a pipe, a device or a very large file, return its name."""
    try:
        descriptor = os.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return b""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return _unread_name(name)
        content = bytearray()
        while piece := os.read(descriptor, BUNDLE_LIMIT):
            content += piece
            if len(content) > BUNDLE_LIMIT:
                return _unread_name(name)
        return bytes(content)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _unread_name(name: str) -> bytes:
    return os.fsencode(f"not read: {name}")


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _real(name: str) -> str:
    return os.path.normcase(os.path.realpath(name))
