"""Turn the errors of a connection into messages: DNS, TCP, TLS, proxy, time-out."""

from __future__ import annotations

import ssl
import sys
from errno import EHOSTUNREACH
from socket import gaierror
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.errors import ProviderUnreachable
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import shown_url

from . import tls
from .proxy import ENCODE, RefusedByProxy, proxy_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .progress import RequestProgress
    from .tls import TlsOptions

_LOCAL_NETWORK_HINT = "check the network and VPN. For a server on your own network, allow the program that runs kubectl: System Settings, Privacy & Security, Local Network"
"""For EHOSTUNREACH on macOS 15 and later, which hides the local network from programs that the user has not allowed (Apple TN3179)."""

_NETWORK_HINT = "check the network (VPN, proxy: HTTPS_PROXY, NO_PROXY) and --oidc-issuer-url, and try again"


def explain(
    error: Exception, *, url: str, progress: RequestProgress, seconds: float, options: TlsOptions
) -> ProviderUnreachable:
    """Return the user's error for one of the connection."""
    if isinstance(error, TimeoutError):
        return too_late(url, progress, seconds)
    if isinstance(error, RefusedByProxy):
        return _refused_by_proxy(error, url, progress)
    if isinstance(error, UnicodeError):
        return ProviderUnreachable(
            f"{shown_url(url)} is not an address that can be reached", _NETWORK_HINT, sent=False
        )
    return _no_connection(list(causes(error)), url, progress, options)


def too_late(url: str, progress: RequestProgress, seconds: float) -> ProviderUnreachable:
    """Return the error for a request that took longer than its limit of ``seconds``."""
    if progress.sent:
        return ProviderUnreachable(
            f"{shown_url(url)} did not answer completely within {seconds:.3g} s", _NETWORK_HINT
        )
    return _unreachable(url, progress, f"{_place(url, progress)} did not connect within {seconds:.3g} s")


def was_cut(error: BaseException) -> bool:
    """Return whether the peer dropped the connection: a request that is safe to repeat may then be repeated."""
    return any(_is_cut(cause) for cause in causes(error))


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and the errors that caused it, the first cause last."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _is_cut(cause: BaseException) -> bool:
    return isinstance(cause, ConnectionError | ssl.SSLEOFError) and not isinstance(
        cause, ConnectionRefusedError
    )


def _no_connection(
    chain: list[BaseException], url: str, progress: RequestProgress, options: TlsOptions
) -> ProviderUnreachable:
    place = _place(url, progress)
    what = f"{place} does not accept connections"
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            what, hint = tls.explain_certificate_error(cause, sanitize(progress.tls_host, limit=120), options)
            return ProviderUnreachable(
                f"cannot reach {shown_url(url)}: {what}", hint, topic="tls", sent=False
            )
        if isinstance(cause, gaierror):
            what = f"the name of {place} does not resolve"
        elif isinstance(cause, ConnectionRefusedError):
            what = f"{place} refuses the connection"
        elif _is_cut(cause):
            what = f"{place} cut the connection"
        elif isinstance(cause, ssl.SSLError):
            reason = sanitize(cause.reason or "no reason given", limit=60).lower().replace("_", " ")
            what = f"{place} has a TLS error ({reason})"
        elif isinstance(cause, OSError) and cause.strerror:
            what = f"{place}: {sanitize(cause.strerror, limit=80)}"
    blocked = sys.platform == "darwin" and any(getattr(cause, "errno", 0) == EHOSTUNREACH for cause in chain)
    return _unreachable(url, progress, what, _LOCAL_NETWORK_HINT if blocked else _NETWORK_HINT)


def _refused_by_proxy(error: RefusedByProxy, url: str, progress: RequestProgress) -> ProviderUnreachable:
    """Return the error for a proxy that did not answer CONNECT with 200."""
    words = sanitize(error, limit=80)
    return ProviderUnreachable(
        f"cannot reach {shown_url(url)}: {_place(url, progress)} refuses to connect to it ({words})",
        f"{_variable(url)} needs the proxy's user name and password, http://USER:PASSWORD@HOST:PORT: {ENCODE}"
        if words.startswith("407")
        else _proxy_hint(url),
        topic="proxy",
        sent=progress.sent,
    )


def _unreachable(
    url: str, progress: RequestProgress, what: str, hint: str = _NETWORK_HINT
) -> ProviderUnreachable:
    proxy = progress.proxied and not progress.sent
    return ProviderUnreachable(
        f"cannot reach {shown_url(url)}: {what}",
        _proxy_hint(url) if proxy else hint,
        topic="proxy" if proxy else "",
        sent=progress.sent,
    )


def _variable(url: str) -> str:
    proxy = proxy_for(url)
    return proxy.variable if proxy else "HTTPS_PROXY"


def _proxy_hint(url: str) -> str:
    return f"check {_variable(url)}, or name the provider's host in NO_PROXY"


def _place(url: str, progress: RequestProgress) -> str:
    """Return the host and port that a connection was started to, for a message; never a proxy's password."""
    if progress.peer is None:
        return sanitize(urlsplit(url).hostname or "the provider", limit=120)
    host, port = progress.peer
    place = sanitize(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", limit=120)
    return f"the proxy {place}" if progress.proxied else place
