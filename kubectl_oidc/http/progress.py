"""The progress of one request: which host it connected to, whether it was sent, whether it was given up.

If a refresh request was sent, the provider may have used up the refresh token. The kind of error does not show that
reliably, so each step is recorded here.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Lock
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Thread

    from .exchange import Response


class GivenUp(Exception):
    """The request ran out of time before it was sent. It must not be sent now."""


class RequestProgress:
    """How far one request got.

    Args:
        between_reads: Called between two short waits for the answer, if given.

    Attributes:
        peer: The host and port that a connection was started to: the provider's, or the proxy's.
        proxied: Whether that is a proxy.
        tls_host: The host of the last TLS handshake.
        sent: Whether the request's first byte may have been sent. CONNECT to a proxy does not count.
        under_way: Set when the whole request is sent, and only the answer is awaited.
    """

    def __init__(self, between_reads: Callable[[], None] | None = None) -> None:
        self.between_reads = between_reads
        self.peer: tuple[str, int] | None = None
        self.proxied = False
        self.tls_host = ""
        self.sent = False
        self.under_way = Event()
        self._given_up = False
        self._lock = Lock()

    def go_on(self) -> None:
        """Raise if the request was given up.

        Raises:
            GivenUp: ``give_up`` was called before.
        """
        if self._given_up:
            raise GivenUp

    def send(self) -> None:
        """Record that the request is sent now.

        Raises:
            GivenUp: ``give_up`` was called before. It must not be sent.
        """
        with self._lock:
            self.go_on()
            self.sent = True

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
