"""Files of certificate authorities that are something else: each is called what it is."""

from __future__ import annotations

import ssl
from textwrap import indent
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs7, pkcs12
from cryptography.x509 import load_pem_x509_certificate

from kubectl_oidc.errors import UsageError
from kubectl_oidc.http.tls import TlsOptions, client_context
from tests.topics import told_apart

if TYPE_CHECKING:
    from collections.abc import Callable

CA = trustme.CA()
PEM = CA.cert_pem.bytes()
LEAF = CA.issue_cert("localhost")
CERTIFICATE = load_pem_x509_certificate(PEM)
KEY = LEAF.private_key_pem.bytes()
PUBLIC_KEY = b"-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
HTML = b"<html>not here</html>"
DAMAGED = PEM.replace(b"M", b"*")
P12 = pkcs12.serialize_key_and_certificates(b"ca", None, CERTIFICATE, None, NoEncryption())


def authorities(data: bytes) -> int:
    """Return how many authorities are trusted with a file like this."""
    settings: ssl.SSLContext = client_context(TlsOptions(ca_data=(data,), system=False))
    return settings.cert_store_stats()["x509_ca"]


def refused(data: bytes) -> UsageError:
    """Return the error for a file like this."""
    with pytest.raises(UsageError) as caught:
        authorities(data)
    assert caught.value.topic == "tls"
    return caught.value


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: pem,
        lambda pem: indent(pem.decode(), "    ").encode(),
        lambda pem: indent(pem.decode(), "\t").replace("\n", " \r\n").encode(),
        lambda pem: b"Subject: the company's\n" + pem + KEY,
        lambda pem: ssl.PEM_cert_to_DER_cert(pem.decode()),
    ],
    ids=["pem", "indented", "white space at both ends", "with text and a key", "der"],
)
def test_certificates_are_taken_as_people_have_them(change: Callable[[bytes], bytes]) -> None:
    """Indented too, as they are copied out of YAML."""
    assert authorities(change(PEM)) == 1


@pytest.mark.parametrize(
    ("data", "what", "hint"),
    [
        (PEM.decode().encode("utf-16"), "UTF-16", "iconv"),
        (PEM.decode().encode("utf-16-be"), "UTF-16", "iconv"),
        (pkcs7.serialize_certificates([CERTIFICATE], Encoding.PEM), "PKCS#7", "pkcs7 -print_certs"),
        (pkcs7.serialize_certificates([CERTIFICATE], Encoding.DER), "PKCS#7", "-inform DER"),
        (P12, "PKCS#12", "openssl pkcs12"),
        (KEY, "", "PEM"),
        (PUBLIC_KEY, "public key", "PEM"),
        (b"", "", "PEM"),
        (HTML, "", "PEM"),
        (DAMAGED, "", "PEM"),
    ],
    ids=[
        "utf-16",
        "utf-16-be",
        "pkcs7",
        "pkcs7-der",
        "pkcs12",
        "private-key",
        "public-key",
        "empty",
        "html",
        "damaged",
    ],
)
def test_what_is_no_certificate_is_called_what_it_is(data: bytes, what: str, hint: str) -> None:
    """And nothing of it is shown."""
    error = refused(data)
    assert error.message.startswith("--certificate-authority-data ")
    assert what in error.message
    assert hint in error.hint
    assert KEY.splitlines()[1].decode() not in error.message + error.hint


def test_what_has_no_name_is_told_apart() -> None:
    """And the hint about a private key says more than the one about other files."""
    kinds = {
        "empty": [b"", b" \n"],
        "private key": [KEY],
        "public key": [PUBLIC_KEY],
        "no certificate": [HTML, DAMAGED],
    }
    errors = {kind: [refused(data) for data in files] for kind, files in kinds.items()}
    told_apart({kind: [error.message for error in those] for kind, those in errors.items()})
    private = [error.hint for error in errors.pop("private key")]
    told_apart({"private key": private, "others": [one.hint for those in errors.values() for one in those]})
