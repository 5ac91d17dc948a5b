"""A connection to the provider that is opened while the modules of the request are still being imported.

Connecting needs the network and importing needs the processor, so both together take no longer than the import. If the
early connection fails, the request connects again and reports the error.
"""

from __future__ import annotations

import contextlib
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from kubectl_oidc.errors import OidcLoginError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from .exchange import Origin
    from .stream import Stream
    from .tls_context import Context


SECONDS = 15.0
"""The longest time for a connection that is made early; as long as a request may take."""


class EarlySocket:
    """A TCP connection that is opened in the background, before the command line is read.

    Args:
        origin: Where to; nothing is sent.
        seconds: The longest time for each address.
    """

    def __init__(self, origin: Origin, seconds: float) -> None:
        from .stream import connect_tcp  # not in the thread, where the import would take longer

        self.origin = origin
        self._seconds = seconds
        self._connect = connect_tcp
        self._socket: socket.socket | None = None
        self._thread = Thread(target=self._run, daemon=True, name="early socket")
        self._thread.start()

    def take(self) -> socket.socket | None:
        """Return the connection, which is then the caller's; None if there is none, or it was taken."""
        self._thread.join()
        taken, self._socket = self._socket, None
        return taken

    def _run(self) -> None:
        with contextlib.suppress(Exception):  # the request runs into it again, and explains it
            self._socket = self._connect(self.origin.host, self.origin.port, self._seconds)


class EarlyConnection:
    """Connect to one origin in the background. The first request to it uses the connection.

    Args:
        context: Returns the TLS settings, if the origin is https.
        seconds: The longest time for each step.
        opened: A connection that may have been opened to this origin before.
    """

    def __init__(
        self,
        origin: Origin,
        context: Callable[[], Context],
        seconds: float,
        opened: EarlySocket | None = None,
    ) -> None:
        self.origin = origin
        self._opened = opened
        self._context = context
        self._seconds = seconds
        self._stream: Stream | None = None
        self._unwanted = False
        self._over = Event()
        self._lock = Lock()
        Thread(target=self._run, daemon=True, name="early connection").start()

    def take(self, origin: Origin, seconds: float) -> Stream | None:
        """Return the connection if it is to this origin and succeeded. It is returned once; the caller then owns it."""
        if origin != self.origin or not self._over.wait(seconds):
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

        scheme, host, port = self.origin
        early = (
            self._opened.take() if self._opened is not None and self._opened.origin == self.origin else None
        )
        plain = early or connect_tcp(host, port, self._seconds)
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


def socket_to_issuer(arguments: Sequence[str]) -> EarlySocket | None:
    """Open a TCP connection to the issuer that these arguments of get-token name; None if they name none, or a proxy is used."""
    flag = "--oidc-issuer-url="
    issuer = next((word.removeprefix(flag) for word in reversed(arguments) if word.startswith(flag)), "")
    if not issuer.startswith("https://") or not issuer.isascii():
        return None
    from .exchange import origin_of
    from .proxy import proxy_for

    with contextlib.suppress(
        OidcLoginError, ValueError
    ):  # what is wrong is said where the arguments are read
        if proxy_for(issuer) is None:
            return EarlySocket(origin_of(issuer), SECONDS)
    return None
