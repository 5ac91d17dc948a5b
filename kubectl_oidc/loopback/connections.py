"""Many connections at once, none of which can hold up another (the event loop's side of the callback server)."""

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
"""How long a client may take to send its request and to take in the reply."""

MOST_CONNECTIONS = 64
"""Connections that wait for their request. Beyond them the oldest goes, so that whoever sends at once is never held up."""

MOMENT = 0.05
"""Seconds that each connection has to send its request before it is dropped for another, however many come at once."""

_PAUSE = 0.05
"""Seconds until the next try when the system has no room for another connection."""


class Listener:
    """Accept connections and answer one request on each, until it is stopped.

    Args:
        sockets: The listening sockets; closed at the end.
        respond: Gives the reply to a request. A future means that the client is held, without limit, until the reply
            is known; such a client is not dropped for another.
        tls: Our certificate, where TLS is spoken.
    """

    def __init__(
        self, sockets: Sequence[socket.socket], respond: Respond, tls: ssl.SSLContext | None = None
    ) -> None:
        self._tls = tls
        self._sockets = sockets
        self._respond = respond
        self._stopped = asyncio.Event()
        self._grace = 0.0
        # When each came, in that order: the first is the one that has had the most time.
        self._droppable: dict[asyncio.Task[None], float] = {}
        self._held: set[asyncio.Task[None]] = set()

    def stop(self, grace: float) -> None:
        """Accept nothing any more and end `run`; called in the event loop.

        Args:
            grace: Seconds until clients that are held must have taken in their reply.
        """
        self._grace = grace
        self._stopped.set()

    async def run(self) -> None:
        """Serve until `stop`; afterwards every socket is closed."""
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
                # The client has gone again, or there are too many open files: make room.
                self._drop_oldest()
                await asyncio.sleep(_PAUSE)
                continue
            connection = Connection(client, self._tls)
            task = asyncio.create_task(self._converse(connection))
            self._droppable[task] = loop.time()
            # Not at the end of the task's own work: one that is cancelled before its first step does none.
            task.add_done_callback(partial(self._forget, connection))
            # One turn for everybody else: a flood of connections must not keep the loop to itself.
            await asyncio.sleep(0)

    async def _make_room(self, loop: asyncio.AbstractEventLoop) -> None:
        """Drop the oldest connections until one more can be taken, none before its moment is over."""
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

    async def _converse(self, connection: Connection) -> None:
        """Answer one request; what a client does wrong ends its connection and nothing else."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CONNECTION_SECONDS) as limit:
                request = await connection.read()
                if request is None:
                    return
                reply = self._respond(request)
                if isinstance(reply, asyncio.Future):
                    limit.reschedule(None)
                    reply = await self._hold(reply)
                    limit.reschedule(asyncio.get_running_loop().time() + CONNECTION_SECONDS)
                await connection.send(reply)
                await connection.linger()

    async def _hold(self, reply: asyncio.Future[Reply]) -> Reply:
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
