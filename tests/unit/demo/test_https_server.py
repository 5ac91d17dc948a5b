"""The demo's servers and their certificates, over real sockets."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.https_server import Listener

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIEnvironment


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the path that was asked for."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]


@pytest.fixture
def secure(authority: Authority) -> Iterator[Listener]:
    listener = Listener(application, authority.server_context())
    listener.start()
    yield listener
    listener.close()


def address(listener: Listener) -> tuple[str, int]:
    """Return where a listener listens."""
    at = urlsplit(listener.origin)
    assert at.hostname
    assert at.port
    return at.hostname, at.port


def trust(authority: Authority) -> ssl.SSLContext:
    """Return the settings of a client that trusts this authority alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority.pem.decode())
    return context


def get(listener: Listener, path: str, trusting: Authority | None = None) -> str:
    """Return what is answered, by TLS if an authority is trusted."""
    host, port = address(listener)
    connection: http.client.HTTPConnection
    if trusting is None:
        connection = http.client.HTTPConnection(host, port, timeout=10)
    else:
        connection = http.client.HTTPSConnection(host, port, timeout=10, context=trust(trusting))
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_it_serves_on_loopback_until_it_is_closed() -> None:
    """A free port of 127.0.0.1, known before it answers, and free again afterwards."""
    listener = Listener(application)
    host, port = address(listener)
    assert (listener.origin, host) == (f"http://127.0.0.1:{port}", "127.0.0.1")
    listener.start()
    assert get(listener, "/a") == "/a"
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        get(listener, "/a")
    socket.create_server((host, port)).close()


def test_one_that_was_never_started_can_be_closed() -> None:
    """Where the demo ends before it begins the port is free all the same."""
    listener = Listener(application)
    listener.close()
    socket.create_server(address(listener)).close()


def test_a_connection_that_says_nothing_holds_up_nobody(secure: Listener, authority: Authority) -> None:
    """Clients that do not begin TLS, or say no request, wait by themselves."""
    silent = [socket.create_connection(address(secure), timeout=10) for _ in range(5)]
    with trust(authority).wrap_socket(silent[-1], server_hostname="127.0.0.1") as begun:
        assert begun.version() is not None
        assert get(secure, "/a", authority) == "/a"
    for connection in silent:
        connection.close()


def test_strange_clients_are_not_spoken_of(
    secure: Listener, authority: Authority, capfd: pytest.CaptureFixture[str]
) -> None:
    """Plain HTTP, a client that does not trust the certificate, one that goes away: nothing is said, it serves on."""
    with pytest.raises((OSError, http.client.HTTPException)):
        get(secure, "/a")
    with pytest.raises(ssl.SSLCertVerificationError):
        get(secure, "/a", Authority())
    with socket.create_connection(address(secure), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01")
    assert get(secure, "/a", authority) == "/a"
    assert capfd.readouterr() == ("", "")


def test_requests_are_not_written_down(
    secure: Listener, authority: Authority, capfd: pytest.CaptureFixture[str]
) -> None:
    """A request line holds codes: it stands in no log, not even when it cannot be understood."""
    assert get(secure, "/a?code=nobody-sees", authority) == "/a"
    with (
        socket.create_connection(address(secure), timeout=10) as connection,
        trust(authority).wrap_socket(connection, server_hostname="127.0.0.1") as tls,
    ):
        tls.sendall(b"GET /?code=nobody-sees HTTP/9 and more\r\n\r\n")
        assert b"400" in tls.recv(4096)
    assert capfd.readouterr() == ("", "")


def test_many_at_once_are_answered(secure: Listener, authority: Authority) -> None:
    """Each connection has a thread of its own."""
    answers: list[str] = []

    def ask(path: str) -> None:
        answers.append(get(secure, path, authority))

    threads = [threading.Thread(target=ask, args=(f"/{number}",)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == sorted(f"/{number}" for number in range(12))


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "::1"])
def test_the_certificate_is_for_this_machines_names(
    secure: Listener, authority: Authority, name: str
) -> None:
    """RFC 9525: who trusts the authority is content with each name of loopback."""
    with (
        socket.create_connection(address(secure), timeout=10) as connection,
        trust(authority).wrap_socket(connection, server_hostname=name) as tls,
    ):
        assert tls.version() in {"TLSv1.2", "TLSv1.3"}


@pytest.mark.parametrize("name", ["192.0.2.1", "example.com", "127.0.0.2"])
def test_the_certificate_is_for_no_other_name(secure: Listener, authority: Authority, name: str) -> None:
    """Nobody else's server can be played with it."""
    with (
        socket.create_connection(address(secure), timeout=10) as connection,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        trust(authority).wrap_socket(connection, server_hostname=name)


def test_the_authority_is_written_without_its_key(authority: Authority, tmp_path: Path) -> None:
    """The file holds one certificate, which clients trust; the key stays in memory."""
    path = tmp_path / "ca.crt"
    path.write_text("an older one")
    assert authority.write(path) == path
    assert path.read_bytes() == authority.pem
    assert path.read_bytes().count(b"-----BEGIN") == 1
    assert b"PRIVATE" not in path.read_bytes()
    ssl.create_default_context(cafile=str(path))


def test_each_run_has_an_authority_of_its_own(authority: Authority) -> None:
    """What one demo's client trusts says nothing about another's."""
    assert Authority().pem != authority.pem
