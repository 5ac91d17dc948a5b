"""TLS contexts that accept a server's name only in the certificate's subjectAltName (RFC 9525 §6.3, RFC 6125 B).

A common name does not count, as in kubectl and Go. OpenSSL has a setting for it. For macOS and Windows, the certificate is
checked again after the system's verifier.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    Encrypted = ssl.SSLSocket | ssl.SSLObject

_REPLACED = frozenset({"win32", "darwin"})
"""Platforms where SSL_CERT_FILE and SSL_CERT_DIR replace the whole trust store, because it is not a file."""

_SYSTEM_BUNDLES = (
    *("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem"),
    *("/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
)
"""The bundles of Debian, Alpine, SUSE and Fedora, in the order of Go's crypto/x509 (root_linux.go)."""

NO_NAMES = -1
"""The ``verify_code`` for a certificate without subjectAltName. No verifier uses this number."""


class Context(ssl.SSLContext):
    """The settings of a TLS client that trusts no authority yet."""

    bundle = ""
    """A file of the system's authorities that is not read unless its directory does not suffice: reading it takes 40 ms."""

    def load_bundle(self) -> bool:
        """Trust the authorities in ``bundle`` too. Return False if there is none, or it is trusted already."""
        bundle, self.bundle = self.bundle, ""
        with contextlib.suppress(OSError):
            if bundle:
                self.load_verify_locations(cafile=bundle)
        return bool(bundle)

    def check_names(self) -> None:
        """Ignore common names. Call it once, before the first connection."""
        if ssl.HAS_NEVER_CHECK_COMMON_NAME:
            self.hostname_checks_common_name = False

    def wrap_socket(self, sock: socket.socket, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """Return the connection after its handshake.

        Raises:
            ssl.SSLCertVerificationError: The certificate is refused; ``verify_code`` is NO_NAMES if it has no subjectAltName.
        """
        kwargs["do_handshake_on_connect"] = False
        connection = super().wrap_socket(sock, *args, **kwargs)
        try:
            self.shake_hands(connection, connection.do_handshake)
        except BaseException:
            connection.close()
            raise
        return connection

    def shake_hands(self, connection: Encrypted, handshake: Callable[[], object]) -> None:
        """Run the handshake of a connection with these settings.

        Raises:
            ssl.SSLCertVerificationError: See ``wrap_socket``.
        """
        try:
            handshake()
            self._require_names(connection)
        except ssl.SSLCertVerificationError as error:
            if self.check_hostname and not _has_names(connection):
                error.verify_code = NO_NAMES
            raise

    def _require_names(self, connection: Encrypted) -> None:
        """Refuse a certificate without subjectAltName that the system's verifier accepted."""
        if self.check_hostname and not _has_names(connection):
            error = ssl.SSLCertVerificationError(1, "the certificate has no subjectAltName")
            error.verify_code, error.verify_message = NO_NAMES, str(error)
            raise error


def system_files() -> tuple[str, ...]:
    """Return the files of the system's own authorities; none on macOS and Windows, whose trust stores are not files."""
    return (
        () if sys.platform in _REPLACED else (ssl.get_default_verify_paths().openssl_cafile, *_SYSTEM_BUNDLES)
    )


def system_directory() -> str:
    """Return the directory of the system's own authorities; empty on macOS and Windows."""
    return "" if sys.platform in _REPLACED else ssl.get_default_verify_paths().openssl_capath


def system_trust(file: str, directory: str, *, variables_set: bool) -> Context:
    """Return settings that trust the system's authorities, or those of SSL_CERT_FILE and SSL_CERT_DIR.

    On macOS and Windows the variables replace the whole trust store. Elsewhere each one replaces only the file or the
    directory, as in OpenSSL. A variable whose file or directory does not exist counts as not set.

    Args:
        file: The value of SSL_CERT_FILE that applies; empty if it is not set.
        directory: The value of SSL_CERT_DIR that applies, likewise.
        variables_set: Whether this process's environment has one of them, which OpenSSL would read by itself.
    """
    if not (file or directory or (variables_set and sys.platform not in _REPLACED)):
        return _operating_system_trust()
    if sys.platform in _REPLACED:
        return _trust_in_files(file if os.path.isfile(file) else "", directory)  # noqa: PTH113 - the variable's own text
    named = any(os.path.isdir(name) for name in directory.split(os.pathsep))  # noqa: PTH112 - as above
    files = (file, *system_files()[: 1 if named else None])
    return _trust_in_files(
        next(filter(os.path.isfile, files), ""), directory if named else system_directory()
    )


def _operating_system_trust() -> Context:
    """Return settings that trust the operating system's trust store."""
    if sys.platform not in _REPLACED:
        return _system_files_trust()
    import truststore

    class SystemContext(Context, truststore.SSLContext):  # type: ignore[misc]  # both derive from ssl.SSLContext
        pass

    return SystemContext(ssl.PROTOCOL_TLS_CLIENT)


def _system_files_trust() -> Context:
    """Return settings that trust the system's directory of authorities, where OpenSSL reads those that a handshake needs.

    Usually the system's bundle holds the same ones. It is ``bundle`` then; without a directory it is read now.
    """
    directory, bundle = system_directory(), next(filter(os.path.isfile, system_files()), "")
    if not _holds_authorities(directory):
        return _trust_in_files(bundle, directory)
    trust = _trust_in_files("", directory)
    trust.bundle = bundle
    return trust


def _holds_authorities(directory: str) -> bool:
    """Return whether there are files with names from ``openssl rehash``: eight hexadecimal digits and a number."""
    try:
        return any(
            name[8:9] == "." and name[9:].isdigit() and not set(name[:8]) - set("0123456789abcdef")
            for name in os.listdir(directory)  # noqa: PTH208 - names, not paths
        )
    except OSError:
        return False


def _trust_in_files(file: str, directory: str) -> Context:
    """Return settings that trust the certificates in a file and in directories. What cannot be read is ignored, as in OpenSSL.

    Args:
        file: Certificates in PEM form; empty for none.
        directory: One or several directories, in the form of PATH, whose files have names from ``openssl rehash``.
    """
    trust = Context(ssl.PROTOCOL_TLS_CLIENT)
    with contextlib.suppress(OSError):
        if file:
            trust.load_verify_locations(cafile=file)
    with contextlib.suppress(OSError):
        if directory:
            trust.load_verify_locations(capath=directory)
    return trust


def _has_names(connection: Encrypted) -> bool:
    """Return whether the peer's certificate has a subjectAltName, even if the handshake failed. True without a certificate."""
    with contextlib.suppress(ValueError, OSError):
        if "subjectAltName" in (connection.getpeercert() or {}):
            return True
    certificate = _peer_certificate(connection)
    if certificate is None:
        return True
    from cryptography import x509

    try:
        x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except (ValueError, x509.ExtensionNotFound):
        return False
    return True


def _peer_certificate(connection: Encrypted) -> bytes | None:
    """Return the peer's certificate as DER, even if it was refused."""
    inner: Any = getattr(connection, "_sslobj", None)  # Python 3.13 has a public method
    chain = inner.get_unverified_chain() if inner is not None else None
    if not chain:
        return None
    first = chain[0]
    return first if isinstance(first, bytes) else ssl.PEM_cert_to_DER_cert(first.public_bytes())
