"""A connection to the provider that is opened while the modules of the request are still being imported.

Connecting needs the network and importing needs the processor, so both together take no longer than the import. If the
early connection fails, the request connects again and reports the error.
"""

from __future__ import annotations

import contextlib
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .exchange import Origin
    from .stream import Stream
    from .tls_context import Context


class EarlyConnection:
    """Connect to one origin in the background. The first request to it uses the connection.

    Args:
        context: Returns the TLS settings, if the origin is https.
        seconds: The longest time for each step.
    """

    def __init__(self, origin: Origin, context: Callable[[], Context], seconds: float) -> None:
        self._origin = origin
        self._context = context
        self._seconds = seconds
        self._stream: Stream | None = None
        self._unwanted = False
        self._over = Event()
        self._lock = Lock()
        Thread(target=self._run, daemon=True, name="early connection").start()

    def take(self, origin: Origin, seconds: float) -> Stream | None:
        """Return the connection if it is to this origin and succeeded. It is returned once; the caller then owns it."""
        if origin != self._origin or not self._over.wait(seconds):
            return None
        with self._lock:
            taken, self._stream = self._stream, None
        return taken

    def close(self) -> None:
        """Close the connection if nobody has taken it."""
        with self._lock:
            self._unwanted = True
            unused, self._stream = self._stream, None
        if unused is not None:
            unused.close()

    def _run(self) -> None:
        # Any error: the request runs into it again, and explains it.
        with contextlib.suppress(Exception):
            self._offer(self._connect())
        self._over.set()

    def _connect(self) -> Stream:
        from .stream import connect_tcp, start_tls

        scheme, host, port = self._origin
        plain = connect_tcp(host, port, self._seconds)
        try:
            return start_tls(plain, self._context(), host) if scheme == "https" else plain
        except BaseException:
            plain.close()
            raise

    def _offer(self, stream: Stream) -> None:
        with self._lock:
            if not self._unwanted:
                self._stream = stream
                return
        stream.close()
