"""A certificate with its key, presented to the provider or to the browser, and the errors for unusable files."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from hypothesis import given, strategies as st

from kubectl_oidc.errors import ProviderUnreachable, UsageError
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.key_pair import KeyPair
from kubectl_oidc.http.tls import TlsOptions, server_context
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET
from tests.arbitrary import examples
from tests.hostile import Hostile, certificate, json_reply
from tests.topics import told_apart

if TYPE_CHECKING:
    from pathlib import Path

FLAGS = ("--oidc-client-certificate", "--oidc-client-key")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def written(authority: trustme.CA, directory: Path, name: str = "alice") -> KeyPair:
    """Write a certificate and its key."""
    issued = authority.issue_cert(f"{name}@example.com")
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return KeyPair(certificate=certificate, key=key, flags=FLAGS)


def ask(authority: trustme.CA, key_pair: KeyPair | None) -> int:
    """Ask a server that requires a certificate of this authority, and return the status."""
    context = certificate(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # the refusal comes with the handshake
    with Hostile(context) as server:
        server.on("/doc", json_reply({}))
        tls = TlsOptions(ca_data=(authority.cert_pem.bytes(),), key_pair=key_pair)
        client = HttpClient(tls=tls, log=QUIET, request_timeout=5, pauses=())
        try:
            return client.get(f"https://localhost:{server.port}/doc", deadline=Deadline.after(5)).status
        finally:
            client.close()


def test_a_provider_that_asks_for_a_certificate_gets_it(authority: trustme.CA, tmp_path: Path) -> None:
    """And without one the handshake fails."""
    assert ask(authority, written(authority, tmp_path)) == 200
    with pytest.raises(ProviderUnreachable):
        ask(authority, None)


def refused(key_pair: KeyPair) -> UsageError:
    with pytest.raises(UsageError) as caught:
        server_context(key_pair)
    assert caught.value.topic == "key-pair"
    return caught.value


def test_files_that_do_not_fit_are_named(authority: trustme.CA, tmp_path: Path) -> None:
    """Another key, no key, a missing file, a directory: the error names both flags, or the wrong one."""
    alice, bob = (written(authority, tmp_path, name) for name in ("alice", "bob"))
    both = refused(KeyPair(certificate=alice.certificate, key=bob.key, flags=FLAGS)).message
    assert all(flag in both for flag in FLAGS)
    no_certificate = refused(KeyPair(certificate=alice.key, key=alice.key, flags=FLAGS)).message
    assert all(flag in no_certificate for flag in FLAGS)
    told_apart(
        {
            "no pair": [both.rpartition(str(bob.key))[2]],
            "unreadable": [no_certificate.rpartition(str(alice.key))[2]],
        }
    )
    why = {}
    for path in (tmp_path / "missing", tmp_path):
        error = refused(KeyPair(certificate=alice.certificate, key=path, flags=FLAGS))
        before, _, why[path.name] = error.message.partition(f"{path} ")
        assert before == "--oidc-client-key: "
    told_apart({name: [reason] for name, reason in why.items()})


def test_an_encrypted_key_is_refused_and_nobody_is_asked(authority: trustme.CA, tmp_path: Path) -> None:
    """OpenSSL would ask at the terminal."""
    alice = written(authority, tmp_path)
    key = serialization.load_pem_private_key(alice.key.read_bytes(), None)
    alice.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        )
    )
    assert "encrypted" in refused(alice).message


@examples(30)
@given(
    st.binary(max_size=100) | st.tuples(st.integers(0), st.binary(max_size=3)),
    st.sampled_from(["certificate", "key"]),
)
def test_any_content_of_a_file_is_a_usage_error(
    authority: trustme.CA, tmp_path: Path, damage: bytes | tuple[int, bytes], which: str
) -> None:
    """Other bytes, or a file with some changed bytes: it is accepted, or the error names the flags. OpenSSL never prompts."""
    pair = written(authority, tmp_path)
    path = getattr(pair, which)
    content = path.read_bytes()
    if isinstance(damage, tuple):
        at = damage[0] % len(content)
        content = content[:at] + damage[1] + content[at + len(damage[1]) :]
    else:
        content = damage
    path.write_bytes(content)
    with contextlib.suppress(UsageError):
        pair.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
