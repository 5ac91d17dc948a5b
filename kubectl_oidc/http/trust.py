"""Who is trusted to be the provider, as a value that can be compared, kept and be part of a name.

A session and the provider's public documents belong to the trust that they were obtained under. Authorities count by their
content: a file or base64, line ends and comments make no difference. The operating system's own authorities are the
default, which is the empty identity.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
from hashlib import sha256
from typing import TYPE_CHECKING

from .authorities import PEM
from .tls import BUNDLE_LIMIT, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .tls import TlsOptions

INSECURE = "insecure"
UNREAD = "unread "
"""How the word of an authority begins that cannot be read: it is equal to no other, and no request can be made with it."""

_FILE, _DIRECTORY = "SSL_CERT_FILE ", "SSL_CERT_DIR "
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+", re.IGNORECASE)  # X509_LOOKUP_hash_dir(3)
_MOST_FILES = 4096
"""Files that are read of a directory of SSL_CERT_DIR; a distribution's own has about 300."""


def identity(options: TlsOptions) -> tuple[str, ...]:
    """Return who is trusted: sorted words, none for the operating system's authorities as they are.

    Args:
        options: Whose certificates are believed; files that it names are read now.
    """
    if options.insecure:
        return (INSECURE,)
    words = [word for path in options.ca_files for word in _of_file(path)]
    words += [_authority(der) for data in options.ca_data for der in _certificates(data)]
    if options.system:
        words += _of_the_variables(options)
    return tuple(sorted(set(words)))


def allows(held: tuple[str, ...] | None, asked: tuple[str, ...]) -> bool:
    """Return whether what was obtained under one trust may be sent under another: the same, or a stricter one.

    Args:
        held: The identity that it was obtained under; None where that was not noted (version 1.0.0).
        asked: The identity that it would be sent under.
    """
    if held is None:
        return not asked
    if INSECURE in held:
        return True
    added = set(asked) - set(held)
    removed = set(held) - set(asked)
    # Fewer authorities are stricter. Where a variable replaces the system's, neither is known to be a part of the other.
    return not added and not any(word.startswith((_FILE, _DIRECTORY)) for word in removed)


def of_variables(trust: tuple[str, ...]) -> bool:
    """Return whether SSL_CERT_FILE or SSL_CERT_DIR make a difference."""
    return any(word.startswith((_FILE, _DIRECTORY)) for word in trust)


def unread(trust: tuple[str, ...]) -> bool:
    """Return whether an authority could not be read."""
    return any(word.startswith(UNREAD) for word in trust)


def in_words(trust: tuple[str, ...] | None) -> str:
    """Return who is trusted, in the words of flags and variables."""
    if trust is None:
        return "the trust of version 1.0.0, which did not note it"
    if INSECURE in trust:
        return "--insecure-skip-tls-verify"
    kinds = {_FILE: "SSL_CERT_FILE", _DIRECTORY: "SSL_CERT_DIR"}
    named = dict.fromkeys(
        next((kinds[kind] for kind in kinds if word.startswith(kind)), "--certificate-authority")
        for word in trust
    )
    return " and ".join(named) or "the system's authorities"


def _of_file(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            return [_authority(der) for der in _certificates(file.read(BUNDLE_LIMIT))]
    except OSError:
        return [UNREAD + os.fspath(path)]


def _authority(content: bytes) -> str:
    return f"ca {_digest(content)}"


def _certificates(data: bytes) -> Iterator[bytes]:
    """Yield each certificate's DER; what is not strictly base64, or no PEM at all, as it is."""
    blocks = PEM.findall(data)
    if not blocks:
        yield data
    for block in blocks:
        inner = b"".join(block.removeprefix(_BEGIN).removesuffix(_END).split())
        try:
            yield base64.b64decode(inner, validate=True)
        except (binascii.Error, ValueError):
            yield block


def _of_the_variables(options: TlsOptions) -> Iterator[str]:
    """Yield the words of SSL_CERT_FILE and SSL_CERT_DIR, where they do not name the system's own file and directory."""
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
    found = sorted(digest for name in names for digest in _files_of(name))
    if found:
        yield _DIRECTORY + _digest("\n".join(found).encode())


def _files_of(directory: str) -> Iterator[str]:
    """Yield the digests of the files that OpenSSL looks up in a directory; one with too many counts by its name, unread."""
    try:
        names = sorted(filter(_HASHED.fullmatch, os.listdir(directory)))  # noqa: PTH208 - the variable's own words
    except OSError:
        return
    if len(names) > _MOST_FILES:
        yield _digest(_unequal(directory))
        return
    for name in names:
        content = _content(os.path.join(directory, name))  # noqa: PTH118 - the variable's own words
        if content:
            yield _digest(content)


def _content(name: str) -> bytes:
    """Return a file's bytes; nothing if it cannot be read. Of a pipe, a device or a very large file the name counts."""
    try:
        descriptor = os.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return b""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return _unequal(name)
        content = bytearray()
        while piece := os.read(descriptor, BUNDLE_LIMIT):
            content += piece
            if len(content) > BUNDLE_LIMIT:
                return _unequal(name)
        return bytes(content)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _unequal(name: str) -> bytes:
    return os.fsencode(f"not read: {name}")


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _real(name: str) -> str:
    return os.path.normcase(os.path.realpath(name))
