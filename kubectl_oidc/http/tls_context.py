"""TLS settings that believe a server's name only where its certificate has it as subjectAltName (RFC 9525 §6.3, RFC 6125 B).

A common name does not count, as in kubectl and Go. OpenSSL is told so; the verifiers of macOS and Windows are looked over.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

_REPLACED = frozenset({"win32", "darwin"})
"""The platforms where SSL_CERT_FILE and SSL_CERT_DIR replace all of the system's trust store, which is no file there."""

_SYSTEM_BUNDLES = (
    *("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem"),
    *("/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
)
"""The bundles of Debian, Alpine, SUSE and Fedora, as Go looks for them (crypto/x509, root_linux.go)."""

NO_NAMES = -1
"""The ``verify_code`` of a certificate without subjectAltName; no verifier has it."""


class Context(ssl.SSLContext):
    """Settings of a client that trusts nobody yet."""

    def check_names(self) -> None:
        """Let no common name count. To be called once, before the first connection."""
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
            connection.do_handshake()
            self._look_over(connection)
        except ssl.SSLCertVerificationError as error:
            if self.check_hostname and not _has_names(connection):
                error.verify_code = NO_NAMES
            connection.close()
            raise
        except BaseException:
            connection.close()
            raise
        return connection

    def _look_over(self, connection: ssl.SSLSocket) -> None:
        """Refuse a certificate without subjectAltName that the system's verifier believes."""
        if self.check_hostname and not _has_names(connection):
            error = ssl.SSLCertVerificationError(1, "the certificate has no subjectAltName")
            error.verify_code, error.verify_message = NO_NAMES, str(error)
            raise error


def system_files() -> tuple[str, ...]:
    """Return the files of the system's own authorities; none on macOS and Windows, whose trust stores are no files."""
    return (
        () if sys.platform in _REPLACED else (ssl.get_default_verify_paths().openssl_cafile, *_SYSTEM_BUNDLES)
    )


def system_directory() -> str:
    """Return the directory of the system's own authorities; empty on macOS and Windows."""
    return "" if sys.platform in _REPLACED else ssl.get_default_verify_paths().openssl_capath


def system_trust(file: str, directory: str, *, variables_set: bool) -> Context:
    """Return settings that trust the system's authorities, or what SSL_CERT_FILE and SSL_CERT_DIR name instead.

    On macOS and Windows the variables replace all of them. Elsewhere one replaces the file or the directory only, as for
    OpenSSL; one that names nothing counts as not set.

    Args:
        file: The value of SSL_CERT_FILE that counts; empty if there is none.
        directory: The value of SSL_CERT_DIR that counts, likewise.
        variables_set: Whether this process's environment has one of them, which OpenSSL would read by itself.
    """
    if not (file or directory or (variables_set and sys.platform not in _REPLACED)):
        return _system()
    if sys.platform in _REPLACED:
        return _of_files(file if os.path.isfile(file) else "", directory)  # noqa: PTH113 - the variable's own words
    named = any(os.path.isdir(name) for name in directory.split(os.pathsep))  # noqa: PTH112 - as above
    files = (file, *system_files()[: 1 if named else None])
    return _of_files(next(filter(os.path.isfile, files), ""), directory if named else system_directory())


def _system() -> Context:
    """Return settings that trust whom the operating system trusts, at the moment of each handshake."""
    import truststore

    class System(Context, truststore.SSLContext):  # type: ignore[misc]  # both are ssl's, as truststore has it
        pass

    return System(ssl.PROTOCOL_TLS_CLIENT)


def _of_files(file: str, directory: str) -> Context:
    """Return settings that trust what a file and a directory hold; one that cannot be read adds nobody, as for OpenSSL.

    Args:
        file: Certificates in PEM form; empty for none.
        directory: Certificates by the names that ``openssl rehash`` gives; several with the system's separator between.
    """
    trust = Context(ssl.PROTOCOL_TLS_CLIENT)
    with contextlib.suppress(OSError):
        if file:
            trust.load_verify_locations(cafile=file)
    with contextlib.suppress(OSError):
        if directory:
            trust.load_verify_locations(capath=directory)
    return trust


def _has_names(connection: ssl.SSLSocket) -> bool:
    """Return whether the peer's certificate has a subjectAltName; also after a handshake that failed. True if there is none."""
    with contextlib.suppress(ValueError, OSError):
        if "subjectAltName" in (connection.getpeercert() or {}):
            return True
    certificate = _leaf(connection)
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


def _leaf(connection: ssl.SSLSocket) -> bytes | None:
    """Return the peer's certificate as DER, believed or not."""
    inner: Any = getattr(connection, "_sslobj", None)  # Python 3.13 has a public method for it
    chain = inner.get_unverified_chain() if inner is not None else None
    if not chain:
        return None
    first = chain[0]
    return first if isinstance(first, bytes) else ssl.PEM_cert_to_DER_cert(first.public_bytes())
