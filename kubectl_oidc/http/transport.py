"""A transport for httpx2 without a proxy, which can use a connection that is already open (see `early_connection`).

It uses the extension points of httpx2 and httpcore2: a transport over the library's own connection pool, and a network
backend. Any other connection is opened by the library's own backend.
"""

from __future__ import annotations

import contextlib
import select
from typing import TYPE_CHECKING, Any, cast

import httpcore2
import httpx2

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterable, Iterator

    from .early_connection import EarlyConnection

_KEEP_ALIVE_SECONDS = 5.0


class DirectTransport(httpx2.BaseTransport):
    """Send requests without a proxy."""

    def __init__(self, context: ssl.SSLContext, early: EarlyConnection | None) -> None:
        backend = httpcore2.SyncBackend() if early is None else _Backend(early)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context, keepalive_expiry=_KEEP_ALIVE_SECONDS, network_backend=backend
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request and return the answer. Its body is read later."""
        url = request.url
        with _errors():
            answer = self._pool.handle_request(
                httpcore2.Request(
                    method=request.method,
                    url=httpcore2.URL(
                        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=cast("httpx2.SyncByteStream", request.stream),
                    extensions=request.extensions,
                )
            )
        return httpx2.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _errors():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore2.NetworkBackend):
    """Return the early connection for its host, and let the library open every other."""

    def __init__(self, early: EarlyConnection) -> None:
        self._early = early
        self._rest = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        ready = self._early.take(host, port, timeout)
        if ready is not None:
            return _OpenConnection(ready, self._early.trust, host)
        return self._rest.connect_tcp(host, port, timeout, local_address, socket_options)


class _OpenConnection(httpcore2.NetworkStream):
    """A connection that is open. If it uses TLS, the handshake is done."""

    def __init__(self, connection: socket.socket, trust: ssl.SSLContext | None, host: str) -> None:
        self._connection = connection
        self._trust = trust
        self._host = host

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _network_errors(httpcore2.ReadTimeout, httpcore2.ReadError):
            self._connection.settimeout(timeout)
            return self._connection.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with _network_errors(httpcore2.WriteTimeout, httpcore2.WriteError):
            self._connection.settimeout(timeout)
            self._connection.sendall(buffer)

    def close(self) -> None:
        self._connection.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the handshake is done
    ) -> httpcore2.NetworkStream:
        # The handshake must have used these settings, for this host.
        if self._trust is None or self._trust is not ssl_context or self._host != server_hostname:
            raise httpcore2.ConnectError("the connection was opened in another way than it is used")
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # an idle connection with data to read has been closed by the peer
            return bool(select.select([self._connection], [], [], 0)[0])
        return self._connection if info == "socket" else None


@contextlib.contextmanager
def _network_errors(timeout: type[Exception], other: type[Exception]) -> Iterator[None]:
    """Raise the library's errors instead of the operating system's."""
    try:
        yield
    except TimeoutError as error:
        raise timeout(str(error)) from error
    except OSError as error:
        raise other(str(error)) from error


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Raise httpx2's errors instead of httpcore2's, which have the same names."""
    try:
        yield
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise getattr(httpx2, type(error).__name__)(str(error)) from error
