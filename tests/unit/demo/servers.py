"""A WSGI application to serve, and a client that trusts one authority."""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from kubectl_oidc.demo.authority import Authority
    from kubectl_oidc.demo.https_server import Listener


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the requested path."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]


def address(listener: Listener) -> tuple[str, int]:
    """Return a listener's host and port."""
    at = urlsplit(listener.origin)
    assert at.hostname
    assert at.port
    return at.hostname, at.port


def trust(authority: Authority) -> ssl.SSLContext:
    """Return TLS settings that trust only this authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority.pem.decode())
    return context


def get(listener: Listener, path: str, trusting: Authority | None = None) -> str:
    """Return the answer to a GET request, over TLS if an authority is given."""
    host, port = address(listener)
    connection: http.client.HTTPConnection
    if trusting is None:
        connection = http.client.HTTPConnection(host, port, timeout=10)
    else:
        connection = http.client.HTTPSConnection(host, port, timeout=10, context=trust(trusting))
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()
