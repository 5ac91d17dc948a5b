"""Read and write a client's connection, with TLS (RFC 8446) or without.

asyncio's own TLS is not used: it does not send the alert that explains a failed handshake, and cannot close one side only.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_BYTES = 64 * 1024


class Channel:
    """A connection without TLS, over a connected, non-blocking socket."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._loop = asyncio.get_running_loop()

    async def receive(self, most: int) -> bytes:
        """Return the next bytes, at most ``most``; none at the end of the connection.

        Raises:
            OSError: The connection broke.
        """
        return await self._loop.sock_recv(self._client, most)

    async def send(self, data: bytes) -> None:
        """Send all of ``data``.

        Raises:
            OSError: The client left.
        """
        await self._loop.sock_sendall(self._client, data)

    async def end(self) -> None:
        """Close our side of the connection. The client can still send."""
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_WR)


class TlsChannel(Channel):
    """A connection with TLS. The handshake happens with the first bytes.

    Args:
        context: The settings with our certificate.
    """

    def __init__(self, client: socket.socket, context: ssl.SSLContext) -> None:
        super().__init__(client)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def receive(self, most: int) -> bytes:
        """As in `Channel.receive`."""
        try:
            return await self._drive(partial(self._tls.read, most))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def send(self, data: bytes) -> None:
        """As in `Channel.send`."""
        view = memoryview(data)
        while view:
            view = view[await self._drive(partial(self._tls.write, view)) :]

    async def end(self) -> None:
        """As in `Channel.end`. The client's own close_notify is not awaited."""
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        await self._flush()
        await super().end()

    async def _drive(self, step: Callable[[], T]) -> T:
        """Run one TLS operation in memory, and exchange bytes with the client until it is complete."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._loop.sock_recv(self._client, _BYTES)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                await self._flush()  # the alert that explains the error
                raise
            else:
                await self._flush()
                return result

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._loop.sock_sendall(self._client, self._outgoing.read())
