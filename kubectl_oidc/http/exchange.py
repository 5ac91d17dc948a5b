"""Send one request with the HTTP library, and read an answer of bounded size. No cookies, no state between requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from kubectl_oidc.errors import InvalidProviderResponse, UsageError
from kubectl_oidc.urls import shown_url
from kubectl_oidc.version import __version__

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    import httpx2

BODY_LIMIT = 1 << 20
"""The longest body that is accepted, in bytes after decompression."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.1
# RFC 9110 §5.5: a value cannot contain a line break. Lone surrogates from DC80 to DCFF are bytes that are not UTF-8 (PEP 383).
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udc7f\udd00-\udfff]*")


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
        return f"Response(status={self.status!r})"


class Request(NamedTuple):
    """A GET or POST request to send, to an https URL, or http on this machine."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None = None

    def __repr__(self) -> str:
        return f"Request(method={self.method!r}, url={self.url!r})"


def send_request(
    client: httpx2.Client,
    request: Request,
    trace: Callable[[str, Mapping[str, object]], None],
    seconds: float,
    server_name: str = "",
) -> Response:
    """Send a request and return the answer. Redirects are not followed.

    Args:
        trace: The HTTP library calls it at each step, with the step's name and details.
        seconds: The longest time for each step; the caller limits the whole.

    Raises:
        InvalidProviderResponse: The body is too large.
        UsageError: A header contains a character that headers cannot have.
        httpx2.HTTPError: Any other failure.
    """
    extensions = {"trace": trace, **({"sni_hostname": server_name} if server_name else {})}
    with client.stream(
        request.method,
        request.url,
        content=request.content,
        headers=_encoded(request.headers),
        timeout=seconds,
        extensions=extensions,
    ) as answer:
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > BODY_LIMIT:
                raise InvalidProviderResponse(
                    f"the answer of {shown_url(request.url)} is larger than {BODY_LIMIT >> 20} MB",
                    "check --oidc-issuer-url; a provider's documents have a few kilobytes",
                )
        return Response(answer.status_code, dict(answer.headers), bytes(body))


def is_worth_repeating(response: Response) -> bool:
    """Return whether the same GET may succeed later: 429 or a server error."""
    return response.status == 429 or response.status >= 500  # noqa: PLR2004 - RFC 6585 §4, RFC 9110 §15.6


def retry_after(response: Response) -> float | None:
    """Return the Retry-After of an answer in seconds (RFC 9110 §10.2.3), or None if it has none that can be read."""
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def new_client(**options: Any) -> httpx2.Client:
    """Return a library client without cookies, .netrc, redirects, or the environment's proxy."""
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx2

    return httpx2.Client(
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"kubectl-oidc/{__version__}",
        },
        # The library would read the desktop's proxy settings, and ignore their exceptions.
        trust_env=False,
        **options,
    )


def new_proxied_client(context: ssl.SSLContext, proxy: str, *, given: bool) -> httpx2.Client:
    """Return a library client that sends every request through a proxy. ``given`` means by a kubeconfig, not by the environment.

    Raises:
        UsageError: The proxy cannot be used.
    """
    import httpx2

    try:
        return new_client(verify=context, proxy=proxy)
    except (ValueError, httpx2.InvalidURL, ImportError) as error:
        # The URL may contain a password, and so may the library's message: neither is shown.
        raise UsageError(
            "a SOCKS proxy needs the package socksio, which is missing here"
            if isinstance(error, ImportError)
            else f"{'proxy-url' if given else 'the environment'} names a proxy by a URL that cannot be used",
            "look at HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; a proxy is written http://HOST:PORT",
            topic="proxy",
        ) from None


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return header fields as bytes (RFC 9110 §5.5). If a name is repeated, the last one counts.

    Raises:
        UsageError: A name or value contains a character that headers cannot have.
    """
    fields: dict[str, tuple[bytes, bytes]] = {}
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise UsageError(
                "a request header has a character that no header has",
                "write --oidc-request-header=NAME=VALUE, the value on one line",
            )
        fields[name.lower()] = (name.encode("ascii"), value.encode("utf-8", "surrogateescape"))
    return list(fields.values())
