"""A connection to the provider that is opened while the HTTP library, which takes longer, is still being imported.

It is one of two things that a request needs, and the other needs the processor alone: what the network takes costs nothing
then. Whatever goes wrong with it is left to the request itself, which connects anew and says what is the matter.
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
    """Connect to one host in the background, over TLS where that is wanted, for whoever takes it first.

    Args:
        host: A name or an address.
        port: The port.
        context: Makes the TLS settings, ALPN included; None for no TLS.
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
        """The TLS settings that it was made with, once there is a connection."""
        self._unwanted = False
        self._over = Event()
        self._lock = Lock()
        Thread(target=self._run, daemon=True, name="early connection").start()

    def take(self, host: str, port: int, seconds: float | None) -> socket.socket | None:
        """Return the connection, once, if it is to this host and there; it belongs to the caller from then on.

        Args:
            host: Where to.
            port: The port.
            seconds: How long to wait for it.
        """
        if (host, port) != self._place or not self._over.wait(seconds):
            return None
        with self._lock:
            taken, self._socket = self._socket, None
        return taken

    def close(self) -> None:
        """Close it, if nobody has taken it."""
        with self._lock:
            self._unwanted = True
            unused, self._socket = self._socket, None
        if unused is not None:
            unused.close()

    def _run(self) -> None:
        # Any error: the request that comes will meet it again, and explain it.
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
