"""Read one answer (RFC 9112). One whose end two readers may find at different places is refused, as is one without end.

The standard library's ``http.client`` accepts more, and imports the package ``email``, which takes longer than all of this program's
own requests. The header is bounded in bytes and fields, and the body in bytes, before and after decompression.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubectl_oidc.errors import InvalidProviderResponse
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.urls import shown_url

from .exchange import BODY_LIMIT, HEADER_NAME, Response
from .stream import PIECE, limit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kubectl_oidc.system.deadline import Deadline

    from .stream import Stream

HEAD_LIMIT = 100 << 10
"""The most bytes of lines in a row: of a header, or of what comes after the last chunk."""
FIELD_LIMIT = 100

_SLICE = 0.1
"""The longest wait of one read, in seconds, if there is something to do between two."""

_TEXT = rb"[^\0\n\v\f\r]*"
_STATUS = rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: (" + _TEXT + rb"))?"
_FIELD = rb"(?:(" + HEADER_NAME.encode() + rb"):(" + _TEXT + rb")|[ \t](" + _TEXT + rb"))?"
_CHUNK = rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;" + _TEXT + rb")?"


class NotHttp(Exception):
    """What was received is not HTTP/1.1, or two readers may find its end at different places."""


class Source:
    """The lines and bytes that a peer sends.

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

    def line(self, expected: bytes) -> re.Match[bytes]:
        """Return the match of the next line, without its end, with a regular expression.

        Raises:
            NotHttp: It does not match, or the lines in a row are too long.
            ConnectionResetError: The peer has closed the connection.
        """
        while (end := self.unread.find(b"\n") + 1) == 0 and len(self.unread) <= HEAD_LIMIT:
            self.unread += self._receive() or _closed()
        line, self.unread = self.unread[:end], self.unread[end:]
        self._lines += len(line)
        match = re.fullmatch(expected, line.removesuffix(b"\n").removesuffix(b"\r"))
        if not line or self._lines > HEAD_LIMIT or match is None:
            raise NotHttp
        return match

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes, or fewer if the peer closes the connection before."""
        while len(self.unread) < size and (data := self._receive()):
            self.unread += data
        data, self.unread = self.unread[:size], self.unread[size:]
        self._lines = 0
        return data

    def exactly(self, size: int) -> bytes:
        """Return ``size`` bytes.

        Raises:
            ConnectionResetError: The peer closes the connection before.
        """
        data = self.read(size)
        return data if len(data) == size else _closed()

    def _receive(self) -> bytes:
        while True:
            limit(self._stream, self._end, *([_SLICE] if self._between_reads else []))
            try:
                return self._stream.recv(PIECE)
            except TimeoutError:
                if self._between_reads is None or self._end.passed():
                    raise
                self._between_reads()


def _closed() -> bytes:
    raise ConnectionResetError


class Head(NamedTuple):
    """An answer up to its body.

    Attributes:
        reason: What the peer says in words.
        headers: Names in lower case; a repeated field is joined with a comma.
        last: Whether the peer closes the connection after it.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    last: bool


def read_head(source: Source) -> Head:
    """Return the first answer that is not informational (RFC 9110 §15.2), with its body still to be read.

    Raises:
        NotHttp: It is not HTTP/1.1, or two readers may find its end at different places.
        OSError: The connection ended or timed out.
    """
    status = 0
    while status < 200:  # noqa: PLR2004
        minor, code, reason = source.line(_STATUS).groups(b"")
        status, headers = int(code), _headers(source)
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if length is not None and not re.fullmatch(r"[0-9]{1,18}", length):  # two of them neither
        raise NotHttp
    if coding is not None and coding.lower() != "chunked":
        raise NotHttp
    last = minor == b"0" or "close" in headers.get("connection", "").lower()
    # RFC 9112 §6.3: of a length and chunks, the chunks count, and the connection is not used again.
    return Head(status, _text(reason), headers, last or (length is not None and coding is not None))


def _headers(source: Source) -> dict[str, str]:
    """Return header fields, or those after the last chunk, by name in lower case. Folded lines are one (RFC 9112 §5.2)."""
    fields: list[tuple[bytes, bytes]] = []
    while len(fields) <= FIELD_LIMIT and (line := source.line(_FIELD))[0]:
        name, value, more = line.groups(b"")
        if name:
            fields.append((name, value.strip()))
        elif fields:
            name, value = fields.pop()
            fields.append((name, value + b" " + more.strip()))
        else:
            raise NotHttp
    if len(fields) > FIELD_LIMIT:
        raise NotHttp
    headers: dict[str, str] = {}
    for name, value in fields:
        key, text = name.decode("ascii").lower(), _text(value)
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _text(data: bytes) -> str:
    """Return UTF-8 as such, and other bytes as Latin-1."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def read_response(source: Source, url: str) -> tuple[Response, bool]:
    """Return the answer to a GET or POST request, and whether the connection can be used again.

    Raises:
        InvalidProviderResponse: The answer is not HTTP, too large, or cannot be decompressed.
        OSError: The connection ended or timed out.
    """
    try:
        head = read_head(source)
        body, last = _body(source, head)
    except NotHttp as error:
        raise InvalidProviderResponse(
            f"what {shown_url(url)} answers is not HTTP, or its header is too long",
            "check the host and port in --oidc-issuer-url, and whether a proxy interferes",
        ) from error
    if len(body) <= BODY_LIMIT:
        body = _unpacked(body, head.headers.get("content-encoding", ""), url)
    if len(body) > BODY_LIMIT:
        raise InvalidProviderResponse(
            f"the answer of {shown_url(url)} is larger than {BODY_LIMIT >> 20} MB",
            "check --oidc-issuer-url: a provider's documents have a few kilobytes",
        )
    return Response(head.status, head.headers, body), not (head.last or last or source.unread)


def _body(source: Source, head: Head) -> tuple[bytes, bool]:
    """Return at most ``BODY_LIMIT`` + 1 bytes of the body, and whether the connection ends with it (RFC 9112 §6.3)."""
    if head.status in {204, 304}:
        return b"", False
    if "transfer-encoding" in head.headers:
        return _chunks(source), False
    length = head.headers.get("content-length")
    if length is None:
        return source.read(BODY_LIMIT + 1), True
    return source.exactly(min(int(length), BODY_LIMIT + 1)), False


def _chunks(source: Source) -> bytes:
    """Return the body that comes in chunks (RFC 9112 §7.1), or its first ``BODY_LIMIT`` + 1 bytes."""
    body = b""
    while size := int(source.line(_CHUNK)[1], 16):
        body += source.exactly(min(size, BODY_LIMIT + 1 - len(body)))
        if len(body) == BODY_LIMIT + 1:
            return body
        if source.exactly(2) != b"\r\n":
            raise NotHttp
    _headers(source)
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
