"""One request on its way: whom it went to, whether it left, whether it was given up.

Whether a refresh left decides whether the refresh token may have been used up, so it is not guessed from the kind of
error but seen: the HTTP library tells each step as it takes it.
"""

from __future__ import annotations

from threading import Event, Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class GivenUp(Exception):
    """The request's time passed before it left; it must not leave any more."""


class Flight:
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
            from .handover import attentive

            attentive(info.get("return_value"), self._look)
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
