"""A connection that is opened early: handed out once, for one place, and no harm where it fails."""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import trustme

from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.early_connection import EarlyConnection, EarlySocket, socket_to_issuer
from kubectl_oidc.http.exchange import Origin, origin_of
from kubectl_oidc.http.tls import TlsOptions, client_context
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET
from tests.hostile import Hostile, certificate, json_reply
from tests.plugin import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.http.tls_context import Context


@pytest.fixture
def server() -> Iterator[Hostile]:
    with Hostile() as running:
        running.on("*", json_reply({"good": True}))
        yield running


def soon() -> Deadline:
    return Deadline.after(20)


def trusting(authority: trustme.CA) -> Context:
    return client_context(TlsOptions(ca_data=(authority.cert_pem.bytes(),)))


def no_tls() -> Context:
    raise AssertionError("plain http needs no TLS settings")


def test_it_is_handed_out_once_and_for_its_own_origin(server: Hostile) -> None:
    """Only the request to its scheme, host and port gets it, and only once."""
    origin = origin_of(server.url)
    early = EarlyConnection(origin, no_tls, 5)
    for other in ({"host": "127.0.0.1"}, {"port": server.port + 1}, {"scheme": "https"}):
        assert early.take(origin._replace(**other), 5) is None
    taken = early.take(origin, 5)
    assert isinstance(taken, socket.socket)
    with closing(taken):
        assert taken.getpeername()[1] == server.port
        assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert early.take(origin, 5) is None


def test_over_tls_it_has_shaken_hands() -> None:
    """With the host's certificate checked."""
    authority = trustme.CA()
    with Hostile(certificate(authority)) as server:
        early = EarlyConnection(origin_of(server.url), lambda: trusting(authority), 5)
        taken = early.take(origin_of(server.url), 5)
        assert isinstance(taken, ssl.SSLSocket)
        with closing(taken):
            assert taken.version() is not None
            assert taken.server_hostname == "localhost"


@pytest.mark.parametrize("name", ["other.example.com", None])
def test_a_certificate_that_is_refused_is_no_connection(name: str | None) -> None:
    """Of another host, or of an authority that is not trusted."""
    authority = trustme.CA()
    trusted = authority if name else trustme.CA()
    with Hostile(certificate(authority, *([name] if name else []))) as server:
        early = EarlyConnection(origin_of(server.url), lambda: trusting(trusted), 5)
        assert early.take(origin_of(server.url), 5) is None


def test_a_port_that_nobody_listens_on_is_no_connection() -> None:
    """It is known as soon as the system knows."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        origin = Origin("http", "127.0.0.1", closed.getsockname()[1])
    early = EarlyConnection(origin, no_tls, 30)
    assert early.take(origin, 10) is None


def test_one_that_nobody_took_is_closed() -> None:
    """The provider does not wait for a request that never comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        early = EarlyConnection(Origin("http", "127.0.0.1", listener.getsockname()[1]), no_tls, 5)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            early.close()
            assert connection.recv(1) == b""


def test_a_request_takes_it(server: Hostile) -> None:
    """One connection in all, and the next request goes through it as well."""
    http = HttpClient(log=QUIET)
    with closing(http):
        http.connect_early(f"{server.url}/token", deadline=soon())
        wait_until(lambda: server.connections == 1, "it connects before anything is asked")
        for _ in range(2):
            http.post_form(f"{server.url}/token", [], deadline=soon())
        assert server.connections == 1


def test_a_request_over_tls_takes_it() -> None:
    """With the same settings, so that it is what the request would have made."""
    authority = trustme.CA()
    options = TlsOptions(ca_data=(authority.cert_pem.bytes(),))
    with Hostile(certificate(authority)) as server, closing(HttpClient(tls=options, log=QUIET)) as http:
        server.on("*", json_reply({}))
        http.connect_early(server.url, deadline=soon())
        wait_until(lambda: server.connections == 1, "it connects before anything is asked")
        assert http.get(server.url, deadline=soon()).status == 200
        assert server.connections == 1


def test_a_request_to_another_host_opens_its_own(server: Hostile) -> None:
    """The early one is for one place."""
    with Hostile() as other, closing(HttpClient(log=QUIET)) as http:
        other.on("*", json_reply({}))
        http.connect_early(server.url, deadline=soon())
        assert http.get(other.url, deadline=soon()).status == 200
        assert other.connections == 1


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_behind_a_proxy_nothing_is_opened(
    name: str, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider may not even be reachable without it."""
    monkeypatch.setenv(name, server.url)
    with closing(HttpClient(log=QUIET)) as http:
        http.connect_early("https://provider.example.com/token", deadline=soon())
        assert http._pool.early is None
        http.connect_early(server.url, deadline=soon())  # this machine is never proxied
        assert http._pool.early is not None


def test_a_connection_to_another_host_is_given_up_for_the_request_s(server: Hostile) -> None:
    """The issuer's host was guessed before the token endpoint's was known."""
    with Hostile() as other, closing(HttpClient(log=QUIET)) as http:
        other.on("*", json_reply({}))
        http.connect_early(server.url, deadline=soon())
        wait_until(lambda: server.connections == 1, "it connects")
        http.connect_early(other.url, deadline=soon())
        wait_until(lambda: other.connections == 1, "it connects before anything is asked")
        assert http.get(other.url, deadline=soon()).status == 200
        assert other.connections == 1


def test_a_socket_that_is_open_is_used(server: Hostile) -> None:
    """One connection in all."""
    early = EarlySocket(origin_of(server.url), 5)
    with closing(HttpClient(log=QUIET)) as http:
        http.connect_early(server.url, deadline=soon(), opened=early)
        assert http.get(server.url, deadline=soon()).status == 200
    assert server.connections == 1
    assert early.take() is None


def test_a_socket_to_another_host_is_not_used(server: Hostile) -> None:
    """Nor is one that could not be opened."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = Origin("http", "localhost", listener.getsockname()[1])
    for early in (EarlySocket(closed, 5), EarlySocket(closed._replace(port=server.port), 5)):
        with closing(HttpClient(log=QUIET)) as http:
            http.connect_early(server.url, deadline=soon(), opened=early)
            assert http.get(server.url, deadline=soon()).status == 200
    assert server.connections == 2


def test_the_issuer_of_the_arguments_is_connected_to(server: Hostile) -> None:
    """The last one counts, as for the command line itself."""
    flag = "--oidc-issuer-url=https://localhost"
    early = socket_to_issuer([f"{flag}:1", "--oidc-client-id=a", f"{flag}:{server.port}/realms/a"])
    assert early is not None
    connection = early.take()
    assert connection is not None
    connection.close()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--oidc-issuer-url"],
        ["--oidc-issuer-url=http://localhost:1"],
        ["--oidc-issuer-url=https://bücher.example"],
        ["--oidc-issuer-url=https://[::1"],
        ["--oidc-issuer-url=https://localhost:1", "--oidc-issuer-url="],
    ],
)
def test_without_an_issuer_in_the_arguments_nothing_is_opened(arguments: list[str]) -> None:
    """What is wrong is said where they are read."""
    assert socket_to_issuer(arguments) is None


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "nonsense"])
def test_behind_a_proxy_no_socket_is_opened(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request says what is wrong with one that cannot be used."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert socket_to_issuer(["--oidc-issuer-url=https://issuer.example.com"]) is None
