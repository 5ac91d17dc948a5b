"""What is an answer, what is refused because its end would be a guess, and when a connection is used again."""

from __future__ import annotations

import gzip
import socket
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import InvalidProviderResponse
from kubectl_oidc.http.answer import HEAD_LIMIT, Source, read_response
from kubectl_oidc.http.exchange import BODY_LIMIT
from kubectl_oidc.system.deadline import Deadline
from tests.topics import about

if TYPE_CHECKING:
    from kubectl_oidc.http.exchange import Response

URL = "https://idp.example.com/token"
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


class Sent:
    """A stream that has these bytes, and then is at its end. A piece of it arrives at a time."""

    def __init__(self, data: bytes, piece: int = 1 << 16) -> None:
        self._data = data
        self._piece = piece

    def settimeout(self, seconds: float | None) -> None:
        assert seconds is not None
        assert seconds > 0

    def recv(self, size: int) -> bytes:
        piece = self._data[: min(size, self._piece)]
        self._data = self._data[len(piece) :]
        return piece


def read(data: bytes, *, piece: int = 1 << 16) -> tuple[Response, bool]:
    """Return the answer in these bytes, and whether its connection can be used again."""
    source = Source(Sent(data, piece), Deadline.after(5))  # type: ignore[arg-type]
    return read_response(source, URL)


def with_length(body: bytes, *fields: bytes) -> bytes:
    return (
        HEAD
        + b"".join(field + b"\r\n" for field in fields)
        + b"Content-Length: %d\r\n\r\n" % len(body)
        + body
    )


# What is understood


@pytest.mark.parametrize("piece", [1, 7, 1 << 16])
@pytest.mark.parametrize(
    ("data", "body", "again"),
    [
        (with_length(b"{}"), b"{}", True),
        (with_length(b""), b"", True),
        (with_length(b"{}").replace(b"\r\n", b"\n"), b"{}", True),
        (with_length(b"{}").replace(b" OK", b""), b"{}", True),
        (with_length(b"{}", b"Connection: close"), b"{}", False),
        (with_length(b"{}").replace(b"1.1", b"1.0"), b"{}", False),
        (HEAD + b"\r\n" + b"until the end", b"until the end", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b"", True),
        (b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", b"", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + with_length(b"{}"), b"{}", True),
        (CHUNKED + b"1\r\n{\r\n0001 ;a=b\r\n}\r\n0\r\nX: trailer\r\n\r\n", b"{}", True),
        (CHUNKED.replace(b"c", b"C", 1) + b"0\r\n\r\n", b"", True),
        (CHUNKED[:-2] + b"Content-Length: 9\r\n\r\n" + b"2\r\n{}\r\n0\r\n\r\n", b"{}", False),
    ],
)  # fmt: skip
def test_an_answer_is_read_to_its_end(data: bytes, body: bytes, again: bool, piece: int) -> None:  # noqa: FBT001
    """By its length, its chunks, or the end of the connection, however it arrives; doubtful ones end the connection."""
    response, used_again = read(data, piece=piece)
    assert (response.body, used_again) == (body, again)


def test_a_connection_with_more_than_the_answer_is_not_used_again() -> None:
    """What follows would be taken for the answer to the next request."""
    response, again = read(with_length(b"{}") + with_length(b"injected"))
    assert (response.body, again) == (b"{}", False)


def test_header_fields_are_joined_unfolded_and_decoded() -> None:
    """A repeated one by a comma, a folded one by a space; UTF-8 where it is that."""
    fields = (b"X-A: 1", b"x-a:2 ", b"X-B: one\r\n\t two", "X-C: ü".encode(), b"X-D: \xfc", b"X-E:")
    headers = read(with_length(b"{}", *fields))[0].headers
    assert [headers[f"x-{name}"] for name in "abcde"] == ["1, 2", "one two", "ü", "ü", ""]


# What is refused


@pytest.mark.parametrize(
    "data",
    [
        *(b"<html>", b"SSH-2.0-OpenSSH_9.2\r\n", b"\r\n", b"\n", b"\x15\x03\x01\x00\x02\x02\x16\n"),
        *(b"HTTP/0.9 200 OK\r\n\r\n", b"HTTP/2.0 200 OK\r\n\r\n", b"http/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 \0\r\n\r\n"),
        *(b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/1.1 2_0 OK\r\n\r\n", b"HTTP/1.1 +20 OK\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n"),
        *(b"HTTP/1.1  200 OK\r\n\r\n", b" HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 099 OK\r\n\r\n"),
        b"HTTP/1.1 101 Switching Protocols\r\n\r\nanother protocol\n",
    ],
)  # fmt: skip
def test_what_begins_in_another_way_is_not_http(data: bytes) -> None:
    """Only HTTP/1.0 and HTTP/1.1, with three digits."""
    with pytest.raises(InvalidProviderResponse, check=about("provider-misbehaves", URL)):
        read(data + b"\r\n\r\n")


@pytest.mark.parametrize(
    "field",
    [
        *(b"no colon", b": no name", b"X A: a space", b"X : a space", b" folded: at the start", b"HTTP/1.1 200 OK"),
        *(b"X: a\rX-Injected: b", b"X: a\0", b"X: a\vb", "ü: ä".encode()),
        *(b"Content-Length: +2", b"Content-Length: -2", b"Content-Length: 2_0", b"Content-Length: 2, 2"),
        *(b"Content-Length: 0x2", b"Content-Length:", b"Content-Length: 2 2", b"Content-Length: \xb2"),
        *(b"Content-Length: 2\r\nContent-Length: 3", b"Content-Length: 1234567890123456789"),
        *(b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: identity"),
        *(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: xchunked"),
        b"X: " + b"a" * HEAD_LIMIT,
        b"X: a\r\n" * 101,
        (b"X: " + b"a" * 10_000 + b"\r\n") * 11,
    ],
)  # fmt: skip
def test_a_header_that_may_be_read_in_two_ways_is_refused(field: bytes) -> None:
    """Lines that are no fields, lengths that are no numbers, several lengths, other codings, and headers without end."""
    with pytest.raises(InvalidProviderResponse, check=about("provider-misbehaves", URL)):
        read(HEAD + field + b"\r\n\r\n" + b"{}")


@pytest.mark.parametrize(
    "chunks",
    [
        *(b"0x2\r\n{}\r\n0\r\n\r\n", b"+2\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"\r\n{}\r\n0\r\n\r\n"),
        *(b"2 2\r\n{}\r\n0\r\n\r\n", b" 2\r\n{}\r\n0\r\n\r\n", b"g\r\n{}\r\n0\r\n\r\n", b"00000000000000002\r\n{}\r\n0\r\n\r\n"),
        *(b"2\r\n{}XX0\r\n\r\n", b"2\r\n{}\n\n0\r\n\r\n", b"2;" + b"a" * HEAD_LIMIT + b"\r\n{}\r\n0\r\n\r\n"),
        *(b"2\r\n{}\r\n0\r\nno trailer\r\n\r\n", b"2\r\n{}\r\n0\r\n" + b"X: a\r\n" * HEAD_LIMIT),
    ],
)  # fmt: skip
def test_chunks_that_may_be_read_in_two_ways_are_refused(chunks: bytes) -> None:
    """Sizes that are not hexadecimal digits, chunks that do not end where they say, lines without end."""
    with pytest.raises(InvalidProviderResponse, check=about("provider-misbehaves", URL)):
        read(CHUNKED + chunks)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"HTTP", HEAD, HEAD + b"X: a\r\n", with_length(b"{}")[:-1], with_length(b"{}")[:-2]),
        *(CHUNKED, CHUNKED + b"2\r\n{", CHUNKED + b"2\r\n{}", CHUNKED + b"2\r\n{}\r\n"),
        *(CHUNKED + b"2\r\n{}\r\n0\r\n", CHUNKED + b"2\r\n{}\r\n0\r\nX: a\r\n"),
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)  # fmt: skip
def test_an_answer_that_is_cut_is_no_answer(data: bytes) -> None:
    """Wherever the connection ends too soon, the end of the last chunk included."""
    with pytest.raises(ConnectionResetError):
        read(data)


def test_a_length_or_chunk_of_gigabytes_takes_no_memory() -> None:
    """Nothing is reserved for what is announced."""
    with pytest.raises(ConnectionResetError):
        read(HEAD + b"Content-Length: 99999999999999999\r\n\r\n{}")
    with pytest.raises(ConnectionResetError):
        read(CHUNKED + b"ffffffffffffffff\r\n{}")


# Compression


def packed(body: bytes, coding: bytes = b"gzip") -> bytes:
    return with_length(body, b"Content-Encoding: " + coding)


@pytest.mark.parametrize("coding", [b"gzip", b"GZIP", b"x-gzip"])
def test_gzip_is_unpacked(coding: bytes) -> None:
    """To one megabyte, which is allowed; an empty body, as 200 without one has it, stays empty."""
    assert read(packed(gzip.compress(b"{}", mtime=0), coding))[0].body == b"{}"
    assert len(read(packed(gzip.compress(bytes(BODY_LIMIT)), coding))[0].body) == BODY_LIMIT
    assert read(packed(b"", coding))[0].body == b""


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        *(
            (b"{}", b"gzip"),
            (gzip.compress(b"{}", mtime=0)[:-1], b"gzip"),
            (gzip.compress(b"{}", mtime=0) + b"more", b"gzip"),
        ),
        *(
            (zlib.compress(b"{}"), b"deflate"),
            (zlib.compress(b"{}"), b"gzip"),
            (b"{}", b"br"),
            (b"{}", b"zstd"),
        ),
        (gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), b"gzip, gzip"),
    ],
)
def test_what_cannot_be_unpacked_whole_is_refused(body: bytes, coding: bytes) -> None:
    """Broken, cut or longer than it says, or in a coding that was not asked for."""
    with pytest.raises(InvalidProviderResponse, check=about("provider-misbehaves", URL)):
        read(packed(body, coding))


def test_what_unpacks_to_more_than_a_megabyte_is_refused() -> None:
    """One byte more is too much."""
    with pytest.raises(InvalidProviderResponse, match="1 MB"):
        read(packed(gzip.compress(bytes(BODY_LIMIT + 1))))


# Anything


BROKEN = st.tuples(
    st.sampled_from(
        [with_length(b"{}"), CHUNKED + b"2\r\n{}\r\n0\r\n\r\n", packed(gzip.compress(b"{}", mtime=0))]
    ),
    st.integers(0, 80),
    st.integers(0, 80),
    st.sampled_from([b"", b"\r", b"\n", b"\0", b":", b" ", b";", b"0", b"-", b"\xff"])
    | st.binary(max_size=9),
).map(lambda parts: parts[0][: parts[1]] + parts[3] + parts[0][parts[2] :])


@given(st.binary(max_size=200) | st.binary(max_size=100).map(HEAD.__add__) | BROKEN, st.integers(1, 50))
def test_any_bytes_are_an_answer_or_refused(data: bytes, piece: int) -> None:
    """Nothing else is raised, and how the bytes arrive makes no difference."""

    def result(size: int) -> object:
        try:
            return read(data, piece=size)[0]
        except (InvalidProviderResponse, ConnectionResetError) as error:
            return type(error)

    assert result(piece) == result(1 << 16)


def test_between_two_waits_something_can_be_done() -> None:
    """A silent peer is waited for in slices, until the deadline."""
    near, far = socket.socketpair()
    calls: list[None] = []
    with near, far, pytest.raises(TimeoutError):
        read_response(Source(near, Deadline.after(0.35), lambda: calls.append(None)), URL)
    assert 1 <= len(calls) <= 4
