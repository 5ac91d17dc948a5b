"""Which certificates are trusted, and how each refusal is explained, against real servers with certificates for the test."""

from __future__ import annotations

import datetime as dt
import os
import socket
import ssl
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kubectl_oidc.errors import ProviderUnreachable, UsageError
from kubectl_oidc.http import tls, tls_context
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET
from tests.hostile import Hostile, certificate, json_reply, nameless, tunnel
from tests.topics import told_apart

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def another() -> trustme.CA:
    return trustme.CA(organization_name="Another")


def given(authority: trustme.CA) -> TlsOptions:
    return TlsOptions(ca_data=(authority.cert_pem.bytes(),))


def ask(context: ssl.SSLContext, options: TlsOptions, host: str = "localhost") -> int:
    """Ask a server with these TLS settings and return the status."""
    with Hostile(context) as server:
        server.on("/doc", json_reply({}))
        client = HttpClient(tls=options, log=QUIET, request_timeout=5)
        try:
            return client.get(f"https://{host}:{server.port}/doc", deadline=Deadline.after(5)).status
        finally:
            client.close()


def refused(context: ssl.SSLContext, options: TlsOptions, host: str = "localhost") -> ProviderUnreachable:
    """Ask a server with these TLS settings and return the error, checking what all such errors have in common."""
    with pytest.raises(ProviderUnreachable) as caught:
        ask(context, options, host)
    error = caught.value
    assert not error.sent
    assert error.topic == "tls"
    assert "--certificate-authority" in error.hint
    assert f" https://{host}:" in error.message
    return error


def test_a_given_file_is_trusted(authority: trustme.CA, tmp_path: Path) -> None:
    """--certificate-authority: PEM with words around it and CRLF, and DER too."""
    pem, der = tmp_path / "ca.pem", tmp_path / "ca.der"
    pem.write_bytes(
        "Überschrift\r\n".encode() + authority.cert_pem.bytes().replace(b"\n", b"\r\n") + b"\r\nend"
    )
    der.write_bytes(
        x509.load_pem_x509_certificate(authority.cert_pem.bytes()).public_bytes(serialization.Encoding.DER)
    )
    assert ask(certificate(authority), TlsOptions(ca_files=(pem,))) == 200
    assert ask(certificate(authority), TlsOptions(ca_files=(der,))) == 200


def test_several_given_authorities_are_all_trusted(authority: trustme.CA, another: trustme.CA) -> None:
    """The flag is repeatable, and one file may hold several certificates."""
    both = another.cert_pem.bytes() + authority.cert_pem.bytes()
    assert ask(certificate(authority), TlsOptions(ca_data=(both,))) == 200
    options = TlsOptions(ca_data=(another.cert_pem.bytes(), authority.cert_pem.bytes()))
    assert ask(certificate(authority), options) == 200


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's trust store is no file")
def test_a_given_authority_adds_to_the_systems(
    authority: trustme.CA, another: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an authority given, servers that the system trusts are still trusted."""
    system = tmp_path / "system.pem"
    authority.cert_pem.write_to_path(str(system))
    monkeypatch.setenv("SSL_CERT_FILE", str(system))
    assert ask(certificate(authority), given(another)) == 200
    assert ask(certificate(another), given(another)) == 200


def test_ssl_cert_file_is_honoured(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE names the system's authorities, as for every OpenSSL program."""
    file = tmp_path / "bundle.pem"
    authority.cert_pem.write_to_path(str(file))
    refused(certificate(authority), tls.SYSTEM_TRUST)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert ask(certificate(authority), tls.SYSTEM_TRUST) == 200


def test_ssl_cert_dir_is_honoured(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_DIR names a directory of hashed certificates (openssl rehash)."""
    digest = _subject_hash(authority)
    (tmp_path / f"{digest}.0").write_bytes(authority.cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert ask(certificate(authority), tls.SYSTEM_TRUST) == 200


def system_has(patch: pytest.MonkeyPatch, directory: Path, bundle: Path) -> None:
    """Have the system's authorities in this directory and this file."""
    patch.setattr(tls_context, "system_directory", lambda: str(directory))
    patch.setattr(tls_context, "system_files", lambda: (str(bundle),))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's trust store is no file")
def test_the_system_s_directory_suffices_and_its_bundle_is_not_read(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a bundle of 140 authorities takes longer than the rest of the handshake."""
    directory, bundle = tmp_path / "certs", tmp_path / "bundle.pem"
    directory.mkdir()
    (directory / f"{_subject_hash(authority)}.0").write_bytes(authority.cert_pem.bytes())
    bundle.write_text("what cannot be read as certificates")
    system_has(monkeypatch, directory, bundle)
    context = tls.client_context(tls.SYSTEM_TRUST)
    assert context.bundle == str(bundle)
    assert ask(certificate(authority), tls.SYSTEM_TRUST) == 200


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's trust store is no file")
@pytest.mark.parametrize("early", [False, True])
def test_an_authority_that_is_in_the_bundle_alone_is_trusted_too(
    authority: trustme.CA,
    another: trustme.CA,
    early: bool,  # noqa: FBT001
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody added it to that file by hand: the connection is made once more, and no more than once."""
    directory, bundle = tmp_path / "certs", tmp_path / "bundle.pem"
    directory.mkdir()
    (directory / f"{_subject_hash(another)}.0").write_bytes(another.cert_pem.bytes())
    authority.cert_pem.write_to_path(str(bundle))
    system_has(monkeypatch, directory, bundle)
    with (
        Hostile(certificate(authority)) as server,
        closing(HttpClient(log=QUIET, request_timeout=5)) as client,
    ):
        server.on("*", json_reply({}))
        if early:
            client.connect_early(server.url, deadline=Deadline.after(5))
        assert client.get(server.url, deadline=Deadline.after(5)).status == 200
        stranger = certificate(trustme.CA(organization_name="Nobody"))
    with Hostile(stranger) as server, closing(HttpClient(log=QUIET, request_timeout=5)) as client:
        with pytest.raises(ProviderUnreachable):
            client.get(server.url, deadline=Deadline.after(5))
        assert server.connections <= 3, "an early one, another, and one with the bundle"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's trust store is no file")
@pytest.mark.parametrize("name", ["", "README", "1234567.0", "12345678.pem", "1234567g.0"])
def test_a_directory_without_authorities_leaves_the_bundle(
    authority: trustme.CA, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Alpine: one file, which is read at once."""
    directory, bundle = tmp_path / "certs", tmp_path / "bundle.pem"
    directory.mkdir()
    if name:
        (directory / name).touch()
    authority.cert_pem.write_to_path(str(bundle))
    system_has(monkeypatch, directory if name else tmp_path / "absent", bundle)
    assert tls.client_context(tls.SYSTEM_TRUST).bundle == ""
    assert ask(certificate(authority), tls.SYSTEM_TRUST) == 200


def _subject_hash(authority: trustme.CA) -> str:
    """Return OpenSSL's file name for a certificate: SHA-1 over the canonical subject, four bytes, turned around."""
    import hashlib

    subject = x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject
    canonical = b""
    for attribute in subject:
        name = x509.Name([attribute]).public_bytes()
        # OpenSSL canonicalizes to UTF8String, lower case, white space folded; then drops the outer SEQUENCE.
        inner = name[2:]
        text = " ".join(attribute.value.lower().split()).encode() if isinstance(attribute.value, str) else b""
        oid_end = inner.index(0x06) + 2 + inner[inner.index(0x06) + 1]
        oid = inner[inner.index(0x06) : oid_end]
        pair = oid + bytes([0x0C, len(text)]) + text
        sequence = bytes([0x30, len(pair)]) + pair
        canonical += bytes([0x31, len(sequence)]) + sequence
    digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def test_an_intermediate_authority_is_enough(authority: trustme.CA) -> None:
    """A given authority is trusted whether or not it signed itself, as in Go."""
    intermediate = authority.create_child_ca()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    intermediate.issue_cert("localhost").configure_cert(context)
    assert ask(context, given(intermediate)) == 200


UNKNOWN_AUTHORITY, EXPIRED, NOT_YET, WRONG_HOST = -67843, -67818, -67819, -67602
"""Codes of macOS: errSecNotTrusted, errSecCertificateExpired, errSecCertificateNotValidYet, errSecHostNameMismatch."""


def explained(code: int, host: str = "localhost") -> str:
    """Return what is said of a host's certificate, which the verifier of macOS or Windows refuses with this code."""
    return _explanation(code, host)[0]


def _explanation(code: int, host: str = "localhost") -> tuple[str, str]:
    """Return the same with the hint."""
    error = ssl.SSLCertVerificationError("the words of the system")
    error.verify_code, error.verify_message = code, "the words of the system"
    return tls.explain_certificate_error(error, host, tls.SYSTEM_TRUST)


def test_an_unknown_authority_is_named(authority: trustme.CA) -> None:
    """The error says that the authority is unknown, and how to add it."""
    error = refused(certificate(authority), tls.SYSTEM_TRUST)
    assert explained(UNKNOWN_AUTHORITY) in error.message
    assert "--certificate-authority FILE" in error.hint


def test_a_self_signed_certificate_is_an_unknown_authority() -> None:
    """A server's own certificate, signed by itself, is refused in the same words."""
    error = refused(_old_kind_server(self_signed=True)[0], tls.SYSTEM_TRUST)
    assert explained(UNKNOWN_AUTHORITY) in error.message


def test_a_wrong_given_authority_is_told_apart_from_none(authority: trustme.CA, another: trustme.CA) -> None:
    """With an authority given that did not sign it, the hint says that this one was not it."""
    error = refused(certificate(authority), given(another))
    assert "--certificate-authority" in error.hint
    assert error.hint != refused(certificate(authority), tls.SYSTEM_TRUST).hint


def test_a_bundle_variable_that_names_nothing_is_mentioned(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stale SSL_CERT_FILE is ignored, and named when an authority is unknown."""
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/bundle.pem")
    assert ask(certificate(authority), given(authority)) == 200
    error = refused(certificate(authority), tls.SYSTEM_TRUST)
    assert "SSL_CERT_FILE" in error.hint


def test_an_expired_certificate_is_named(authority: trustme.CA) -> None:
    """Expired yesterday: the error says so, and the hint is the one for that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", not_before=NOW - 9 * DAY, not_after=NOW - DAY).configure_cert(context)
    error = refused(context, given(authority))
    assert explained(EXPIRED) in error.message
    assert error.hint == _explanation(EXPIRED)[1]


def test_a_certificate_of_the_future_is_named(authority: trustme.CA) -> None:
    """Not valid before tomorrow: the error says so, and the hint is the one for that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", not_before=NOW + DAY, not_after=NOW + 9 * DAY).configure_cert(context)
    error = refused(context, given(authority))
    assert explained(NOT_YET) in error.message
    assert error.hint == _explanation(NOT_YET)[1]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_for_another_host_is_named(authority: trustme.CA, host: str) -> None:
    """A certificate for another name or address: the host that was asked for is named."""
    error = refused(certificate(authority, "provider.test"), given(authority), host)
    assert explained(WRONG_HOST, host) in error.message
    assert host in explained(WRONG_HOST, host)


def test_a_certificate_without_subjectaltname_is_refused(authority: trustme.CA) -> None:
    """A common name does not count, as in kubectl and Go; the error says so, whatever authority is trusted how."""
    for system in (True, False):
        options = TlsOptions(ca_data=(authority.cert_pem.bytes(),), system=system)
        with pytest.raises(ProviderUnreachable) as caught:
            ask(nameless(authority), options)
        assert "localhost" in caught.value.message
        assert "subjectAltName" in caught.value.message
        assert caught.value.hint == tls.NO_NAMES_HINT
        assert (caught.value.topic, caught.value.sent) == ("tls", False)


def test_one_that_the_systems_verifier_believes_is_refused_all_the_same(authority: trustme.CA) -> None:
    """As that of Windows may: here it is OpenSSL that is let believe a common name."""
    trust = tls.client_context(given(authority))
    trust.hostname_checks_common_name = True
    with (
        Hostile(nameless(authority)) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as bare,
        pytest.raises(ssl.SSLCertVerificationError) as caught,
    ):
        trust.wrap_socket(bare, server_hostname="localhost")
    assert "subjectAltName" in tls.explain_certificate_error(caught.value, "localhost", given(authority))[0]


def test_one_without_subjectaltname_is_refused_through_a_proxy(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tunnel ends at the provider, whose certificate is looked at in the same way."""
    with Hostile(nameless(authority, "issuer.test")) as server, Hostile() as proxy:
        proxy.on("*", tunnel(server.port))
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("localhost", "127.0.0.1"))
        client = HttpClient(tls=given(authority), log=QUIET, request_timeout=5)
        with pytest.raises(ProviderUnreachable) as caught:
            client.get("https://issuer.test/doc", deadline=Deadline.after(5))
        client.close()
    assert caught.value.topic == "tls"
    assert "issuer.test" in caught.value.message
    assert "subjectAltName" in caught.value.message
    assert proxy.asked[0].method == "CONNECT"
    assert server.asked == []


def test_insecure_believes_one_without_subjectaltname(authority: trustme.CA) -> None:
    """Nothing is checked, so this is not either."""
    assert ask(nameless(authority), TlsOptions(insecure=True)) == 200


CODES = {
    "unknown authority": [UNKNOWN_AUTHORITY, 0x800B0109, 0x800B010A],
    "expired": [EXPIRED],
    "expired or not yet": [0x800B0101],  # CERT_E_EXPIRED means both
    "not yet": [NOT_YET],
    "another host": [WRONG_HOST, 0x800B010F],
    "another reason": [0x800B0004],
}


def test_the_verifiers_of_macos_and_windows_are_understood() -> None:
    """They refuse by numbers of their own (errSec*, CERT_E_*), which truststore hands on; an unknown one by its words."""
    told_apart({what: map(explained, codes) for what, codes in CODES.items()})
    hints = {what: [_explanation(code)[1] for code in codes] for what, codes in CODES.items()}
    assert hints.pop("another reason") == hints["unknown authority"][:1]
    told_apart(hints)
    assert all("localhost" in explained(code) for codes in CODES.values() for code in codes)
    assert [what for what, codes in CODES.items() if "(the words of the system)" in explained(codes[0])] == [
        "another reason"
    ]


def _old_kind_server(*, self_signed: bool = False) -> tuple[ssl.SSLContext, bytes]:
    """Make a server whose authority is of the old kind: no key identifiers, no key usage; and that authority's PEM."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Old CA")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Server")])

    def begun(
        name: x509.Name, public: ec.EllipticCurvePublicKey, signer: x509.Name
    ) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(signer).public_key(public)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)

    root = begun(issuer, authority_key.public_key(), issuer)
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=False)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    leaf = begun(subject, key.public_key(), subject if self_signed else issuer).add_extension(
        names, critical=False
    )
    pem = serialization.Encoding.PEM
    ca = root.sign(authority_key, hashes.SHA256()).public_bytes(pem)
    signed = leaf.sign(key if self_signed else authority_key, hashes.SHA256()).public_bytes(pem)
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with trustme.Blob(private + signed).tempfile() as file:
        context.load_cert_chain(file)
    return context, ca


def test_a_private_authority_of_the_old_kind_is_trusted() -> None:
    """No key identifiers, no key usage: given by flag it works, on every Python, as it does with kubelogin."""
    context, ca = _old_kind_server()
    assert ask(context, TlsOptions(ca_data=(ca,))) == 200


def test_a_strict_refusal_of_an_old_authority_is_explained() -> None:
    """Where strict checking refuses such an authority, message and hint say what is old about it."""
    context, ca = _old_kind_server()
    strict = tls.client_context(TlsOptions(ca_data=(ca,)))
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        Hostile(context) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as bare,
        pytest.raises(ssl.SSLCertVerificationError) as caught,
    ):
        strict.wrap_socket(bare, server_hostname="localhost")
    what, hint = tls.explain_certificate_error(caught.value, "localhost", TlsOptions(ca_data=(ca,)))
    assert what != explained(UNKNOWN_AUTHORITY)
    assert f"({caught.value.verify_message})" in what
    assert "VERIFY_X509_STRICT" in hint
    assert "--certificate-authority" in hint


def test_insecure_checks_nothing(authority: trustme.CA) -> None:
    """--insecure-skip-tls-verify: neither the authority nor the name counts."""
    assert ask(certificate(authority, "provider.test"), TlsOptions(insecure=True)) == 200


@pytest.mark.parametrize(
    "content",
    [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", bytes(100)],
)
def test_an_authority_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    """A file or data without a certificate is a usage error that names the flag and the file."""
    file = tmp_path / "ca.pem"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=r"--certificate-authority: .*ca\.pem "):
        tls.client_context(TlsOptions(ca_files=(file,)))
    with pytest.raises(UsageError, match=r"--certificate-authority-data "):
        tls.client_context(TlsOptions(ca_data=(content,)))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file and a directory are usage errors that name the path."""
    for path in (tmp_path / "missing.pem", tmp_path):
        with pytest.raises(UsageError) as caught:
            tls.client_context(TlsOptions(ca_files=(path,)))
        assert os.fspath(path) in caught.value.message
        assert caught.value.topic == "tls"
