"""A relay on loopback that is as far away as it is told: a long way to the provider, without a network.

What is sent arrives half a round trip later, in both directions, and nothing that a client sends leaves before one round
trip has passed since it connected, which is what the handshake of TCP costs. ``connect()`` itself returns at once, because
the kernel answers it; a program that does other work between connecting and its first byte is waited for no longer.
Bytes are passed on as they are, so TLS goes from end to end; asyncio sets TCP_NODELAY on all its connections.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_CHUNK = 65536
_NEXT = 1e-6  # seconds; the loop's order of two calls for the same moment is not given


class Relay:
    """Listens on loopback from the beginning, and passes on while it is entered.

    Attributes:
        port: Where it listens.
        round_trip: Seconds; may be changed at any time.
        connections: How many there have been.
    """

    def __init__(self, round_trip: float = 0.0) -> None:
        self.round_trip = round_trip
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._socket.getsockname()[1]
        self._target = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def to(self, port: int) -> Self:
        """Name the loopback port that everything goes to."""
        self._target = port
        return self

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._socket.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._socket))
        self._loop.run_forever()
        server.close()
        passing = asyncio.all_tasks(self._loop)
        for task in passing:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*passing, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))  # what was aborted is closed in the next turn
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connected = self._loop.time() + self.round_trip
        ends = [writer]
        try:
            answers, target = await asyncio.open_connection("127.0.0.1", self._target)
            ends.append(target)
            last = await asyncio.gather(
                self._one_way(reader, target, connected), self._one_way(answers, writer, connected)
            )
            await asyncio.sleep(max(last) - self._loop.time())
        except OSError:
            return  # the provider has gone
        finally:
            for end in ends:
                end.transport.abort()

    async def _one_way(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, connected: float
    ) -> float:
        """Pass on what comes, and return when the end of it is passed on."""
        due = connected
        while True:
            try:
                chunk = await source.read(_CHUNK)
            except OSError:  # reset by who sent
                chunk = b""
            due = max(due + _NEXT, max(self._loop.time(), connected) + self.round_trip / 2)
            if not chunk:
                self._loop.call_at(due, sink.close)
                return due
            self._loop.call_at(due, sink.write, chunk)
