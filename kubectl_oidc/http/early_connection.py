"""A connection to the provider that is opened while the HTTP library is still being imported.

Connecting needs the network and importing needs the processor, so both together take no longer than the import. If the
early connection fails, the request connects again and reports the error.
"""

from __future__ import annotations

import contextlib
import socket
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable


class EarlyConnection:
    """Connect to one host in the background, with TLS if asked for. The first request to that host uses the connection.

    Args:
        context: Returns the TLS settings, ALPN included; None for no TLS.
        seconds: The longest time for each step.
    """

    def __init__(
        self, host: str, port: int, context: Callable[[], ssl.SSLContext] | None, seconds: float
    ) -> None:
        self._place = (host, port)
        self._context = context
        self._seconds = seconds
        self._socket: socket.socket | None = None
        self.trust: ssl.SSLContext | None = None
        """The TLS settings of the connection, once there is one."""
        self._unwanted = False
        self._over = Event()
        self._lock = Lock()
        Thread(target=self._run, daemon=True, name="early connection").start()

    def take(self, host: str, port: int, seconds: float | None) -> socket.socket | None:
        """Return the connection if it is to this host and succeeded. It is returned once; the caller then owns it."""
        if (host, port) != self._place or not self._over.wait(seconds):
            return None
        with self._lock:
            taken, self._socket = self._socket, None
        return taken

    def close(self) -> None:
        """Close the connection if nobody has taken it."""
        with self._lock:
            self._unwanted = True
            unused, self._socket = self._socket, None
        if unused is not None:
            unused.close()

    def _run(self) -> None:
        # Any error: the request runs into it again, and explains it.
        with contextlib.suppress(Exception):
            self._offer(self._connect())
        self._over.set()

    def _connect(self) -> socket.socket:
        plain = socket.create_connection(self._place, self._seconds)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is None:
                return plain
            self.trust = self._context()
            return self.trust.wrap_socket(plain, server_hostname=self._place[0])
        except BaseException:
            plain.close()
            raise

    def _offer(self, connection: socket.socket) -> None:
        with self._lock:
            if not self._unwanted:
                self._socket = connection
                return
        connection.close()
