"""One request on its way: whom it went to, whether it left, whether it was given up.

Whether a refresh left decides whether the refresh token may have been used up, so it is not guessed from the kind of
error but seen: the HTTP library tells each step as it takes it.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from threading import Thread

    from .exchange import Response

_SLICE = 0.1
"""Seconds of one read, after which `Flight` looks whether it is to stop."""


class GivenUp(Exception):
    """The request's time passed before it left; it must not leave any more."""


class RequestProgress:
    """What is known of one request; ``trace`` is the HTTP library's callback.

    Args:
        look: Called between two short waits for the answer, if given.

    Attributes:
        peer: The host and port that a connection was begun to: the provider's, or the proxy's.
        tls_host: Whose certificate was asked for last.
        sent: Whether the request's first byte may have left. CONNECT to a proxy does not count.
        under_way: Set when nothing is left to do but to wait for the answer.
    """

    def __init__(self, look: Callable[[], None] | None = None) -> None:
        self._look = look
        self.peer: tuple[str, int] | None = None
        self.tls_host = ""
        self.sent = False
        self.under_way = Event()
        self._given_up = False
        self._lock = Lock()

    def trace(self, event: str, info: Mapping[str, object]) -> None:
        """Take note of a step.

        Args:
            event: Its name, such as ``connection.connect_tcp.started``.
            info: What it is about.

        Raises:
            GivenUp: ``give_up`` came first; the step is not taken.
        """
        if event.endswith("connect_tcp.started"):
            self.peer = (str(info.get("host")), int(str(info.get("port"))))
        elif event.endswith("start_tls.started"):
            self.tls_host = str(info.get("server_hostname"))
        elif event.endswith("connect_tcp.complete") and self._given_up:
            close = getattr(info.get("return_value"), "close", None)
            if close is not None:
                close()
            raise GivenUp
        elif event.endswith(("connect_tcp.complete", "start_tls.complete")) and self._look is not None:
            _read_in_slices(info.get("return_value"), self._look)
        elif event.endswith("send_request_headers.started"):
            with self._lock:
                if self._given_up:
                    raise GivenUp
                if getattr(info.get("request"), "method", b"") != b"CONNECT":
                    self.sent = True
        elif event.endswith("send_request_body.complete") and self.sent:
            self.under_way.set()

    def give_up(self) -> None:
        """From now on the request does not leave if it has not; ``sent`` is final."""
        with self._lock:
            self._given_up = True


class Carrier(Protocol):
    """Takes part in the requests of this process, so that another process can finish a POST that has left."""

    def answer(self) -> Response | None:
        """Return, once, what the request was answered with in the process before this one."""

    def carry(
        self, flight: RequestProgress, exchange: Callable[[], Response], busy: Thread | None = None
    ) -> Response:
        """Make the request in this thread.

        Args:
            flight: How far the request gets.
            exchange: Sends it and reads the answer.
            busy: A thread that works meanwhile.
        """

    def between_reads(self) -> None:
        """Do what is to be done between two short reads of the answer."""


class _Current:
    carrier: Carrier | None = None


@contextmanager
def carried_by(new: Carrier) -> Iterator[None]:
    """Have ``new`` take part in the requests that are made inside."""
    before, _Current.carrier = _Current.carrier, new
    try:
        yield
    finally:
        _Current.carrier = before


def carrier() -> Carrier | None:
    """Return what takes part in requests now, if anything does."""
    return _Current.carrier


def _read_in_slices(stream: Any, look: Callable[[], None]) -> None:
    """Have a connection read in short waits, and call ``look`` between them.

    Args:
        stream: The HTTP library's connection (``NetworkStream``).
        look: What is called.
    """
    import httpcore2

    read = stream.read

    def read_in_slices(max_bytes: int, timeout: float | None = None) -> bytes:
        end = None if timeout is None else monotonic() + timeout
        while True:
            try:
                data: bytes = read(
                    max_bytes, _SLICE if end is None else max(0.001, min(_SLICE, end - monotonic()))
                )
            except httpcore2.ReadTimeout:
                if end is not None and monotonic() >= end:
                    raise
                look()
            else:
                return data

    stream.read = read_in_slices
