"""Read and write a client's connection without TLS."""

from __future__ import annotations

import asyncio
import contextlib
import socket


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
