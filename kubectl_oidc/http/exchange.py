"""One exchange over the wire: a request, an answer of bounded size, nothing remembered between two of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import InvalidProviderResponse, UsageError
from kubectl_oidc.urls import shown
from kubectl_oidc.version import __version__

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    import httpx2

BODY_LIMIT = 1 << 20
"""The longest body that is read, in bytes, decompressed."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.1
# RFC 9110 §5.5: no line can begin in it. Of lone surrogates those are bytes that are no UTF-8 (PEP 383); others are nothing.
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udc7f\udd00-\udfff]*")


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer.

    Attributes:
        status: The status code.
        headers: The header fields, names in lower case; one that came twice is joined with a comma.
        body: The body, decompressed; never shown.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent.

    Attributes:
        method: GET or POST.
        url: An https URL, or http on this machine.
        headers: Further header fields.
        content: The body, if there is one.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None = field(default=None, repr=False)


def exchange(
    client: httpx2.Client,
    request: Request,
    trace: Callable[[str, Mapping[str, object]], None],
    seconds: float,
    server_name: str = "",
) -> Response:
    """Send a request and read the answer, following no redirect.

    Args:
        client: What ``new_client`` gave.
        request: What to send.
        trace: The HTTP library calls it at each step, with its name and details.
        seconds: The longest time for each step of it; whoever calls bounds the whole.
        server_name: Whose certificate is expected, where that is not the URL's host.

    Raises:
        InvalidProviderResponse: The body is too large.
        UsageError: A header has a character that none has.
        httpx2.HTTPError: Everything else that fails.
    """
    with client.stream(
        request.method,
        request.url,
        content=request.content,
        headers=_encoded(request.headers),
        timeout=seconds,
        extensions={
            "trace": trace,
            **({"sni_hostname": server_name} if server_name else {}),
        },
    ) as answer:
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > BODY_LIMIT:
                raise InvalidProviderResponse(
                    f"the answer of {shown(request.url)} is larger than {BODY_LIMIT >> 20} MB",
                    "check --oidc-issuer-url; a provider's documents have a few kilobytes",
                )
        return Response(answer.status_code, dict(answer.headers), bytes(body))


def new_client(transport: httpx2.BaseTransport) -> httpx2.Client:
    """Return a client of the HTTP library that knows no proxy: no cookies, no .netrc, no redirects.

    Args:
        transport: The way to the provider.
    """
    # Without proxies in the environment the library would ask the desktop for some, and ignore its exceptions.
    return _client(transport=transport, trust_env=False)


def new_proxied_client(context: ssl.SSLContext, proxy: str, *, given: bool) -> httpx2.Client:
    """Return one that goes through a proxy, whatever the host.

    Args:
        context: Whom to trust.
        proxy: The proxy's URL.
        given: Whether a kubeconfig gave it, and not the environment.

    Raises:
        UsageError: The proxy cannot be used.
    """
    import httpx2

    try:
        return _client(verify=context, trust_env=False, proxy=proxy)
    except (ValueError, httpx2.InvalidURL, ImportError) as error:
        # The value may hold a password, and so may the library's words about it: neither is shown.
        raise UsageError(
            "a SOCKS proxy needs the package socksio, which is missing here"
            if isinstance(error, ImportError)
            else f"{'proxy-url' if given else 'the environment'} names a proxy by a URL that cannot be used",
            "look at HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; a proxy is written http://HOST:PORT",
            topic="proxy",
        ) from None


def _client(**options: Any) -> httpx2.Client:
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx2

    return httpx2.Client(
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"kubectl-oidc/{__version__}",
        },
        **options,
    )


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return header fields as bytes (RFC 9110 §5.5), the last of each name.

    Raises:
        UsageError: A name or value would break the request.
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
