"""The ``proxy``, ``dns``, ``connection`` and ``tls`` checks: whether the provider can be reached, one step at a time."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.errors import UsageError
from kubectl_oidc.http import tls
from kubectl_oidc.http.proxy import proxy_for
from kubectl_oidc.system.deadline import bounded
from kubectl_oidc.text import sanitize
from kubectl_oidc.times import remaining
from kubectl_oidc.urls import is_loopback_url, port_of

from . import Finding, problem, warning
from .run import Skipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from .run import DoctorRun, Observations

    T = TypeVar("T")

_SECONDS = 4.0
"""The longest time for one step."""

_EXPIRES_SOON = 14 * 86400  # seconds before a certificate's end at which a warning is shown
_NETWORK_HINT = "check the network (VPN, firewall, proxy) and the host in --oidc-issuer-url"


def _host_and_port(run: DoctorRun) -> tuple[str, int]:
    parts = urlsplit(run.request.issuer)
    return parts.hostname or "", port_of(parts)


def check_proxy(run: DoctorRun) -> Observations:
    """Check that a proxy that the environment names for the provider accepts connections."""
    issuer = run.request.issuer
    try:
        proxy = proxy_for(issuer)
    except UsageError as error:
        yield Finding.from_error(error)
        return
    if proxy is None:
        named = is_loopback_url(issuer) and "the provider is on this machine"
        yield f"none is used: {named or 'the environment names none for this host'}"
        return
    where = sanitize(f"{proxy.host}:{proxy.port}", limit=120)
    why = _failure(lambda: socket.create_connection((proxy.host, proxy.port), _SECONDS).close())
    if why:
        yield problem(
            f"the proxy {where} cannot be used: {why}",
            f"check {proxy.variable}, or name the provider's host in NO_PROXY",
            "proxy",
        )
        return
    yield f"{where}, by {proxy.variable}"


def check_dns(run: DoctorRun) -> Observations:
    """Check that the provider's host name resolves."""
    host, port = _host_and_port(run)
    if proxy_for(run.request.issuer):
        yield Skipped("the proxy looks the name up")
        return
    found: list[str] = []

    def look_up() -> None:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found.extend(dict.fromkeys(str(address[4][0]) for address in addresses))

    why = _failure(look_up)
    if why:
        yield problem(
            f"the name {sanitize(host, limit=120)} does not resolve: {why}",
            _NETWORK_HINT,
            "provider-unreachable",
        )
        return
    more = ", …" if len(found) > 3 else ""  # noqa: PLR2004 - enough to recognise it by
    yield f"{sanitize(host, limit=120)} is {sanitize(', '.join(found[:3]))}{more}"


def check_connection(run: DoctorRun) -> Observations:
    """Check that the provider's host accepts connections."""
    host, port = _host_and_port(run)
    if proxy_for(run.request.issuer):
        yield Skipped("the proxy connects")
        return
    where = sanitize(f"{host}:{port}", limit=120)
    why = _failure(lambda: socket.create_connection((host, port), _SECONDS).close())
    if why:
        yield problem(f"{where} cannot be connected to: {why}", _NETWORK_HINT, "provider-unreachable")
        return
    yield where


def check_tls(run: DoctorRun) -> Observations:
    """Check that this computer trusts the provider's certificate, and that it does not expire soon."""
    host, port = _host_and_port(run)
    options = run.request.tls
    if urlsplit(run.request.issuer).scheme != "https":
        yield Skipped("the provider is asked by plain http, on this machine")
        return
    if proxy_for(run.request.issuer):
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
        what, hint = tls.explain_certificate_error(refusal[0], sanitize(host, limit=120), options)
        yield problem(what, hint, "tls")
        return
    if why:
        yield problem(
            f"{sanitize(host, limit=120)} does not speak TLS as it should: {why}", _NETWORK_HINT, "tls"
        )
        return
    version, until = seen[0]
    yield from _certificate(version, until, run)


def _certificate(version: str, until: object, run: DoctorRun) -> Observations:
    if run.request.tls.insecure:
        yield warning(
            f"{version}, and the certificate is not checked (--insecure-skip-tls-verify): anybody can be the provider",
            "leave the flag out, and give a private authority with --certificate-authority FILE",
            "tls",
        )
        return
    left = ssl.cert_time_to_seconds(until) - run.system.clock() if isinstance(until, str) else None
    if left is not None and left < _EXPIRES_SOON:
        yield warning(
            f"{version}; the certificate is good for {remaining(left)} only",
            "tell who runs the provider",
            "tls",
        )
        return
    yield f"{version}; the certificate is good" + (f" for {remaining(left)}" if left else "")


def _failure(work: Callable[[], T], refusal: list[ssl.SSLCertVerificationError] | None = None) -> str:
    """Run a step, and return why it failed; empty if it did not.

    Args:
        refusal: A list to which a rejected certificate's error is added.
    """

    def timed_out() -> Exception:
        return TimeoutError()

    try:
        bounded(work, _SECONDS + 0.5, timed_out)
    except ssl.SSLCertVerificationError as error:
        if refusal is not None:
            refusal.append(error)
        return "its certificate is refused"
    except (OSError, UnicodeError) as error:
        return _reason(error)
    return ""


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, ssl.SSLError):
        return sanitize(error.reason or "the handshake failed", limit=80).lower().replace("_", " ")
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, TimeoutError):
        return f"no answer within {_SECONDS:.0f} s"
    if isinstance(error, OSError):
        return sanitize(error.strerror or error, limit=100)
    return "it is no host name"
