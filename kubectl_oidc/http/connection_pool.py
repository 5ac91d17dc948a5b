"""The connections of one HTTP client. They send one request within a deadline, and are used again for the next one.

Sockets, TLS and the HTTP parser are imported by the first request, not with this module.
"""

from __future__ import annotations

import time
from functools import partial
from threading import Lock, Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.system.deadline import Deadline, bounded
from kubectl_oidc.urls import shown_url

from .exchange import Origin, Request, Response, origin_of, request_bytes
from .progress import RequestProgress, carrier
from .proxy import RefusedByProxy, parse_proxy, proxy_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.system.log import Log

    from .early_connection import EarlyConnection, EarlySocket
    from .proxy import Proxy
    from .stream import Stream
    from .tls import TlsOptions
    from .tls_context import Context

_IDLE_SECONDS = 5.0
"""The longest time between two requests on one connection. Servers close idle connections, some after few seconds."""


class ConnectionPool:
    """Open connections, one request at a time on each, and reuse them for later requests to the same origin.

    Args:
        proxy: The proxy for every request; None for the environment's. It may hold a password.
    """

    def __init__(self, tls: TlsOptions, log: Log, proxy: str | None) -> None:
        self._tls = tls
        self._log = log
        self._proxy = proxy
        self._context: Context | None = None
        self._context_lock = Lock()
        self._idle: dict[tuple[object, ...], tuple[Stream, float]] = {}  # by origin and proxy, with the time
        self._asked = self._closed = False
        self.early: EarlyConnection | None = None
        """The connection that was started before the first request, if any."""

    def send(
        self, request: Request, end: Deadline, meanwhile: Callable[[], object] | None = None
    ) -> Response:
        """Send one request, and return the answer before ``end``, whatever the peer does. Run ``meanwhile`` in that time.

        Raises:
            ProviderUnreachable: No whole answer came in time; ``sent`` tells whether the request may have left.
            InvalidProviderResponse: The answer is too large or not HTTP.
            UsageError: A header, a proxy, an authority or a certificate cannot be used.
        """
        current = carrier()
        handover = current if request.method == "POST" else None
        if handover and (known := handover.answer()):
            return known
        progress = RequestProgress(current.between_reads if current else None)
        name, seconds, began = f"{request.method} {shown_url(request.url)}", end.left(), time.monotonic()
        busy = _run_when_sent(progress, meanwhile, seconds) if meanwhile else None

        def late() -> Exception:
            from .failures import too_late

            progress.give_up()
            return too_late(request.url, progress, seconds)

        work = partial(self._exchange, request, progress, end, seconds)
        attempt = partial(handover.carry, progress, work, busy) if handover else work
        if seconds <= 0:
            raise late()
        self.connect_early(request.url, seconds)
        self._asked = True
        try:
            response = bounded(attempt, seconds, late)
        except BaseException:
            progress.give_up()  # Ctrl-C too: a request that has not left by now must not leave
            self._log.info(4, "request-failed", f"{name} failed")
            raise
        told = f"{response.status}, {len(response.body)} bytes, {time.monotonic() - began:.2f} s"
        self._log.info(4, "request", f"{name}: {told}")
        return response

    def _exchange(
        self, request: Request, progress: RequestProgress, end: Deadline, seconds: float
    ) -> Response:
        """Send the request, and explain what goes wrong on the way."""
        try:
            return self._send_over(self.proxy_of(request.url), request, progress, end)
        except (OSError, UnicodeError, RefusedByProxy) as error:
            from .failures import explain

            raise explain(
                error, url=request.url, progress=progress, seconds=seconds, options=self._tls
            ) from error

    def _send_over(
        self, proxy: Proxy | None, request: Request, progress: RequestProgress, end: Deadline
    ) -> Response:
        """Send the request over an idle connection, the early one, or a new one."""
        from .answer import Source, read_response
        from .stream import limit

        origin = origin_of(request.url)
        data = request_bytes(request, proxy if proxy and proxy.forwards(origin.scheme) else None)
        stream = self._idle_stream(origin, proxy) or self._open(origin, proxy, progress, end)
        try:
            progress.send()
            limit(stream, end)
            stream.sendall(data)
            progress.under_way.set()
            source = Source(stream, end, progress.between_reads)
            response, again = read_response(source, request.url)
        except BaseException:
            stream.close()
            raise
        self._keep(origin, proxy, stream, again=again)
        return response

    def _open(self, origin: Origin, proxy: Proxy | None, progress: RequestProgress, end: Deadline) -> Stream:
        from ssl import SSLCertVerificationError

        from .opening import open_stream

        name = self._tls.server_name or origin.host
        if self.early is not None and proxy is None:
            progress.peer, progress.tls_host = (origin.host, origin.port), name
            ready = self.early.take(origin, end.left())
            if ready is not None:
                return ready
        attempt = partial(
            open_stream, origin, proxy, progress, end, context=self.tls_context, server_name=name
        )
        try:
            return attempt()
        except SSLCertVerificationError:
            if not self.tls_context().load_bundle():
                raise
        return attempt()

    def _idle_stream(self, origin: Origin, proxy: Proxy | None) -> Stream | None:
        """Return an open connection, which is then the caller's. One that was idle for long, or is closed, is no use."""
        from .stream import is_readable

        stream, since = self._idle.pop((origin, proxy), (None, 0.0))
        if stream is None or (time.monotonic() - since < _IDLE_SECONDS and not is_readable(stream)):
            return stream
        stream.close()
        return None

    def _keep(self, origin: Origin, proxy: Proxy | None, stream: Stream, *, again: bool) -> None:
        """Keep a connection for the next request, or close it."""
        if again and not self._closed and (origin, proxy) not in self._idle:
            self._idle[origin, proxy] = stream, time.monotonic()
        else:
            stream.close()

    def prepare(self, url: str) -> None:
        """Import what a request to ``url`` needs, and read the TLS settings.

        Raises:
            UsageError: A proxy, an authority or a certificate cannot be used.
        """
        from . import answer, opening  # noqa: F401

        self.proxy_of(url)
        self.tls_context()

    def proxy_of(self, url: str) -> Proxy | None:
        """Return the proxy for ``url``: the given one, else the environment's; None for a direct connection.

        Raises:
            UsageError: The proxy's URL cannot be used.
        """
        return proxy_for(url) if self._proxy is None else parse_proxy("proxy-url", self._proxy)

    def tls_context(self) -> Context:
        """Return the TLS settings. The early connection and the request may ask for them at the same time.

        Raises:
            UsageError: An authority or a certificate cannot be used.
        """
        with self._context_lock:
            if self._context is None:
                from .tls import client_context

                if self._tls.insecure:
                    self._log.info(
                        1, "tls-not-checked", "certificates are not checked (--insecure-skip-tls-verify)"
                    )
                self._context = client_context(self._tls)
                self._context.set_alpn_protocols(["http/1.1"])
            return self._context

    def connect_early(self, url: str, seconds: float, opened: EarlySocket | None = None) -> None:
        """Start to connect to the host of ``url`` in the background. A connection that was started to another host is closed.

        ``opened`` may be a connection to it already. Only before the first request, only without a proxy, and only if the certificate's name is the URL's host, in ASCII.
        """
        if self._asked or self.proxy_of(url) or seconds <= 0 or self._tls.server_name:
            return
        if not (urlsplit(url).hostname or "").isascii():
            return
        from .early_connection import EarlyConnection

        origin = origin_of(url)
        if self.early is not None and self.early.origin != origin:
            self.early.close()
            self.early = None
        if self.early is None:
            self.early = EarlyConnection(origin, self.tls_context, seconds, opened)

    def close(self) -> None:
        """Close every idle connection. A connection in use is closed after its request."""
        self._closed = True
        while self._idle:
            _, (stream, _) = self._idle.popitem()
            stream.close()
        if self.early is not None:
            self.early.close()


def _run_when_sent(progress: RequestProgress, work: Callable[[], object], seconds: float) -> Thread:
    """Run ``work`` in a thread while the answer is awaited, and ignore its errors. Not before: sending needs the interpreter."""
    from contextlib import suppress

    def run() -> None:
        with suppress(Exception):
            if progress.under_way.wait(seconds):
                work()

    thread = Thread(target=run, daemon=True, name="meanwhile")
    thread.start()
    return thread
