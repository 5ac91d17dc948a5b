"""A connection that is opened early: handed out once, for one place, and no harm where it fails."""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import trustme

from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.early_connection import EarlyConnection
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
