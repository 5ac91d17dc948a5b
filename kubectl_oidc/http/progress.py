"""The progress of one request: which host it connected to, whether it was sent, whether it was given up.

If a refresh request was sent, the provider may have used up the refresh token. The kind of error does not show that
reliably, so the HTTP library reports each step here.
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
"""The longest wait of one read, in seconds. After each, ``between_reads`` is called."""


class GivenUp(Exception):
    """The request ran out of time before it was sent. It must not be sent now."""


class RequestProgress:
    """How far one request got; ``trace`` is the HTTP library's callback.

    Args:
        between_reads: Called between two short waits for the answer, if given.

    Attributes:
        peer: The host and port that a connection was started to: the provider's, or the proxy's.
        tls_host: The host of the last TLS handshake.
        sent: Whether the request's first byte may have been sent. CONNECT to a proxy does not count.
        under_way: Set when the whole request is sent, and only the answer is awaited.
    """

    def __init__(self, between_reads: Callable[[], None] | None = None) -> None:
        self._between_reads = between_reads
        self.peer: tuple[str, int] | None = None
        self.tls_host = ""
        self.sent = False
        self.under_way = Event()
        self._given_up = False
        self._lock = Lock()

    def trace(self, event: str, info: Mapping[str, object]) -> None:
        """Record a step of the HTTP library.

        Args:
            event: The step's name, such as ``connection.connect_tcp.started``.

        Raises:
            GivenUp: ``give_up`` was called before; the step must not happen.
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
        elif (
            event.endswith(("connect_tcp.complete", "start_tls.complete")) and self._between_reads is not None
        ):
            _read_in_slices(info.get("return_value"), self._between_reads)
        elif event.endswith("send_request_headers.started"):
            with self._lock:
                if self._given_up:
                    raise GivenUp
                if getattr(info.get("request"), "method", b"") != b"CONNECT":
                    self.sent = True
        elif event.endswith("send_request_body.complete") and self.sent:
            self.under_way.set()

    def give_up(self) -> None:
        """Never send the request if it was not sent yet. After this, ``sent`` does not change."""
        with self._lock:
            self._given_up = True


class Carrier(Protocol):
    """Let another process finish a POST request that was already sent, when this process must end."""

    def answer(self) -> Response | None:
        """Return the answer that the previous process received, once."""

    def carry(
        self, progress: RequestProgress, exchange: Callable[[], Response], busy: Thread | None = None
    ) -> Response:
        """Send the request in this thread, and return its answer.

        Args:
            busy: A thread that works while the answer is awaited.
        """

    def between_reads(self) -> None:
        """Called between two short reads of the answer."""


class _Current:
    carrier: Carrier | None = None


@contextmanager
def carried_by(new: Carrier) -> Iterator[None]:
    """Use ``new`` for the requests in the block."""
    before, _Current.carrier = _Current.carrier, new
    try:
        yield
    finally:
        _Current.carrier = before


def carrier() -> Carrier | None:
    """Return the carrier that is in use, if any."""
    return _Current.carrier


def _read_in_slices(stream: Any, between_reads: Callable[[], None]) -> None:
    """Make a connection wait for data in short slices, and call ``between_reads`` after each."""
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
                between_reads()
            else:
                return data

    stream.read = read_in_slices
