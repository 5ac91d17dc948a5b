"""Read one answer: the standard library parses it, and what that one would let pass is refused (RFC 9112).

A peer that frames an answer in a doubtful way is not believed: the end of the answer would be a guess. The header is
bounded in bytes, and the body too, after decompression.
"""

from __future__ import annotations

import re
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import TYPE_CHECKING, Any, cast

from kubectl_oidc.errors import InvalidProviderResponse
from kubectl_oidc.urls import shown_url

from .exchange import BODY_LIMIT, HEADER_NAME, Response
from .stream import PIECE, limit

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import Message

    from kubectl_oidc.system.deadline import Deadline

    from .stream import Stream

HEAD_LIMIT = 100 << 10
"""The most bytes of lines in a row: of a header, or of what comes after the last chunk."""

_SLICE = 0.1
"""The longest wait of one read, in seconds, if there is something to do between two."""

_TEXT = rb"[^\0\n\v\f\r]*"
_STATUS = rb"HTTP/1\.[01] [1-9][0-9]{2}(?: " + _TEXT + rb")?"
_FIELD = (
    rb"(?:(?:" + HEADER_NAME.encode() + rb":|[ \t])" + _TEXT + rb")?"
)  # a line that is folded begins with white space
_CHUNK_END = b"\r\n"
_CHUNK = rb"[0-9A-Fa-f]{1,16}[ \t]*(?:;" + _TEXT + rb")?"


class Source:
    """What ``HTTPResponse`` reads from: the lines and bytes of one answer. Each line is checked.

    Args:
        end: Until when to wait for bytes.
        between_reads: Called between two short waits, if given.

    Attributes:
        unread: What was received and belongs to no answer yet.
    """

    def __init__(
        self, stream: Stream, end: Deadline, between_reads: Callable[[], None] | None = None
    ) -> None:
        self._stream = stream
        self._end = end
        self._between_reads = between_reads
        self.unread = b""
        self._lines = 0  # bytes of lines in a row
        self._expected = _STATUS
        self._last_data = _CHUNK_END

    def readline(self, _limit: int) -> bytes:
        """Return the next line, with its end.

        Raises:
            HTTPException: It is not allowed here, or the lines are too long.
            ConnectionResetError: The peer has closed the connection.
        """
        while (end := self.unread.find(b"\n") + 1) == 0 and len(self.unread) <= HEAD_LIMIT:
            data = self._receive()
            if not data:
                raise ConnectionResetError
            self.unread += data
        line, self.unread = self.unread[:end], self.unread[end:]
        self._lines += len(line)
        text = line.removesuffix(b"\n").removesuffix(b"\r")
        if not line or self._lines > HEAD_LIMIT or not re.fullmatch(self._expected, text):
            raise HTTPException
        if self._expected is _CHUNK and self._last_data != _CHUNK_END:
            raise HTTPException
        self._expected = _FIELD if text else _STATUS
        return line

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes, or fewer if the peer closes the connection before."""
        while len(self.unread) < size and (data := self._receive()):
            self.unread += data
        self._last_data, self.unread = self.unread[:size], self.unread[size:]
        self._lines, self._expected = 0, _CHUNK
        return self._last_data

    def expect_chunks(self) -> None:
        """Let the next line be the size of a chunk."""
        self._expected = _CHUNK

    def makefile(self, _mode: str) -> Source:
        """Return this object: ``HTTPResponse`` asks a socket for a file."""
        return self

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing: the connection is used again."""

    def _receive(self) -> bytes:
        while True:
            limit(self._stream, self._end, *([_SLICE] if self._between_reads else []))
            try:
                return self._stream.recv(PIECE)
            except TimeoutError:
                if self._between_reads is None or self._end.passed():
                    raise
                self._between_reads()


def read_head(source: Source, method: str) -> HTTPResponse:
    """Return the first answer that is not informational (RFC 9110 §15.2), with its body still to be read.

    Raises:
        HTTPException: It is not HTTP/1.1, or two readers may find its end at different places.
        OSError: The connection ended or timed out.
    """
    while True:
        answer = HTTPResponse(cast("Any", source), method=method)
        answer.begin()
        if answer.status >= 200:  # noqa: PLR2004
            break
    lengths = answer.headers.get_all("content-length", [])
    codings = [coding.lower() for coding in answer.headers.get_all("transfer-encoding", [])]
    if (
        answer.headers.defects  # lines that the email package has passed over
        or codings not in ([], ["chunked"])
        or len(lengths) > 1
        or not all(re.fullmatch(r"[0-9]{1,18}", length) for length in lengths)
    ):
        raise HTTPException
    if codings and lengths:
        answer.will_close = True  # RFC 9112 §6.3: the chunks count
    return answer


def read_response(source: Source, method: str, url: str) -> tuple[Response, bool]:
    """Return an answer, and whether the connection can be used again.

    Raises:
        InvalidProviderResponse: The answer is not HTTP, too large, or cannot be decompressed.
        OSError: The connection ended or timed out.
    """
    try:
        answer = read_head(source, method)
        body = b"" if answer.status in {204, 304} else _read_body(source, answer, url)
    except IncompleteRead as error:
        raise ConnectionResetError from error
    except HTTPException as error:
        raise InvalidProviderResponse(
            f"what {shown_url(url)} answers is not HTTP, or its header is too long",
            "check the host and port in --oidc-issuer-url, and whether a proxy stands in the way",
        ) from error
    again = not (answer.will_close or source.unread)
    return Response(answer.status, _fields(answer.headers), body), again


def _read_body(source: Source, answer: HTTPResponse, url: str) -> bytes:
    if answer.chunked:
        source.expect_chunks()
    body = b""
    while len(body) <= BODY_LIMIT and (piece := answer.read(PIECE)):
        body += piece
    if len(body) <= BODY_LIMIT:
        if answer.length:
            raise ConnectionResetError  # it is shorter than its Content-Length
        body = _unpacked(body, ",".join(answer.headers.get_all("content-encoding", [])), url)
    if len(body) > BODY_LIMIT:
        raise InvalidProviderResponse(
            f"the answer of {shown_url(url)} is larger than {BODY_LIMIT >> 20} MB",
            "check --oidc-issuer-url; a provider's documents have a few kilobytes",
        )
    return body


def _unpacked(body: bytes, coding: str, url: str) -> bytes:
    """Return at most ``BODY_LIMIT`` + 1 bytes of a body, decompressed (RFC 9110 §8.4)."""
    coding = coding.strip().lower()
    if not body or coding in {"", "identity"}:
        return body
    import zlib

    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)  # gzip
    try:
        unpacked = unpacker.decompress(body, BODY_LIMIT + 1) if coding in {"gzip", "x-gzip"} else b""
    except zlib.error:
        unpacked = b""
    if len(unpacked) <= BODY_LIMIT and (not unpacker.eof or unpacker.unused_data):
        raise InvalidProviderResponse(
            f"the answer of {shown_url(url)} cannot be decompressed",
            "check the network (VPN, proxy: HTTPS_PROXY, NO_PROXY) and --oidc-issuer-url, and try again",
        )
    return unpacked


def _fields(headers: Message) -> dict[str, str]:
    """Return header fields by name in lower case. Folded lines are one (RFC 9112 §5.2). UTF-8 is read as such."""
    fields: dict[str, str] = {}
    for name, value in headers.items():
        data = b" ".join(line.strip() for line in value.encode("latin-1").split(b"\n"))
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        known = fields.get(name.lower())
        fields[name.lower()] = text if known is None else f"{known}, {text}"
    return fields
