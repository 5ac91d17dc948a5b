"""The event loop in a thread of its own, so that the caller's thread is free for signals and for the clock."""

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

SLICE = 0.5
"""Seconds of waiting at once: on Windows a longer wait would hold up Ctrl-C."""


class ListenerThread:
    """The listener in its thread.

    Args:
        sockets: The listening sockets.
        respond: Gives the reply to a request, the page at the end being its first argument.
        failed: Is told of what should never happen.
        tls: Our certificate, where TLS is spoken.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        respond: Callable[[asyncio.Future[Reply], Request | RejectedRequest], Reply | asyncio.Future[Reply]],
        failed: Callable[[BaseException], None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        # What asyncio has to say, such as of a lack of file descriptors, is not for a person's terminal.
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

    def end(self, page: Reply, grace: float) -> None:
        """Give ``page`` to the browser that is held, and return when everything is closed.

        Args:
            page: The page at the end of the sign-in.
            grace: Seconds that the browser may take for it.
        """

        def last() -> None:
            self._page.set_result(page)
            self._listener.stop(grace)

        with contextlib.suppress(RuntimeError):  # it ended by itself: a failure that `wait` has told of
            self._loop.call_soon_threadsafe(last)
        patience = Deadline.after(grace + 1.0)
        while self._thread.is_alive() and not patience.passed():
            self._thread.join(min(SLICE, patience.left()))

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._listener.run())
        except BaseException as error:  # noqa: BLE001 - raised again where the answer is awaited
            self._failed(error)


def _new_loop() -> asyncio.AbstractEventLoop:
    """Return a loop for another thread than this one, that signals have nothing to do with.

    Windows' loop has each signal written to a socket of its own where it is made in the main thread, and takes that back
    only where it is closed there: after a sign-in it would be written to whatever has the number then.
    """
    loop = asyncio.new_event_loop()
    with contextlib.suppress(ValueError):  # not the main thread: nothing was set
        signal.set_wakeup_fd(-1)
    return loop
