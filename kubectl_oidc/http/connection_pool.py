"""The connections of one HTTP client: one library client for each proxy. They send one request within a deadline.

The HTTP library and the TLS settings are loaded by the first request, not with this module.
"""

from __future__ import annotations

import time
from functools import partial
from threading import Lock, Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.system.deadline import Deadline, bounded
from kubectl_oidc.urls import port_of, shown_url

from .exchange import Request, Response, new_client, new_proxied_client, send_request
from .progress import RequestProgress, carrier
from .proxy import proxy_for

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    import httpx2

    from kubectl_oidc.system.log import Log

    from .early_connection import EarlyConnection
    from .tls import TlsOptions


class ConnectionPool:
    """Open connections, and reuse them for later requests.

    Args:
        proxy: The proxy for every request; None for the environment's. It may hold a password.
    """

    def __init__(self, tls: TlsOptions, log: Log, proxy: str | None) -> None:
        self._tls = tls
        self._log = log
        self._proxy = proxy
        self._context: ssl.SSLContext | None = None
        self._context_lock = Lock()
        self._clients: dict[str | None, httpx2.Client] = {}
        self.early: EarlyConnection | None = None
        """The connection that was started before the HTTP library was imported, if any."""

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
        if handover is not None and (known := handover.answer()):
            return known
        progress = RequestProgress(current.between_reads if current is not None else None)
        name, seconds, began = f"{request.method} {shown_url(request.url)}", end.left(), time.monotonic()
        busy = _run_when_sent(progress, meanwhile, seconds) if meanwhile else None

        def late() -> Exception:
            from .failures import too_late

            progress.give_up()
            return too_late(request.url, progress, seconds)

        def attempt() -> Response:
            work = partial(self._exchange, request, progress, seconds)
            return handover.carry(progress, work, busy) if handover is not None else work()

        if seconds <= 0:
            raise late()
        self.connect_early(request.url, seconds)
        try:
            response = bounded(attempt, seconds, late)
        except BaseException:
            progress.give_up()  # Ctrl-C too: a request that has not left by now must not leave
            self._log.info(4, f"{name} failed")
            raise
        took = time.monotonic() - began
        self._log.info(4, f"{name}: {response.status}, {len(response.body)} bytes, {took:.2f} s")
        return response

    def _exchange(self, request: Request, progress: RequestProgress, seconds: float) -> Response:
        """Send the request over the HTTP library, and raise its errors as ours."""
        import httpx2

        from .failures import explain

        try:
            client = self.client_for(request.url)
            return send_request(client, request, progress.trace, seconds, self._tls.server_name)
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise explain(
                error, url=request.url, progress=progress, seconds=seconds, options=self._tls
            ) from error

    def client_for(self, url: str) -> httpx2.Client:
        """Return the library client for ``url``: one for each proxy, and one for direct connections.

        Raises:
            UsageError: A proxy, an authority or a certificate cannot be used.
        """
        proxy = self.proxy_of(url)
        if proxy not in self._clients:
            context = self.tls_context()
            if self._tls.insecure:
                self._log.info(1, "certificates are not checked (--insecure-skip-tls-verify)")
            if proxy is None:
                from .transport import DirectTransport

                self._clients[proxy] = new_client(transport=DirectTransport(context, self.early))
            else:
                self._clients[proxy] = new_proxied_client(context, proxy, given=self._proxy is not None)
        return self._clients[proxy]

    def proxy_of(self, url: str) -> str | None:
        """Return the URL of the proxy for ``url``: the given one, else the environment's; None for a direct connection.

        Raises:
            UsageError: The environment's proxy URL cannot be used.
        """
        if self._proxy is not None:
            return self._proxy
        proxy = proxy_for(url)
        return proxy.url if proxy else None

    def tls_context(self) -> ssl.SSLContext:
        """Return the TLS settings. The early connection and the request may ask for them at the same time.

        Raises:
            UsageError: An authority or a certificate cannot be used.
        """
        with self._context_lock:
            if self._context is None:
                from .tls import client_context

                self._context = client_context(self._tls)
                self._context.set_alpn_protocols(["http/1.1"])
            return self._context

    def connect_early(self, url: str, seconds: float) -> None:
        """Start to connect to the host of ``url`` in the background.

        Only before the first request, only without a proxy, and only if the certificate's name is the URL's host.
        """
        if self.early or self._clients or self.proxy_of(url) or seconds <= 0 or self._tls.server_name:
            return
        parts = urlsplit(url)
        if parts.hostname is None or not parts.hostname.isascii():
            return
        from .early_connection import EarlyConnection

        context = self.tls_context if parts.scheme == "https" else None
        self.early = EarlyConnection(parts.hostname, port_of(parts), context, seconds)

    def close(self) -> None:
        """Close every connection."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()
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
