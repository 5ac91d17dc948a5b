"""The callback server behind TLS: the same answers, and no client that cannot speak it holds up another."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from kubectl_oidc.loopback.listen_address import ListenAddress
from kubectl_oidc.loopback.pages import SignedIn
from kubectl_oidc.loopback.server import CallbackServer
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.log import QUIET

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE, CODE, ISSUER = "St4te" * 9, "C0de", "https://id.example.com"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[CallbackServer]:
    """Have a callback server with a certificate for localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with CallbackServer(
        (ListenAddress("127.0.0.1", 0),),
        redirect_url=None,
        state=Secret(STATE),
        issuer=ISSUER,
        iss_required=False,
        log=QUIET,
        tls=context,
    ) as running:
        running.expect(lambda: "https://id.example.com/authorize?client_id=a")
        yield running


def port_of(server: CallbackServer) -> int:
    return int(server.redirect_uri.rpartition(":")[2])


def connected(server: CallbackServer, authority: trustme.CA) -> ssl.SSLSocket:
    """Return a TLS connection as a browser makes it."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    plain = socket.create_connection(("127.0.0.1", port_of(server)), timeout=10)
    return context.wrap_socket(plain, server_hostname="localhost")


def read_all(connection: socket.socket) -> bytes:
    parts = []
    with contextlib.suppress(ConnectionError):
        while data := connection.recv(65536):
            parts.append(data)
    return b"".join(parts)


def request_line(server: CallbackServer, target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: localhost:{port_of(server)}\r\n\r\n".encode()


def test_the_answer_comes_through_tls(server: CallbackServer, authority: trustme.CA) -> None:
    """The addresses say https; the browser gets the page at the end, and a close that loses nothing of it."""
    assert server.redirect_uri.startswith("https://localhost:")
    assert server.start_url.startswith(f"{server.redirect_uri}/")
    with connected(server, authority) as browser:
        browser.sendall(request_line(server, f"/?code={CODE}&state={STATE}"))
        answer = server.wait(10)
        assert answer is not None
        assert answer.code == Secret(CODE)
        place = re.search(rb"location: (\S+)", read_all(browser))
        assert place
    with connected(server, authority) as browser:
        browser.sendall(request_line(server, place[1].decode()))
        server.finish(SignedIn("alice@example.com", 4102444800, ISSUER))
        page = read_all(browser)
    assert page.startswith(b"HTTP/1.1 200 ")
    assert b"alice@example.com" in page
    head, _, body = page.partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head.lower()


def test_the_start_address_leads_to_the_provider(server: CallbackServer, authority: trustme.CA) -> None:
    """In pieces of any size: the request is put together again."""
    with connected(server, authority) as browser:
        for byte in request_line(server, "/" + server.start_url.rpartition("/")[2]):
            browser.sendall(bytes([byte]))
        assert b"location: https://id.example.com/authorize" in read_all(browser).lower()


def test_clients_that_speak_no_tls_are_dropped(server: CallbackServer, authority: trustme.CA) -> None:
    """Plain HTTP, noise, nothing at all, a handshake cut short: none of them is answered, and the next browser is."""
    silent = socket.create_connection(("127.0.0.1", port_of(server)), timeout=10)
    for noise in (
        request_line(server, f"/?code={CODE}&state={STATE}"),
        b"\x00" * 100,
        b"\x16\x03\x01\x02\x00\x01",
        b"",
    ):
        with socket.create_connection(("127.0.0.1", port_of(server)), timeout=10) as client:
            client.sendall(noise)
            client.shutdown(socket.SHUT_WR)
            assert CODE.encode() not in read_all(client)
    assert server.wait(0) is None
    with connected(server, authority) as browser:
        browser.sendall(request_line(server, f"/?code={CODE}&state={STATE}"))
        assert server.wait(10) is not None
    silent.close()
