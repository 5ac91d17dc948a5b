"""Run the event loop of the callback server in a thread, so that the main thread can handle signals and deadlines."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING

from kubectl_oidc.system.deadline import Deadline

from .connections import Listener

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Sequence

    from .authorization_response import RejectedRequest, Request
    from .connection import Reply

LONGEST_WAIT = 0.5
"""The longest single wait, in seconds. On Windows, Ctrl-C does not interrupt a longer one."""


class ListenerThread:
    """A `Listener` in a thread.

    Args:
        respond: Returns the reply to a request. Its first argument is the final page, which comes later.
        failed: Called with an error that ends the event loop.
        tls: The settings with our certificate; None for plain http.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        respond: Callable[[asyncio.Future[Reply], Request | RejectedRequest], Reply | asyncio.Future[Reply]],
        failed: Callable[[BaseException], None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        # Keep asyncio's own log, such as about missing file descriptors, from the user's terminal.
        logging.getLogger("asyncio").addHandler(logging.NullHandler())
        self._loop = _new_loop()
        self._page: asyncio.Future[Reply] = self._loop.create_future()
        self._listener = Listener(sockets, partial(respond, self._page), tls)
        self._failed = failed
        self._thread = threading.Thread(target=self._run, daemon=True, name="callback-server")
        try:
            self._thread.start()
        except BaseException:
            self._loop.close()
            raise

    def finish(self, page: Reply, grace: float) -> None:
        """Send the final page to the browser that waits for it, within ``grace`` seconds, and return when everything is closed."""

        def last() -> None:
            self._page.set_result(page)
            self._listener.stop(grace)

        # The loop may have ended with an error, which `failed` has received.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(last)
        patience = Deadline.after(grace + 1.0)
        while self._thread.is_alive() and not patience.passed():
            self._thread.join(min(LONGEST_WAIT, patience.left()))

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._listener.run())
        except BaseException as error:  # noqa: BLE001 - raised again where the answer is awaited
            self._failed(error)


def reply_from_thread(work: Callable[[], Reply]) -> asyncio.Future[Reply]:
    """Return a future of the running loop for the reply that ``work`` returns in a thread."""
    loop = asyncio.get_running_loop()
    reply: asyncio.Future[Reply] = loop.create_future()

    def run() -> None:
        page = work()
        with contextlib.suppress(RuntimeError):  # the loop has ended, and closed the browser's connection
            loop.call_soon_threadsafe(reply.set_result, page)

    threading.Thread(target=run, daemon=True, name="authorization-request").start()
    return reply


def _new_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop for another thread, without a connection to signals.

    If created in the main thread, Windows' loop makes Python write each signal to a socket of the loop. It undoes this only
    if it is closed in the main thread. Otherwise, after a sign-in, signals would go to whatever file has that number then.
    """
    loop = asyncio.new_event_loop()
    with contextlib.suppress(ValueError):  # not the main thread: nothing was set
        signal.set_wakeup_fd(-1)
    return loop
