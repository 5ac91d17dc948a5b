"""One HTTP connection: read one request of bounded size, send one reply, and close without losing it (RFC 9112 §9.6)."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11

from kubectl_oidc.named_tuple import NamedTuple

from .authorization_response import RejectedRequest, Request
from .channel import Channel, TlsChannel
from .peer_user import user_id_of_peer

if TYPE_CHECKING:
    import socket
    import ssl

HEAD_BYTES = 64 * 1024
"""The longest request line with headers: four times the usual limit of web servers. Browsers send the cookies of
localhost to every port, and developers collect many."""

READ_BYTES = 16 * 1024

_TLS_HANDSHAKE = b"\x16\x03"  # RFC 8446 §5.1: the first bytes of a ClientHello
SPOKE_TLS = "the browser used https, but this address is http"
"""The reason for refusing a browser that uses TLS for an http redirect URI."""

LINGER_SECONDS = 1.0
"""How long to read what a client still sends after the reply."""

LINGER_BYTES = 4 * 1024 * 1024


class Reply(NamedTuple):
    """An HTTP response. Connection and length are not among its headers."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


class Connection:
    """A client's connection, for one request.

    Args:
        client: The connected socket, non-blocking; ``close`` closes it.
        tls: The settings with our certificate; None for plain http.
    """

    def __init__(self, client: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        self._client = client
        self._channel = Channel(client) if tls is None else TlsChannel(client, tls)
        self._loop = asyncio.get_running_loop()
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self._head_only = False

    async def read(self) -> Request | RejectedRequest | None:
        """Return the request, a rejection if it is not HTTP or too large, or None if the client left.

        Raises:
            OSError: The connection broke.
        """
        first = True
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                # h11 suggests 501 for an unknown transfer coding. That is the client's fault too, so it gets a 4xx.
                return RejectedRequest(min(error.error_status_hint, 431), "the request cannot be read")
            if event is h11.NEED_DATA:
                data = await self._channel.receive(READ_BYTES)
                if first and data.startswith(_TLS_HANDSHAKE):
                    return RejectedRequest(400, SPOKE_TLS)
                first = False
                self._http.receive_data(data)
            elif isinstance(event, h11.Request):
                self._head_only = event.method == b"HEAD"
                return _request(event, self._client)
            else:
                return None

    async def send(self, reply: Reply) -> None:
        """Send ``reply`` and close our side of the connection.

        Raises:
            OSError: The client left.
        """
        headers = [*reply.headers, ("content-length", str(len(reply.body))), ("connection", "close")]
        reason = HTTPStatus(reply.status).phrase
        response = h11.Response(status_code=reply.status, headers=headers, reason=reason)
        # After a request that h11 could not parse, it can still write a reply.
        data = self._http.send(response) or b""
        if not self._head_only:
            data += self._http.send(h11.Data(data=reply.body)) or b""
        await self._channel.send(data)
        await self._channel.end()

    async def linger(self) -> None:
        """Read what the client still sends, within limits.

        Closing a socket with unread bytes resets the connection, and the client may then lose the reply.
        """
        left = LINGER_BYTES
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while left > 0 and (data := await self._loop.sock_recv(self._client, READ_BYTES)):
                    left -= len(data)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _request(event: h11.Request, client: socket.socket) -> Request:
    hosts = [value for name, value in event.headers if name == b"host"]
    return Request(
        method=event.method.decode("latin-1"),
        target=event.target.decode("latin-1"),
        host=hosts[0].decode("latin-1") if len(hosts) == 1 else None,
        uid=partial(user_id_of_peer, client),
    )
