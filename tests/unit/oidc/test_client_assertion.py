"""The assertion of private_key_jwt: its claims, its signature, and key files that cannot be used."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import PrivateFormat

from kubectl_oidc.errors import UsageError
from kubectl_oidc.oidc.client_assertion import LIFE, AssertionKeyFile
from kubectl_oidc.text import sanitize
from tests.client_keys import client_key, private_pem, public_pem
from tests.tokens import NOW
from tests.topics import told_apart

if TYPE_CHECKING:
    from pathlib import Path

CERTIFICATE = trustme.CA().cert_pem.bytes()
AUDIENCE = "https://idp.example.com/token"
KINDS = {"rsa": "RS256", "P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}


def claims(assertion: str, kind: str, algorithm: str) -> dict[str, Any]:
    """Return the claims of an assertion, verified with the public key."""
    options: Any = {"verify_exp": False, "verify_iat": False, "require": ["iss", "sub", "aud", "jti", "exp"]}
    return jwt.decode(
        assertion, client_key(kind).public_key(), [algorithm], options=options, audience=AUDIENCE
    )


def signed(
    path: Path, kind: str = "rsa", *, key_id: str | None = None, supported: tuple[str, ...] = ()
) -> str:
    path.write_bytes(private_pem(kind))
    key = AssertionKeyFile(path=path, key_id=key_id).load()
    return key.assertion("kubernetes", AUDIENCE, NOW, supported).reveal()


@pytest.mark.parametrize("kind", KINDS)
def test_the_public_key_verifies_it(tmp_path: Path, kind: str) -> None:
    """Core §9, RFC 7523 §3: issuer and subject are the client, one audience, valid for a minute."""
    assertion = signed(tmp_path / "key", kind)
    assert jwt.get_unverified_header(assertion) == {"alg": KINDS[kind], "typ": "JWT"}
    said = claims(assertion, kind, KINDS[kind])
    assert len(said.pop("jti")) >= 43
    assert said == {
        "iss": "kubernetes",
        "sub": "kubernetes",
        "aud": AUDIENCE,
        "iat": NOW,
        "exp": NOW + LIFE,
    }
    assert LIFE <= 60


def test_no_two_are_alike(tmp_path: Path) -> None:
    """Providers refuse a ``jti`` that they have seen."""
    key = AssertionKeyFile(path=tmp_path / "key")
    key.path.write_bytes(private_pem("P-256"))
    made = [key.load().assertion("c", AUDIENCE, NOW).reveal() for _ in range(20)]
    assert len({claims(one, "P-256", "ES256")["jti"] for one in made}) == 20


@pytest.mark.parametrize(
    ("kind", "supported", "algorithm"),
    [
        ("rsa", ("RS256", "PS256"), "RS256"),
        ("rsa", ("PS256", "ES256"), "PS256"),
        ("rsa", ("PS512", "RS384"), "RS384"),
        ("rsa", ("ES256", "none", "HS256"), "RS256"),
        ("P-256", ("RS256", "ES384"), "ES256"),
    ],
)
def test_the_metadata_chooses_among_what_the_key_can(
    tmp_path: Path, kind: str, supported: tuple[str, ...], algorithm: str
) -> None:
    """RFC 8414 §2: RS256 unless only others are offered, and always one of the key's."""
    assertion = signed(tmp_path / "key", kind, supported=supported)
    assert claims(assertion, kind, algorithm)["iss"] == "kubernetes"
    assert jwt.get_unverified_header(assertion)["alg"] == algorithm


def test_the_key_id_stands_in_the_header(tmp_path: Path) -> None:
    """For clients with several keys."""
    assert jwt.get_unverified_header(signed(tmp_path / "key", key_id="2026"))["kid"] == "2026"


@pytest.mark.parametrize("encoding", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_certificate_beside_the_key_does_no_harm(tmp_path: Path, encoding: PrivateFormat) -> None:
    """Both formats of OpenSSL, with text around them."""
    path = tmp_path / "key"
    path.write_bytes(CERTIFICATE + private_pem("rsa", encoding))
    assertion = AssertionKeyFile(path=path).load().assertion("kubernetes", AUDIENCE, NOW).reveal()
    assert claims(assertion, "rsa", "RS256")["iss"] == "kubernetes"


CUT = private_pem("rsa").replace(b"\n", b"", 3)[:900] + b"\n-----END PRIVATE KEY-----\n"
WRONG: dict[str, tuple[str, bytes, str]] = {
    "encrypted": ("encrypted", private_pem("rsa", password=b"SECRET"), "openssl pkey"),
    "encrypted as of old": (
        "encrypted",
        private_pem("rsa", PrivateFormat.TraditionalOpenSSL, b"SECRET"),
        "openssl pkey",
    ),
    "public": ("public", public_pem("rsa"), "--oidc-client-assertion-key"),
    "a certificate": ("certificate", CERTIFICATE, "--oidc-client-assertion-key"),
    "short": ("short", private_pem("short rsa"), ""),
    "secp256k1": ("unsupported", private_pem("secp256k1"), "P-256"),
    "Ed448": ("unsupported", private_pem("Ed448"), "Ed25519"),
    "X25519": ("unsupported", private_pem("X25519"), "Ed25519"),
    "DSA": ("unsupported", private_pem("dsa"), "RSA"),
    "OpenSSH": ("OpenSSH", private_pem("Ed25519", PrivateFormat.OpenSSH), "openssl genpkey"),
    "cut": ("cut", CUT, "PEM"),
    "empty": ("no key", b"", "BEGIN PRIVATE KEY"),
    "DER": ("no key", base64.b64decode(b"".join(private_pem("rsa").split(b"\n")[1:-2])), "PEM"),
    "a secret": ("no key", b"SECRET", "PEM"),
}
"""The kind of the fault, the content of the file, what the hint names."""


def refused(path: Path, content: bytes) -> UsageError:
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        AssertionKeyFile(path=path).load()
    return caught.value


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_key_is_named(tmp_path: Path, case: str) -> None:
    """The message names the flag and the file, never its content."""
    _, content, hint = WRONG[case]
    path = tmp_path / "key"
    error = refused(path, content)
    assert error.message.startswith(f"--oidc-client-assertion-key: {path} ")
    assert hint in error.hint
    assert error.topic == "client-assertion-key"
    assert "SECRET" not in error.message + error.hint
    assert sanitize(error.message, limit=1000) == error.message


def test_each_kind_of_fault_has_its_own_message(tmp_path: Path) -> None:
    """The same fault of another key has the same."""
    said: dict[str, list[str]] = {}
    for kind, content, _ in WRONG.values():
        said.setdefault(kind, []).append(refused(tmp_path / "key", content).message)
    told_apart(said)
    assert "1024" in said["short"][0]
    assert "OpenSSH" in said["OpenSSH"][0]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file, or not a regular file."""
    (tmp_path / "directory").mkdir()
    said: dict[str, list[str]] = {}
    for name in ("missing", "directory"):
        with pytest.raises(UsageError, match=f"--oidc-client-assertion-key: .*{name} ") as caught:
            AssertionKeyFile(path=tmp_path / name).load()
        said[name] = [caught.value.message.partition(f"{name} ")[2]]
    told_apart(said)
    assert re.search("No such file|not found|cannot find", said["missing"][0])


def test_the_key_is_in_no_repr(tmp_path: Path) -> None:
    """Only the file and the algorithms are shown."""
    (tmp_path / "key").write_bytes(private_pem("rsa"))
    file = AssertionKeyFile(path=tmp_path / "key", key_id="a")
    assert repr(file.load()).startswith("AssertionKey(algorithms=('RS256', ")
    assert "private" not in repr(file.load())
    assert repr(file.load().assertion("c", AUDIENCE, NOW)) == "Secret(…)"
