"""A connection that is opened early: handed out once, for one place, and no harm where it fails."""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from typing import TYPE_CHECKING

import httpcore2
import pytest
import trustme

from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.early_connection import EarlyConnection
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.http.transport import _OpenConnection
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET
from tests.hostile import Hostile, certificate, json_reply
from tests.plugin import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[Hostile]:
    with Hostile() as running:
        running.on("*", json_reply({"good": True}))
        yield running


def soon() -> Deadline:
    return Deadline.after(20)


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


def test_it_is_handed_out_once_and_for_its_own_place(server: Hostile) -> None:
    """Only the request to its host gets it, and only once."""
    early = EarlyConnection("localhost", server.port, None, 5)
    assert early.take("127.0.0.1", server.port, 5) is None
    assert early.take("localhost", server.port + 1, 5) is None
    taken = early.take("localhost", server.port, 5)
    assert taken is not None
    with closing(taken):
        assert taken.getpeername()[1] == server.port
    assert early.take("localhost", server.port, 5) is None


def test_over_tls_it_has_shaken_hands() -> None:
    """With the host's certificate checked."""
    authority = trustme.CA()
    trust = trusting(authority)
    with Hostile(certificate(authority)) as server:
        early = EarlyConnection("localhost", server.port, lambda: trust, 5)
        taken = early.take("localhost", server.port, 5)
        assert isinstance(taken, ssl.SSLSocket)
        with closing(taken):
            assert taken.version() is not None
        assert early.trust is trust


@pytest.mark.parametrize("name", ["other.example.com", None])
def test_a_certificate_that_is_refused_is_no_connection(name: str | None) -> None:
    """Of another host, or of an authority that is not trusted."""
    authority = trustme.CA()
    trust = trusting(authority if name else trustme.CA())
    with Hostile(certificate(authority, *([name] if name else []))) as server:
        early = EarlyConnection("localhost", server.port, lambda: trust, 5)
        assert early.take("localhost", server.port, 5) is None


def test_a_port_that_nobody_listens_on_is_no_connection() -> None:
    """It is known as soon as the system knows."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    early = EarlyConnection("127.0.0.1", port, None, 30)
    assert early.take("127.0.0.1", port, 10) is None


def test_one_that_nobody_took_is_closed() -> None:
    """The provider does not wait for a request that never comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        early = EarlyConnection("127.0.0.1", listener.getsockname()[1], None, 5)
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


@pytest.mark.parametrize("host", ["localhost", "other.example.com"])
def test_it_is_not_used_with_other_settings_or_for_another_host(host: str) -> None:
    """A handshake that was not made for this is none."""
    near, far = socket.socketpair()
    made, other = ssl.create_default_context(), ssl.create_default_context()
    with near, far:
        ready = _OpenConnection(near, made, "localhost")
        assert ready.start_tls(made, "localhost") is ready
        with pytest.raises(httpcore2.ConnectError):
            ready.start_tls(other if host == "localhost" else made, host)
        with pytest.raises(httpcore2.ConnectError):
            _OpenConnection(near, None, "localhost").start_tls(made, "localhost")
