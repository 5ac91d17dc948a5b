"""What comes over a connection, byte by byte: a request, a refusal, or nothing; and what is answered."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given, strategies as st

from kubectl_oidc.loopback.authorization_response import RejectedRequest, Request
from kubectl_oidc.loopback.connection import Connection
from kubectl_oidc.loopback.pages import rejection_page

if TYPE_CHECKING:
    from collections.abc import Sequence


async def _talk(pieces: Sequence[bytes]) -> tuple[Request | RejectedRequest | None, bytes]:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        far.settimeout(5)
        connection = Connection(near)
        reading = asyncio.create_task(connection.read())
        for piece in pieces:
            far.sendall(piece)
            await asyncio.sleep(0)  # so that it may be read before the next comes
        far.shutdown(socket.SHUT_WR)
        request = await reading
        if request is None:
            return None, b""
        await connection.send(
            rejection_page(
                request if isinstance(request, RejectedRequest) else RejectedRequest(404, "nothing is here")
            )
        )
        answer = b""
        while more := far.recv(65536):
            answer += more
        return request, answer


def talk(pieces: Sequence[bytes]) -> tuple[Request | RejectedRequest | None, bytes]:
    """Send these pieces; return what they were taken for, and the answer. In a thread: the browser tests keep a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _talk(pieces)).result(30)


PIECES = st.lists(
    st.binary(max_size=20)
    | st.sampled_from(
        [
            *(b"GET ", b"HEAD ", b"CONNECT ", b"/?code=a", b"*", b" HTTP/1.1", b" HTTP/1.0", b" HTTP/2.0"),
            *(b"\r\n", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b": ", b" ", b"\t", b"\0", b"\xff"),
            *(
                b"Host: a",
                b"Content-Length: 5",
                b"Content-Length: -1",
                b"Transfer-Encoding: chunked",
                b"Expect: 100-continue",
            ),
            *(b"Connection: Upgrade", b"A" * 20_000, b"0\r\n\r\n"),
        ]
    ),
    max_size=8,
)


@given(PIECES)
def test_any_bytes_are_a_request_a_refusal_or_nothing(pieces: list[bytes]) -> None:
    """Whatever comes is answered once, with a status of its own making, or it was nothing whole."""
    request, answer = talk(pieces)
    if request is None:
        return
    assert isinstance(request, Request) or 400 <= request.status <= 499
    assert answer.startswith(b"HTTP/1.1 4")
    assert answer.count(b"HTTP/1.1") == 1
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert len(body) in {length, 0}


TOKEN = st.text("ABCdef-_.!~", min_size=1, max_size=8)
TARGET = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30).map("/{}".format)


@given(
    method=TOKEN,
    target=TARGET,
    host=TOKEN,
    more=st.dictionaries(TOKEN, TOKEN, max_size=3),
    cuts=st.lists(st.integers(0, 100), max_size=4),
)
def test_any_request_is_read_as_it_was_sent(
    method: str, target: str, host: str, more: dict[str, str], cuts: list[int]
) -> None:
    """In however many pieces it comes: its method, its target and its Host, to the letter."""
    fields = "".join(f"X-{name}: {value}\r\n" for name, value in more.items())
    data = f"{method} {target} HTTP/1.1\r\n{fields}Host: {host}\r\n\r\n".encode()
    edges = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    request, _ = talk([data[one:two] for one, two in pairwise(edges)])
    assert isinstance(request, Request)
    assert (request.method, request.target, request.host) == (method, target, host)
