"""The way to the provider, step by step: proxy, name, connection, TLS."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.errors import UsageError
from kubectl_oidc.http import tls
from kubectl_oidc.http.proxy import proxy_for
from kubectl_oidc.system.deadline import bounded
from kubectl_oidc.system.terminal import remaining
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import is_loopback_url, port_of

from . import Finding, Severity
from .run import Skipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from .run import DoctorRun, Observations

    T = TypeVar("T")

_SECONDS = 4.0
"""The longest time for one step."""

_SOON = 14 * 86400  # seconds: a certificate that ends within them is worth a word
_NETWORK_HINT = "check the network (VPN, firewall, proxy) and the host in --oidc-issuer-url"


def _place(examination: DoctorRun) -> tuple[str, int]:
    parts = urlsplit(examination.request.issuer)
    return parts.hostname or "", port_of(parts)


def check_proxy(examination: DoctorRun) -> Observations:
    """Where the environment names a proxy for the provider, it can be connected to."""
    issuer = examination.request.issuer
    try:
        proxy = proxy_for(issuer)
    except UsageError as error:
        yield Finding.of(error)
        return
    if proxy is None:
        named = is_loopback_url(issuer) and "the provider is on this machine"
        yield f"none is used: {named or 'the environment names none for this host'}"
        return
    where = sanitize(f"{proxy.host}:{proxy.port}", limit=120)
    why = _failure(lambda: socket.create_connection((proxy.host, proxy.port), _SECONDS).close())
    if why:
        yield Finding(
            Severity.PROBLEM,
            f"the proxy {where} cannot be used: {why}",
            f"check {proxy.variable}, or name the provider's host in NO_PROXY",
            "proxy",
        )
        return
    yield f"{where}, by {proxy.variable}"


def check_dns(examination: DoctorRun) -> Observations:
    """The provider's name resolves."""
    host, port = _place(examination)
    if proxy_for(examination.request.issuer):
        yield Skipped("the proxy looks the name up")
        return
    found: list[str] = []

    def look_up() -> None:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found.extend(dict.fromkeys(str(address[4][0]) for address in addresses))

    why = _failure(look_up)
    if why:
        yield Finding(
            Severity.PROBLEM,
            f"the name {sanitize(host, limit=120)} does not resolve: {why}",
            _NETWORK_HINT,
            "provider-unreachable",
        )
        return
    more = ", …" if len(found) > 3 else ""  # noqa: PLR2004 - enough to recognise it by
    yield f"{sanitize(host, limit=120)} is {sanitize(', '.join(found[:3]))}{more}"


def check_connection(examination: DoctorRun) -> Observations:
    """Somebody listens at the provider's address."""
    host, port = _place(examination)
    if proxy_for(examination.request.issuer):
        yield Skipped("the proxy connects")
        return
    where = sanitize(f"{host}:{port}", limit=120)
    why = _failure(lambda: socket.create_connection((host, port), _SECONDS).close())
    if why:
        yield Finding(
            Severity.PROBLEM, f"{where} cannot be connected to: {why}", _NETWORK_HINT, "provider-unreachable"
        )
        return
    yield where


def check_tls(examination: DoctorRun) -> Observations:
    """The provider's certificate is one that this machine trusts, and will be for some time."""
    host, port = _place(examination)
    options = examination.request.tls
    if urlsplit(examination.request.issuer).scheme != "https":
        yield Skipped("the provider is asked by plain http, on this machine")
        return
    if proxy_for(examination.request.issuer):
        yield Skipped("it goes through the proxy: see discovery")
        return
    seen: list[tuple[str, object]] = []

    def shake_hands() -> None:
        context = tls.client_context(options)
        with (
            socket.create_connection((host, port), _SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=host) as encrypted,
        ):
            seen.append((encrypted.version() or "TLS", (encrypted.getpeercert() or {}).get("notAfter")))

    refusal: list[ssl.SSLCertVerificationError] = []
    why = _failure(shake_hands, refusal)
    if refusal:
        what, hint = tls.refusal(refusal[0], sanitize(host, limit=120), options)
        yield Finding(Severity.PROBLEM, what, hint, "tls")
        return
    if why:
        yield Finding(
            Severity.PROBLEM,
            f"{sanitize(host, limit=120)} does not speak TLS as it should: {why}",
            _NETWORK_HINT,
            "tls",
        )
        return
    version, until = seen[0]
    yield from _certificate(version, until, examination)


def _certificate(version: str, until: object, examination: DoctorRun) -> Observations:
    if examination.request.tls.insecure:
        yield Finding(
            Severity.WARNING,
            f"{version}, and the certificate is not checked (--insecure-skip-tls-verify): anybody can be the provider",
            "leave the flag out, and give a private authority with --certificate-authority FILE",
            "tls",
        )
        return
    left = ssl.cert_time_to_seconds(until) - examination.system.clock() if isinstance(until, str) else None
    if left is not None and left < _SOON:
        yield Finding(
            Severity.WARNING,
            f"{version}; the certificate is good for {remaining(left)} only",
            "tell who runs the provider",
            "tls",
        )
        return
    yield f"{version}; the certificate is good" + (f" for {remaining(left)}" if left else "")


def _failure(work: Callable[[], T], refusal: list[ssl.SSLCertVerificationError] | None = None) -> str:
    """Do a step, and return why it failed, in words; empty where it did not.

    Args:
        work: The step.
        refusal: Takes a certificate that was refused.
    """

    def late() -> Exception:
        return TimeoutError()

    try:
        bounded(work, _SECONDS + 0.5, late)
    except ssl.SSLCertVerificationError as error:
        if refusal is not None:
            refusal.append(error)
        return "its certificate is refused"
    except (OSError, UnicodeError) as error:
        return _why(error)
    return ""


def _why(error: OSError | UnicodeError) -> str:
    if isinstance(error, ssl.SSLError):
        return sanitize(error.reason or "the handshake failed", limit=80).lower().replace("_", " ")
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, TimeoutError):
        return f"no answer within {_SECONDS:.0f} s"
    if isinstance(error, OSError):
        return sanitize(error.strerror or error, limit=100)
    return "it is no host name"
