"""TLS settings for requests: which authorities are trusted, which certificate is presented (RFC 5280 §6, RFC 9525).

The operating system's authorities are trusted, and given ones in addition. ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``
replace the system's file and directory, as in OpenSSL and Go. `trust` turns these settings into a value to compare.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kubectl_oidc.errors import UsageError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from .key_pair import KeyPair
    from .tls_context import Context

BUNDLE_LIMIT = 16 << 20
"""The most bytes that are read from a file of authorities. The system's own bundle has 0.2 MB."""

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that replace the system's authorities. The ``env`` of a kubeconfig can set them."""


class TlsOptions(NamedTuple):
    """Which certificates are accepted, and which one is presented.

    Attributes:
        ca_files: Files of additional authorities, PEM or DER (``--certificate-authority``).
        ca_data: Additional authorities as bytes, base64 decoded (``--certificate-authority-data``).
        insecure: Whether certificates are not checked at all (``--insecure-skip-tls-verify``).
        key_pair: The certificate to present if the server asks for one.
        system: Whether the system's authorities are trusted.
        server_name: The name to expect in the certificate, if it is not the URL's host.
        cert_file: SSL_CERT_FILE from a kubeconfig user's ``env``; None to use this process's variable.
        cert_dir: SSL_CERT_DIR, likewise.
    """

    ca_files: tuple[Path, ...] = ()
    ca_data: tuple[bytes, ...] = ()
    insecure: bool = False
    key_pair: KeyPair | None = None
    system: bool = True
    server_name: str = ""
    cert_file: str | None = None
    cert_dir: str | None = None

    def __repr__(self) -> str:
        return f"TlsOptions({self.ca_files}, insecure={self.insecure})"

    def variable(self, name: str) -> str:
        """Return the value of SSL_CERT_FILE or SSL_CERT_DIR that applies; empty if it is not set."""
        given = {"SSL_CERT_FILE": self.cert_file, "SSL_CERT_DIR": self.cert_dir}[name]
        return os.environ.get(name, "") if given is None else given


SYSTEM_TRUST = TlsOptions()


def client_context(options: TlsOptions) -> Context:
    """Return the TLS settings for requests.

    Raises:
        UsageError: A given authority or certificate cannot be read.
    """
    settings = _trusting_context(options)
    if options.key_pair is not None:
        options.key_pair.load_into(settings)
    return settings


def server_context(key_pair: KeyPair) -> ssl.SSLContext:
    """Return the TLS settings of the callback server.

    Raises:
        UsageError: The certificate cannot be used.
    """
    import ssl

    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    key_pair.load_into(settings)
    return settings


def _trusting_context(options: TlsOptions) -> Context:
    import ssl

    from . import tls_context

    if options.insecure:
        unchecked = tls_context.Context(ssl.PROTOCOL_TLS_CLIENT)
        unchecked.check_hostname = False
        unchecked.verify_mode = ssl.CERT_NONE
        return unchecked
    if options.system:
        file, directory = (options.variable(name) for name in VARIABLES)
        set_here = any(os.environ.get(name) for name in VARIABLES)
        trust = tls_context.system_trust(file, directory, variables_set=set_here)
    else:
        trust = tls_context.Context(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_names()
    for path in options.ca_files:
        _add_authorities(trust, _read_authorities(path), f"--certificate-authority: {sanitize(path)}")
    for data in options.ca_data:
        _add_authorities(trust, data, "--certificate-authority-data")
    # As in Go, a given authority is a trust anchor even if it is not self-signed. VERIFY_X509_STRICT is not set: it
    # refuses old private authorities (X.509 v1, no key identifiers), which kubelogin accepts.
    trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return trust


def _read_authorities(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(BUNDLE_LIMIT)
    except OSError as error:
        raise UsageError(
            f"--certificate-authority: {sanitize(path)} cannot be read: {error.strerror or error}",
            "give a file with the authority's certificate in PEM form",
            topic="tls",
        ) from error


def _add_authorities(trust: ssl.SSLContext, data: bytes, origin: str) -> None:
    import ssl

    from .authorities import certificates, explain_unusable

    found = certificates(data)
    try:
        trust.load_verify_locations(cadata=found.decode("ascii") if found.startswith(b"-----BEGIN") else data)
    except (ssl.SSLError, ValueError) as error:
        what, hint = explain_unusable(data)
        raise UsageError(f"{origin} {what}", hint, topic="tls") from error


# The error codes of the three verifiers: OpenSSL's X509_V_ERR_*, macOS's errSec*, Windows' CERT_E_*.
_EXPIRED = frozenset({10, -67818})
_NOT_YET = frozenset({9, -67819})
_OUTSIDE_ITS_TIME = frozenset({0x800B0101})  # CERT_E_EXPIRED: Windows has no other code for "not valid yet"
_WRONG_HOST = frozenset({62, 64, -67602, 0x800B010F})
_UNKNOWN = frozenset({2, 18, 19, 20, 21, 27, -67843, -25318, 0x800B0109, 0x800B010A})
# Short keys and weak digests; not an authority; and the checks of VERIFY_X509_STRICT (RFC 5280 §4.2).
_OLD_KIND = frozenset({24, 66, 67, 68, *range(79, 95)})

_EXPIRED_HINT = "check this computer's clock; else the provider must renew it. If a private authority's certificate has expired, give the new one with --certificate-authority FILE"
_NOT_YET_HINT = "check this computer's clock; give a new private authority with --certificate-authority FILE"
_OUTSIDE_ITS_TIME_HINT = f"{_NOT_YET_HINT}; if the clock is right, {_EXPIRED_HINT.partition(',')[0]}"
_WRONG_HOST_HINT = "check the host in --oidc-issuer-url, or have the server's certificate name it (give a private authority with --certificate-authority FILE)"
NO_NAMES_HINT = "reissue the certificate with the host as subjectAltName: like kubectl, this program does not accept a common name instead"
_OLD_KIND_HINT = "reissue the authority as X.509 v3 with key identifiers, then give it with --certificate-authority FILE: newer Pythons check strictly (VERIFY_X509_STRICT)"


def explain_certificate_error(
    error: ssl.SSLCertVerificationError, host: str, options: TlsOptions
) -> tuple[str, str]:
    """Return what is wrong with the certificate of ``host``, and a hint, both for an error message."""
    from .tls_context import NO_NAMES

    code = getattr(error, "verify_code", 0)
    if code in _UNKNOWN:
        return f"the TLS certificate of {host} is signed by an unknown authority", _how_to_trust(options)
    words = sanitize(getattr(error, "verify_message", "") or error.reason or "no reason given", limit=120)
    for codes, what, hint in (
        (_EXPIRED, f"the TLS certificate of {host} has expired", _EXPIRED_HINT),
        (_NOT_YET, f"the TLS certificate of {host} is not valid yet", _NOT_YET_HINT),
        (
            _OUTSIDE_ITS_TIME,
            f"the TLS certificate of {host} has expired or is not valid yet",
            _OUTSIDE_ITS_TIME_HINT,
        ),
        ({NO_NAMES}, f"the TLS certificate of {host} has no subjectAltName", NO_NAMES_HINT),
        (_WRONG_HOST, f"the TLS certificate is for another host, not for {host}", _WRONG_HOST_HINT),
        (
            _OLD_KIND,
            f"the TLS certificate of {host}, or its authority's, is outdated ({words})",
            _OLD_KIND_HINT,
        ),
    ):
        if code in codes:
            return what, hint
    return f"the TLS certificate of {host} is refused ({words})", _how_to_trust(options)


def _how_to_trust(options: TlsOptions) -> str:
    missing = [name for name in VARIABLES if _names_nothing(os.environ.get(name))]
    note = f"; {' and '.join(missing)} names nothing that exists" if missing else ""
    if options.ca_files or options.ca_data:
        return f"give the authority that signed it, in PEM form: neither the system's nor the given --certificate-authority did{note}"
    used = [os.environ.get(name) for name in VARIABLES]
    others = [
        name
        for name in _OTHERS
        if (file := os.environ.get(name)) and file not in used and not _names_nothing(file)
    ]
    if others:
        named = sanitize(os.environ[others[0]])
        return f"this program does not read {others[0]}, which names {named}: add --certificate-authority={named} if that file has the authority{note}"
    return f"add a private authority with --certificate-authority FILE (PEM), or to the system's authorities{note}"


_OTHERS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE")
"""Variables with authorities for Python's requests, curl, Node.js and the AWS CLI. This program does not read them."""


def _names_nothing(path: str | None) -> bool:
    return bool(path) and not os.path.exists(path or "")  # noqa: PTH110 - the variable's own text
