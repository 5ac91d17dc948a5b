"""The demo's servers over real sockets."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.https_server import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

from tests.unit.demo.servers import address, application, get, trust


@pytest.fixture
def secure(authority: Authority) -> Iterator[Listener]:
    listener = Listener(application, authority.server_context())
    listener.start()
    yield listener
    listener.close()


def test_it_serves_on_loopback_until_it_is_closed() -> None:
    """The port is free, known before the start, and free again at the end."""
    listener = Listener(application)
    host, port = address(listener)
    assert (listener.origin, host) == (f"http://127.0.0.1:{port}", "127.0.0.1")
    listener.start()
    assert get(listener, "/a") == "/a"
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        get(listener, "/a")
    socket.create_server((host, port)).close()


def test_a_listener_that_was_never_started_can_be_closed() -> None:
    """Its port is free afterwards."""
    listener = Listener(application)
    listener.close()
    socket.create_server(address(listener)).close()


def test_a_silent_connection_delays_no_other(secure: Listener, authority: Authority) -> None:
    """Neither a silent TLS client nor one that sends no request."""
    silent = [socket.create_connection(address(secure), timeout=10) for _ in range(5)]
    with trust(authority).wrap_socket(silent[-1], server_hostname="127.0.0.1") as begun:
        assert begun.version() is not None
        assert get(secure, "/a", authority) == "/a"
    for connection in silent:
        connection.close()


def test_failed_connections_are_not_logged(
    secure: Listener, authority: Authority, capfd: pytest.CaptureFixture[str]
) -> None:
    """Plain HTTP, a client that does not trust the certificate, one that goes away."""
    with pytest.raises((OSError, http.client.HTTPException)):
        get(secure, "/a")
    with pytest.raises(ssl.SSLCertVerificationError):
        get(secure, "/a", Authority())
    with socket.create_connection(address(secure), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01")
    assert get(secure, "/a", authority) == "/a"
    assert capfd.readouterr() == ("", "")


def test_requests_are_not_logged(
    secure: Listener, authority: Authority, capfd: pytest.CaptureFixture[str]
) -> None:
    """A request line may hold a code, even if it cannot be parsed."""
    assert get(secure, "/a?code=nobody-sees", authority) == "/a"
    with (
        socket.create_connection(address(secure), timeout=10) as connection,
        trust(authority).wrap_socket(connection, server_hostname="127.0.0.1") as tls,
    ):
        tls.sendall(b"GET /?code=nobody-sees HTTP/9 and more\r\n\r\n")
        assert b"400" in tls.recv(4096)
    assert capfd.readouterr() == ("", "")


def test_many_requests_are_answered_at_the_same_time(secure: Listener, authority: Authority) -> None:
    """Each connection has its own thread."""
    answers: list[str] = []

    def ask(path: str) -> None:
        answers.append(get(secure, path, authority))

    threads = [threading.Thread(target=ask, args=(f"/{number}",)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == sorted(f"/{number}" for number in range(12))
