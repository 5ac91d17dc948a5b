"""Streams of bytes to a peer: a TCP connection, TLS in it, and TLS inside TLS for proxies that speak TLS themselves."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias, TypeVar

    from kubectl_oidc.system.deadline import Deadline

    from .tls_context import Context

    T = TypeVar("T")
    Stream: TypeAlias = "socket.socket | TlsInTls"

PIECE = 1 << 16
"""The most bytes that are received at once."""

_SHORTEST = 0.001
"""The shortest time-out in seconds. With none at all, a socket would not wait, and raise another error."""


def limit(stream: Stream, end: Deadline, longest: float = 3600.0) -> None:
    """Let each call of ``stream`` end at ``end``, or after ``longest`` seconds if that is sooner."""
    stream.settimeout(max(_SHORTEST, min(longest, end.left())))


def connect_tcp(host: str, port: int, seconds: float) -> socket.socket:
    """Return a connection to the first address of ``host`` that accepts one. Each address gets ``seconds``.

    Args:
        host: In ASCII. It is handed on as bytes, because for text Python would import its codec for other names.

    Raises:
        OSError: The name does not resolve, or no address accepts the connection.
    """
    place = (host.encode("ascii"), port)
    connection = socket.create_connection(place, seconds)  # type: ignore[arg-type]  # getaddrinfo takes bytes
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def start_tls(stream: Stream, context: Context, host: str) -> Stream:
    """Return the stream after a TLS handshake, with the certificate checked for ``host``. Its time-outs are the stream's.

    Raises:
        OSError: The handshake failed. The stream is closed then, or must be.
    """
    import ssl

    if isinstance(stream, ssl.SSLSocket | TlsInTls):
        return TlsInTls(stream, context, host)
    return context.wrap_socket(stream, server_hostname=host.encode("ascii"))


def is_readable(stream: Stream) -> bool:
    """Return whether an idle stream has something to read: then the peer has closed it, or sent what nobody asked for."""
    if isinstance(stream, TlsInTls) and stream.has_received():
        return True
    try:
        return bool(select.select([stream], [], [], 0)[0])
    except (OSError, ValueError):  # closed, or a descriptor that select does not take
        return True


class TlsInTls:
    """TLS inside a TLS connection, which ``ssl.SSLSocket`` cannot do. No thread: a copy of the process can go on reading."""

    def __init__(self, outer: Stream, context: Context, host: str) -> None:
        import ssl

        self._outer = outer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host.encode("ascii"))
        self.settimeout: Callable[[float | None], None] = outer.settimeout
        self.fileno: Callable[[], int] = outer.fileno
        self.close: Callable[[], None] = outer.close
        context.shake_hands(self._tls, lambda: self._move(self._tls.do_handshake))

    def sendall(self, data: bytes) -> None:
        """Send all of ``data``."""
        left = memoryview(data)
        while left:
            left = left[self._move(lambda: self._tls.write(left)) :]  # noqa: B023 - called at once

    def recv(self, size: int) -> bytes:
        """Return at most ``size`` bytes; none at the end."""
        return self._move(lambda: self._tls.read(size))

    def has_received(self) -> bool:
        """Return whether something was received that was not returned yet."""
        return self._incoming.pending > 0

    def _move(self, step: Callable[[], T]) -> T:
        """Return the result of a step of TLS, moving bytes between it and the outer stream as long as it needs some."""
        import ssl

        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._outer.sendall(self._outgoing.read())
                if data := self._outer.recv(PIECE):
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                self._outer.sendall(self._outgoing.read())  # the alert
                raise
            else:
                self._outer.sendall(self._outgoing.read())
                return result
