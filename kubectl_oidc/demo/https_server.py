"""A WSGI server on a free loopback port, with or without TLS, in its own thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    import ssl
    from typing import Any
    from wsgiref.types import WSGIApplication

IDLE_SECONDS = 30.0
"""How long a connection may be idle."""


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's signature
        """Log nothing: the provider's request lines hold codes, and would disturb the story."""


class _Server(ThreadedWSGIServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing if a client goes away or rejects the certificate."""


class Listener:
    """Serve a WSGI application on 127.0.0.1, by plain HTTP if `tls` is None."""

    def __init__(self, application: WSGIApplication, tls: ssl.SSLContext | None = None) -> None:
        self._server = _Server("127.0.0.1", 0, application, handler=_Handler, ssl_context=tls)
        if tls is not None:
            # Each connection does its TLS handshake in its own thread, so that a silent one delays no other.
            self._server.socket.do_handshake_on_connect = False  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        scheme = "https" if tls else "http"
        self.origin = f"{scheme}://127.0.0.1:{self._server.port}"

    def start(self) -> None:
        """Start to answer requests."""
        self._thread.start()

    def close(self) -> None:
        """Free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(5)
        self._server.server_close()
