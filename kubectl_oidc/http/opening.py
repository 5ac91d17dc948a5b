"""Open a stream to an origin: TCP and TLS, through a proxy if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .exchange import ascii_host
from .stream import connect_tcp, limit, start_tls
from .tls import SYSTEM_TRUST, client_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.system.deadline import Deadline

    from .exchange import Origin
    from .progress import RequestProgress
    from .proxy import Proxy
    from .stream import Stream
    from .tls_context import Context


def open_stream(
    origin: Origin,
    proxy: Proxy | None,
    progress: RequestProgress,
    end: Deadline,
    *,
    context: Callable[[], Context],
    server_name: str,
) -> Stream:
    """Return a stream to ``origin``, or to a proxy that forwards requests to it.

    Args:
        context: Returns the TLS settings for the origin. A proxy's certificate is checked with the system's authorities.
        server_name: The name in the origin's certificate.

    Raises:
        GivenUp: The request was given up meanwhile.
        RefusedByProxy: The proxy does not connect to the origin.
        OSError: A connection failed or took too long.
        UnicodeError: The proxy's host has no ASCII form.
    """
    host, port = (origin.host, origin.port) if proxy is None else (ascii_host(proxy.host), proxy.port)
    progress.peer, progress.proxied = (host, port), proxy is not None
    stream: Stream = connect_tcp(host, port, end.left())
    try:
        progress.go_on()
        if proxy is not None:
            stream = _through(stream, proxy, origin, progress, end)
        if origin.scheme == "https":
            progress.tls_host = server_name
            limit(stream, end)
            stream = start_tls(stream, context(), server_name)
    except BaseException:
        stream.close()
        raise
    return stream


def _through(
    stream: Stream, proxy: Proxy, origin: Origin, progress: RequestProgress, end: Deadline
) -> Stream:
    from .tunnel import open_tunnel

    if proxy.scheme == "https":
        progress.tls_host = ascii_host(proxy.host)
        limit(stream, end)
        settings = client_context(SYSTEM_TRUST)
        settings.load_bundle()
        stream = start_tls(stream, settings, progress.tls_host)
    if not proxy.forwards(origin.scheme):
        limit(stream, end)
        open_tunnel(stream, proxy, origin.host, origin.port, end)
    return stream
