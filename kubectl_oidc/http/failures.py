"""What a request that failed means, in words: DNS, connection, TLS, proxy, time-out, or an answer that is none."""

from __future__ import annotations

import ssl
from socket import gaierror
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2

from kubectl_oidc.errors import InvalidProviderResponse, OidcLoginError, ProviderUnreachable, UsageError
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import shown

from . import tls
from .proxy import ENCODE, proxy_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .progress import RequestProgress
    from .tls import TlsOptions

_NETWORK_HINT = "check the network (VPN, proxy: HTTPS_PROXY, NO_PROXY) and --oidc-issuer-url, and try again"

# What the HTTP library and h11 say of a connection that ends before the answer does.
_CUT = ("without sending a response", "without sending complete message body", "incomplete chunked read")


def explain(
    error: Exception, *, url: str, flight: RequestProgress, seconds: float, options: TlsOptions
) -> OidcLoginError:
    """Return the error that a person sees for one that the HTTP library raised.

    Args:
        error: What was raised.
        url: What was asked for.
        flight: How far the request got.
        seconds: The time that it had.
        options: Whom we trust, for hints.
    """
    if isinstance(error, httpx2.TimeoutException):
        return too_late(url, flight, seconds)
    if isinstance(error, httpx2.ProxyError):
        return _refused_by_proxy(error, url, flight)
    if isinstance(error, httpx2.NetworkError) or was_cut(error):
        return _no_connection(list(causes(error)), url, flight, options)
    return _no_http(error, url)


def too_late(url: str, flight: RequestProgress, seconds: float) -> ProviderUnreachable:
    """Return the error for a request whose time has passed.

    Args:
        url: What was asked for.
        flight: How far the request got.
        seconds: The time that it had.
    """
    if flight.sent:
        return ProviderUnreachable(f"{shown(url)} gave no whole answer within {seconds:.3g} s", _NETWORK_HINT)
    return _unreachable(url, flight, f"{_place(url, flight)} gave no connection within {seconds:.3g} s")


def was_cut(error: BaseException) -> bool:
    """Tell whether the peer dropped the connection, so that what is safe to repeat may be repeated."""
    return any(_is_cut(cause) for cause in causes(error))


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and what led to it, the innermost last."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _is_cut(cause: BaseException) -> bool:
    if isinstance(cause, httpx2.RemoteProtocolError):
        return any(words in str(cause) for words in _CUT)
    return isinstance(cause, ConnectionError | ssl.SSLEOFError) and not isinstance(
        cause, ConnectionRefusedError
    )


def _no_http(error: Exception, url: str) -> OidcLoginError:
    """Explain what is no matter of the network: our headers, the address, or an answer that is not HTTP."""
    if isinstance(error, httpx2.LocalProtocolError):
        return UsageError(
            "a request header cannot be sent as it is", "look at the values of --oidc-request-header"
        )
    if isinstance(error, httpx2.DecodingError):
        return InvalidProviderResponse(f"the answer of {shown(url)} cannot be decompressed", _NETWORK_HINT)
    if isinstance(error, httpx2.RemoteProtocolError):
        return InvalidProviderResponse(
            f"what {shown(url)} answers is not HTTP, or its header is too long",
            "check the host and port in --oidc-issuer-url, and whether a proxy stands in the way",
        )
    return ProviderUnreachable(
        f"{shown(url)} is not an address that can be reached", _NETWORK_HINT, sent=False
    )


def _no_connection(
    chain: list[BaseException], url: str, flight: RequestProgress, options: TlsOptions
) -> ProviderUnreachable:
    place = _place(url, flight)
    what = f"{place} cannot be connected to"
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            what, hint = tls.refusal(cause, sanitize(flight.tls_host, limit=120), options)
            return ProviderUnreachable(f"cannot reach {shown(url)}: {what}", hint, topic="tls", sent=False)
        if isinstance(cause, gaierror):
            what = f"the name of {place} does not resolve"
        elif isinstance(cause, ConnectionRefusedError):
            what = f"{place} refuses the connection"
        elif _is_cut(cause):
            what = f"{place} cut the connection"
        elif isinstance(cause, ssl.SSLError):
            reason = sanitize(cause.reason or "no reason given", limit=60).lower().replace("_", " ")
            what = f"{place} does not speak TLS as it should ({reason})"
        elif isinstance(cause, OSError) and cause.strerror:
            what = f"{place}: {sanitize(cause.strerror, limit=80)}"
    return _unreachable(url, flight, what)


def _refused_by_proxy(error: httpx2.ProxyError, url: str, flight: RequestProgress) -> ProviderUnreachable:
    """The proxy answered CONNECT with something else than 200."""
    words = sanitize(error, limit=80)
    return ProviderUnreachable(
        f"cannot reach {shown(url)}: {_place(url, flight)} refuses to connect to it ({words})",
        f"{_variable(url)} takes the proxy's user name and password, http://USER:PASSWORD@HOST:PORT: {ENCODE}"
        if words.startswith("407")
        else _proxy_hint(url),
        topic="proxy",
        sent=flight.sent,
    )


def _unreachable(url: str, flight: RequestProgress, what: str) -> ProviderUnreachable:
    proxy = _proxied(url, flight) and not flight.sent
    return ProviderUnreachable(
        f"cannot reach {shown(url)}: {what}",
        _proxy_hint(url) if proxy else _NETWORK_HINT,
        topic="proxy" if proxy else "",
        sent=flight.sent,
    )


def _variable(url: str) -> str:
    proxy = proxy_for(url)
    return proxy.variable if proxy else "HTTPS_PROXY"


def _proxy_hint(url: str) -> str:
    return f"check {_variable(url)}, or name the provider's host in NO_PROXY"


def _proxied(url: str, flight: RequestProgress) -> bool:
    if flight.peer is None:
        return False
    asked = httpx2.URL(url)
    return flight.peer != (
        asked.raw_host.decode("ascii"),
        asked.port or (443 if asked.scheme == "https" else 80),
    )


def _place(url: str, flight: RequestProgress) -> str:
    """Return the host and port that a connection was begun to, in words; never a proxy's password."""
    if flight.peer is None:
        return sanitize(urlsplit(url).hostname or "the provider", limit=120)
    host, port = flight.peer
    place = sanitize(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", limit=120)
    return f"the proxy {place}" if _proxied(url, flight) else place
