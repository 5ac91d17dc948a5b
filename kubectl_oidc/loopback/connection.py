"""One HTTP connection: a bounded request in, one reply out, and a close that loses neither (RFC 9112 §9.6)."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11

from .authorization_response import RejectedRequest, Request
from .channel import Channel
from .peer_user import uid_of

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Sequence

HEAD_BYTES = 64 * 1024
"""The longest request line with headers. A browser sends a site's cookies to each of its ports, and developers collect
many for localhost: four times what web servers commonly take."""

READ_BYTES = 16 * 1024

_TLS_HANDSHAKE = b"\x16\x03"  # RFC 8446 §5.1: how a ClientHello begins
SPOKE_TLS = "the browser came with https, and http is spoken here"
"""Why the request of a browser that speaks TLS to an http redirect URI is refused."""

LINGER_SECONDS = 1.0
"""How long a client that still sends is listened to after the reply."""

LINGER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response.

    Attributes:
        status: The status code.
        headers: The header fields, without those about the connection and the length.
        body: The body.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


class Connection:
    """A client's connection, for one request.

    Args:
        client: The connected socket, non-blocking; ``close`` closes it.
        tls: Our certificate, where TLS is spoken.
    """

    def __init__(self, client: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        self._client = client
        self._channel = Channel(client) if tls is None else _tls_channel(client, tls)
        self._loop = asyncio.get_running_loop()
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self._head_only = False

    async def read(self) -> Request | RejectedRequest | None:
        """Return the request; a refusal for what is not HTTP or too large; None when the client left.

        Raises:
            OSError: The connection broke.
        """
        first = True
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                # h11 hints at 501 for a transfer coding that it does not know; whose fault that is, is the same.
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
        """Send ``reply`` and say that nothing follows.

        Raises:
            OSError: The client left.
        """
        headers = [*reply.headers, ("content-length", str(len(reply.body))), ("connection", "close")]
        response = h11.Response(
            status_code=reply.status, headers=_encoded(headers), reason=_reason(reply.status)
        )
        # What h11 could not read leaves its own side of the connection whole, so it can still write the reply.
        data = self._http.send(response) or b""
        if not self._head_only:
            data += self._http.send(h11.Data(data=reply.body)) or b""
        await self._channel.send(data)
        await self._channel.end()

    async def linger(self) -> None:
        """Take in what the client still sends, within bounds.

        A socket closed with unread bytes resets the connection, and a reset may take the reply from the client before it
        has read it.
        """
        left = LINGER_BYTES
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while left > 0 and (data := await self._loop.sock_recv(self._client, READ_BYTES)):
                    left -= len(data)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _tls_channel(client: socket.socket, tls: ssl.SSLContext) -> Channel:
    from .channel_tls import TlsChannel

    return TlsChannel(client, tls)


def _reason(status: int) -> bytes:
    return HTTPStatus(status).phrase.encode("ascii")


def _encoded(headers: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in headers]


def _request(event: h11.Request, client: socket.socket) -> Request:
    hosts = [value for name, value in event.headers if name == b"host"]
    return Request(
        method=event.method.decode("latin-1"),
        target=event.target.decode("latin-1"),
        host=hosts[0].decode("latin-1") if len(hosts) == 1 else None,
        uid=partial(uid_of, client),
    )
