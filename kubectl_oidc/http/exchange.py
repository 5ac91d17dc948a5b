"""A request and its answer as values, and the bytes of a request (RFC 9112 §3, §5). No cookies, no state between requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from kubectl_oidc.errors import UsageError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.urls import port_of
from kubectl_oidc.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .proxy import Proxy

BODY_LIMIT = 1 << 20
"""The longest body that is accepted, in bytes after decompression."""

HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110 §5.6.2
# RFC 9110 §5.5: a value cannot contain a line break. Lone surrogates from DC80 to DCFF are bytes that are not UTF-8 (PEP 383).
_VALUE = r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udc7f\udd00-\udfff]*"
_IN_TARGET = "%/?:@!$&'()*+,;=~[]"  # RFC 3986 §3.3, §3.4, and brackets, which servers accept

_DEFAULTS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"kubectl-oidc/{__version__}",
}


class Response(NamedTuple):
    """An answer, read to its end.

    Attributes:
        headers: Names in lower case; a repeated header is joined with a comma.
        body: After decompression. It is never shown.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Response({self.status})"


class Request(NamedTuple):
    """A GET or POST request to send, to an https URL, or http on this machine."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None = None

    def __repr__(self) -> str:
        return f"Request({self.method})"


class Origin(NamedTuple):
    """Who is asked (RFC 9110 §4.3.1). The host is in ASCII."""

    scheme: str
    host: str
    port: int


def origin_of(url: str) -> Origin:
    """Return the origin of an http or https URL.

    Raises:
        UnicodeError: See ``ascii_host``.
    """
    parts = urlsplit(url)
    return Origin(parts.scheme, ascii_host(parts.hostname or ""), port_of(parts))


def ascii_host(host: str) -> str:
    """Return a host as it is looked up and sent: names that are not ASCII as IDNA 2003 has them (RFC 3490).

    Raises:
        UnicodeError: IDNA 2003 has no such name, or another one: it makes ``ss`` of ``ß``, and IDNA 2008 does not.
    """
    if host.isascii():
        return host
    name = host.encode("idna")
    if name.decode("idna") != host:
        raise UnicodeError
    return name.decode("ascii")


def request_bytes(request: Request, forwarding: Proxy | None = None) -> bytes:
    """Return the bytes of a request, header and body, so that one write can send them.

    Args:
        forwarding: The proxy that forwards the request, which then names the whole URL (RFC 9112 §3.2.2).

    Raises:
        UsageError: A header has a character that headers cannot have, or would change the length of the request.
        UnicodeError: The host has no ASCII form.
    """
    if not {"content-length", "transfer-encoding"}.isdisjoint(map(str.lower, request.headers)):
        raise UsageError("a request header cannot be sent", "check the values of --oidc-request-header")
    parts, (scheme, host, port) = urlsplit(request.url), origin_of(request.url)
    authority = f"[{host}]" if ":" in host else host
    if port != {"http": 80, "https": 443}[scheme]:
        authority += f":{port}"
    target = quote(parts.path or "/", safe=_IN_TARGET)
    if parts.query:
        target += f"?{quote(parts.query, safe=_IN_TARGET)}"
    if forwarding is not None:
        target = f"{scheme}://{authority}{target}"
    fields = {
        "Host": authority,
        **_DEFAULTS,
        **request.headers,
        **(forwarding.headers() if forwarding else {}),
    }
    if request.content is not None:
        fields["Content-Length"] = str(len(request.content))
    head = [
        f"{request.method} {target} HTTP/1.1".encode("ascii"),
        *(b"%b: %b" % field for field in _encoded(fields)),
    ]
    return b"\r\n".join([*head, b"", request.content or b""])


def is_worth_repeating(response: Response) -> bool:
    """Return whether the same GET may succeed later: 429 or a server error."""
    return response.status == 429 or response.status >= 500  # noqa: PLR2004 - RFC 6585 §4, RFC 9110 §15.6


def retry_after(response: Response) -> float | None:
    """Return the Retry-After of an answer in seconds (RFC 9110 §10.2.3), or None if it has none that can be read."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    if not value:
        return None
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return header fields as bytes (RFC 9110 §5.5). If a name is repeated, the last one counts.

    Raises:
        UsageError: A name or value contains a character that headers cannot have.
    """
    fields: dict[str, tuple[bytes, bytes]] = {}
    for name, value in headers.items():
        if not re.fullmatch(HEADER_NAME, name) or not re.fullmatch(_VALUE, value):
            raise UsageError(
                "a request header has a character that headers cannot have",
                "write `--oidc-request-header=NAME=VALUE`, the value on one line",
            )
        fields[name.lower()] = (name.encode("ascii"), value.encode("utf-8", "surrogateescape"))
    return list(fields.values())
