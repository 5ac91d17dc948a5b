"""Whether a provider can be reached, found out in the background: real sockets, and what is asked only in doubt."""

from __future__ import annotations

import socket
import time
from contextlib import closing
from threading import Event

import pytest

from kubectl_oidc.errors import InvalidProviderResponse, ProviderUnreachable
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.failures import causes
from kubectl_oidc.http.reachability import Reachability
from kubectl_oidc.system.log import QUIET
from tests.hostile import Hostile, reply
from tests.plugin import wait_until


def closed_port() -> int:
    """Return a port of this machine where nobody listens."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _says(reachability: Reachability, words: str) -> bool:
    try:
        reachability.check()
    except ProviderUnreachable as error:
        return words in error.message
    return False


def fails() -> None:
    raise ProviderUnreachable("nobody is there")


def test_a_host_that_is_there_is_only_connected_to() -> None:
    """No request is sent; the check is over as soon as the connection is."""
    with Hostile() as server:
        server.on("*", reply(500))
        http = HttpClient(log=QUIET)
        http.reachability(f"{server.url}/token").check(5)
        wait_until(lambda: server.connections == 1, "the server has accepted the connection")
        assert server.asked == []


def test_a_host_that_refuses_is_asked_for_the_reason() -> None:
    """The error is the request's, which is waited for."""
    http = HttpClient(log=QUIET)
    with pytest.raises(ProviderUnreachable) as caught:
        http.reachability(f"http://127.0.0.1:{closed_port()}/token").check(5)
    assert any(isinstance(cause, ConnectionRefusedError) for cause in causes(caught.value))


def test_a_doubt_that_the_request_does_not_confirm_is_none() -> None:
    """It was reached in another way, or a moment later; what else is wrong with the answer does not matter here."""
    Reachability(("127.0.0.1", closed_port()), lambda: None).check(5)

    def odd() -> None:
        raise InvalidProviderResponse("the answer is odd")

    Reachability(("127.0.0.1", closed_port()), odd).check(5)


def test_behind_a_proxy_only_a_request_can_tell() -> None:
    """It is not waited for; once it has failed, the check says so."""
    answered = Event()

    def ask() -> None:
        answered.wait(5)
        fails()

    reachability = Reachability(None, ask)
    began = time.monotonic()
    reachability.check(0.2)
    assert time.monotonic() - began < 0.2
    answered.set()
    wait_until(lambda: _says(reachability, "nobody is there"), "the check says so")


def test_who_only_looks_does_not_wait() -> None:
    """While a person signs in, the reason is not waited for."""
    asked = Event()

    def ask() -> None:
        asked.wait(5)
        fails()

    reachability = Reachability(("127.0.0.1", closed_port()), ask)
    time.sleep(0.2)
    began = time.monotonic()
    reachability.check()
    assert time.monotonic() - began < 0.2
    asked.set()
    with pytest.raises(ProviderUnreachable):
        reachability.check(5)
