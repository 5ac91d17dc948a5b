"""A client's connection as bytes, as they are."""

from __future__ import annotations

import asyncio
import contextlib
import socket


class Channel:
    """Bytes over a socket as they are.

    Args:
        client: The connected socket, non-blocking.
    """

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._loop = asyncio.get_running_loop()

    async def receive(self, most: int) -> bytes:
        """Return what comes, at most ``most`` bytes; nothing at the end.

        Raises:
            OSError: The connection broke.
        """
        return await self._loop.sock_recv(self._client, most)

    async def send(self, data: bytes) -> None:
        """Send everything.

        Raises:
            OSError: The client left.
        """
        await self._loop.sock_sendall(self._client, data)

    async def end(self) -> None:
        """Say that nothing follows.

        Raises:
            OSError: The client left.
        """
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_WR)
