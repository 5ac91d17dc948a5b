"""The bench's relay is as far away as it says: that is what its figures rest on."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

from bench.relay import Relay
from tests.sessions import linux_only

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = linux_only

ROUND_TRIP = 0.12  # seconds
LATE = 0.1  # what a busy machine may add


@contextlib.contextmanager
def echo() -> Iterator[int]:
    """Serve on loopback: say back whatever is sent; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):  # closed at the end
                while True:
                    connection, _ = server.accept()
                    with connection:
                        while content := connection.recv(65536):
                            connection.sendall(content)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)  # wakes accept()


def said_back(connection: socket.socket, content: bytes) -> float:
    """Send, wait for all of it to come back, and return the seconds that it took."""
    started = time.perf_counter()
    connection.sendall(content)
    received = b""
    while len(received) < len(content):
        received += connection.recv(65536)
    assert received == content
    return time.perf_counter() - started


def test_the_first_exchange_costs_the_handshake_too() -> None:
    """Connecting and asking takes two round trips, everything after that one, and order is kept."""
    with echo() as port, Relay(ROUND_TRIP).to(port) as relay:
        started = time.perf_counter()
        with socket.create_connection(("127.0.0.1", relay.port), timeout=10) as connection:
            said_back(connection, b"first")
            first = time.perf_counter() - started
            second = said_back(connection, bytes(range(256)) * 1000)
        assert relay.connections == 1
    assert 2 * ROUND_TRIP <= first < 2 * ROUND_TRIP + LATE
    assert ROUND_TRIP <= second < ROUND_TRIP + LATE


def test_who_does_other_work_after_connecting_waits_no_longer() -> None:
    """The handshake goes on by itself: after a round trip of other work the first exchange takes one."""
    with (
        echo() as port,
        Relay(ROUND_TRIP).to(port) as relay,
        socket.create_connection(("127.0.0.1", relay.port), timeout=10) as connection,
    ):
        time.sleep(ROUND_TRIP)
        taken = said_back(connection, b"first")
    assert ROUND_TRIP <= taken < ROUND_TRIP + LATE


def test_the_distance_can_be_changed() -> None:
    """At no distance nothing is held up; the end of a connection is passed on."""
    with echo() as port, Relay(ROUND_TRIP).to(port) as relay:
        relay.round_trip = 0.0
        with socket.create_connection(("127.0.0.1", relay.port), timeout=10) as connection:
            assert said_back(connection, b"near") < LATE
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1) == b""
