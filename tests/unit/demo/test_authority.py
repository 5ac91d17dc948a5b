"""Certificates of the demo's authority."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.https_server import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

from tests.unit.demo.servers import address, application, trust


@pytest.fixture
def secure(authority: Authority) -> Iterator[Listener]:
    listener = Listener(application, authority.server_context())
    listener.start()
    yield listener
    listener.close()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "::1"])
def test_the_certificate_is_for_all_loopback_names(secure: Listener, authority: Authority, name: str) -> None:
    """RFC 9525."""
    with (
        socket.create_connection(address(secure), timeout=10) as connection,
        trust(authority).wrap_socket(connection, server_hostname=name) as tls,
    ):
        assert tls.version() in {"TLSv1.2", "TLSv1.3"}


@pytest.mark.parametrize("name", ["192.0.2.1", "example.com", "127.0.0.2"])
def test_the_certificate_is_for_no_other_name(secure: Listener, authority: Authority, name: str) -> None:
    """It cannot be used for another server."""
    with (
        socket.create_connection(address(secure), timeout=10) as connection,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        trust(authority).wrap_socket(connection, server_hostname=name)


def test_the_authority_is_written_without_its_key(authority: Authority, tmp_path: Path) -> None:
    """The file holds one certificate; the key stays in memory."""
    path = tmp_path / "ca.crt"
    path.write_text("an older one")
    assert authority.write(path) == path
    assert path.read_bytes() == authority.pem
    assert path.read_bytes().count(b"-----BEGIN") == 1
    assert b"PRIVATE" not in path.read_bytes()
    ssl.create_default_context(cafile=str(path))


def test_each_run_has_its_own_authority(authority: Authority) -> None:
    """No client trusts the authority of another run."""
    assert Authority().pem != authority.pem
