"""Serve many connections at once in the event loop. No connection can block another."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING

from .connection import Connection

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Sequence

    from .authorization_response import RejectedRequest, Request
    from .connection import Reply

    Respond = Callable[[Request | RejectedRequest], Reply | asyncio.Future[Reply]]

CONNECTION_SECONDS = 10.0
"""How long a client may take to send its request, and again to receive the reply."""

MOST_CONNECTIONS = 64
"""The most connections that wait for their request. For one more, the oldest is dropped, so that silent clients block nobody."""

MOMENT = 0.05
"""Seconds that every connection gets to send its request before it may be dropped."""

_PAUSE = 0.05
"""Seconds until the next try if the system cannot accept another connection."""


class Listener:
    """Accept connections and answer one request on each, until `stop`.

    Args:
        sockets: The listening sockets; closed at the end.
        respond: Returns the reply to a request. If it returns a future, the client waits for it without limit, and is
            not dropped for another.
        tls: The settings with our certificate; None for plain http.
    """

    def __init__(
        self, sockets: Sequence[socket.socket], respond: Respond, tls: ssl.SSLContext | None = None
    ) -> None:
        self._tls = tls
        self._sockets = sockets
        self._respond = respond
        self._stopped = asyncio.Event()
        self._grace = 0.0
        # The time when each connection was accepted; the oldest is first.
        self._droppable: dict[asyncio.Task[None], float] = {}
        self._held: set[asyncio.Task[None]] = set()

    def stop(self, grace: float) -> None:
        """Stop accepting connections, and end `run`. Clients that wait have ``grace`` seconds to receive a reply. Call it in the event loop."""
        self._grace = grace
        self._stopped.set()

    async def run(self) -> None:
        """Serve until `stop`, and then close every socket."""
        accepting = [asyncio.create_task(self._accept(listener)) for listener in self._sockets]
        try:
            await self._stopped.wait()
            await _cancelled(accepting)
            await _cancelled(list(self._droppable))
            if self._held:
                await asyncio.wait(self._held, timeout=self._grace)
        finally:
            await _cancelled([*accepting, *self._droppable, *self._held])
            for listener in self._sockets:
                listener.close()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._make_room(loop)
            try:
                client, _ = await loop.sock_accept(listener)
            except OSError:
                # The client left already, or there are too many open files.
                self._drop_oldest()
                await asyncio.sleep(_PAUSE)
                continue
            connection = Connection(client, self._tls)
            task = asyncio.create_task(self._answer_one_request(connection))
            self._droppable[task] = loop.time()
            # A callback, because a task that is cancelled before its first step runs no code of its own.
            task.add_done_callback(partial(self._forget, connection))
            # Let the other tasks run: a flood of connections must not occupy the loop.
            await asyncio.sleep(0)

    async def _make_room(self, loop: asyncio.AbstractEventLoop) -> None:
        """Drop the oldest connections until one more can be accepted, but none before its `MOMENT` is over."""
        while len(self._droppable) >= MOST_CONNECTIONS:
            wait = next(iter(self._droppable.values())) + MOMENT - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            else:
                self._drop_oldest()

    def _drop_oldest(self) -> None:
        if self._droppable:
            oldest = next(iter(self._droppable))
            del self._droppable[oldest]
            oldest.cancel()

    def _forget(self, connection: Connection, task: asyncio.Task[None]) -> None:
        connection.close()
        self._droppable.pop(task, None)
        self._held.discard(task)

    async def _answer_one_request(self, connection: Connection) -> None:
        """Answer one request. An error of the client ends only its own connection."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CONNECTION_SECONDS) as limit:
                request = await connection.read()
                if request is None:
                    return
                reply = self._respond(request)
                if isinstance(reply, asyncio.Future):
                    limit.reschedule(None)
                    reply = await self._wait_for_reply(reply)
                    limit.reschedule(asyncio.get_running_loop().time() + CONNECTION_SECONDS)
                await connection.send(reply)
                await connection.linger()

    async def _wait_for_reply(self, reply: asyncio.Future[Reply]) -> Reply:
        task = asyncio.current_task()
        if task is not None:
            self._droppable.pop(task, None)
            self._held.add(task)
        return await asyncio.shield(reply)


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
