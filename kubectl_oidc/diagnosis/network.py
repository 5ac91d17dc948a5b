"""The ``proxy``, ``dns``, ``connection`` and ``tls`` checks: whether the provider can be reached, one step at a time."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.http import tls
from kubectl_oidc.http.proxy import proxy_for
from kubectl_oidc.system.deadline import bounded
from kubectl_oidc.text import sanitize
from kubectl_oidc.times import remaining
from kubectl_oidc.urls import is_loopback_url, port_of

from . import problem, warning
from .run import Skipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from .run import DoctorRun, Observation

    T = TypeVar("T")

_SECONDS = 4.0
"""The longest time for one step."""

_EXPIRES_SOON = 14 * 86400  # seconds before a certificate's end at which a warning is shown
_FAILURES = (OSError, UnicodeError)
_NETWORK_HINT = "check the network (VPN, firewall, proxy) and the host in --oidc-issuer-url"


def _host_and_port(run: DoctorRun) -> tuple[str, int]:
    parts = urlsplit(run.request.issuer)
    return parts.hostname or "", port_of(parts)


def check_proxy(run: DoctorRun) -> Observation:
    """Check that a proxy that the environment names for the provider accepts connections."""
    issuer = run.request.issuer
    proxy = proxy_for(issuer)
    if proxy is None:
        named = is_loopback_url(issuer) and "the provider is on this machine"
        return f"none is used: {named or 'the environment names none for this host'}"
    where = sanitize(f"{proxy.host}:{proxy.port}", limit=120)
    try:
        _connect(proxy.host, proxy.port)
    except _FAILURES as error:
        return problem(
            f"the proxy {where} cannot be used: {_reason(error)}",
            f"check {proxy.variable}, or add the provider's host to NO_PROXY",
            "proxy",
        )
    return f"{where}, by {proxy.variable}"


def check_dns(run: DoctorRun) -> Observation:
    """Check that the provider's host name resolves."""
    host, port = _host_and_port(run)
    if proxy_for(run.request.issuer):
        return Skipped("the proxy looks the name up")
    try:
        addresses = _bounded(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except _FAILURES as error:
        return problem(
            f"the name {sanitize(host, limit=120)} does not resolve: {_reason(error)}",
            _NETWORK_HINT,
            "provider-unreachable",
        )
    found = list(dict.fromkeys(str(address[4][0]) for address in addresses))
    if found == [host]:
        return f"{sanitize(host, limit=120)} is an address, so no name is looked up"
    more = ", …" if len(found) > 3 else ""  # noqa: PLR2004 - enough to recognise it by
    return f"{sanitize(host, limit=120)} is {sanitize(', '.join(found[:3]))}{more}"


def check_connection(run: DoctorRun) -> Observation:
    """Check that the provider's host accepts connections."""
    host, port = _host_and_port(run)
    if proxy_for(run.request.issuer):
        return Skipped("the proxy connects")
    where = sanitize(f"{host}:{port}", limit=120)
    try:
        _connect(host, port)
    except _FAILURES as error:
        return problem(
            f"{where} does not accept connections: {_reason(error)}", _NETWORK_HINT, "provider-unreachable"
        )
    return where


def check_tls(run: DoctorRun) -> Observation:
    """Check that this computer trusts the provider's certificate, and that it does not expire soon."""
    host, port = _host_and_port(run)
    options, name = run.request.tls, sanitize(host, limit=120)

    def shake_hands() -> tuple[str, object]:
        with (
            socket.create_connection((host, port), _SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=host) as encrypted,
        ):
            return encrypted.version() or "TLS", (encrypted.getpeercert() or {}).get("notAfter")

    try:
        # An authority that cannot be read fails every request, also one over plain http.
        context = _bounded(lambda: tls.client_context(options))
        if urlsplit(run.request.issuer).scheme != "https":
            return Skipped("plain http, because the provider is on this machine")
        if proxy_for(run.request.issuer):
            return Skipped("it goes through the proxy: see discovery")
        version, until = _bounded(shake_hands)
    except ssl.SSLCertVerificationError as error:
        return problem(*tls.explain_certificate_error(error, name, options), "tls")
    except _FAILURES as error:
        return problem(f"{name} has a TLS error: {_reason(error)}", _NETWORK_HINT, "tls")
    return _certificate(version, until, run)


def _certificate(version: str, until: object, run: DoctorRun) -> Observation:
    if run.request.tls.insecure:
        return warning(
            f"{version}, and the certificate is not checked (--insecure-skip-tls-verify): anyone can pretend to be the provider",
            "leave out the flag, and give a private authority with --certificate-authority FILE",
            "tls",
        )
    left = ssl.cert_time_to_seconds(until) - run.system.clock() if isinstance(until, str) else None
    if left is not None and left < _EXPIRES_SOON:
        return warning(
            f"{version}; the certificate is valid for only {remaining(left)}",
            "tell the provider's administrator",
            "tls",
        )
    return f"{version}; the certificate is good" + (f" for {remaining(left)}" if left else "")


def _connect(host: str, port: int) -> None:
    _bounded(lambda: socket.create_connection((host, port), _SECONDS).close())


def _bounded(step: Callable[[], T]) -> T:
    return bounded(step, _SECONDS + 0.5, TimeoutError)


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, ssl.SSLError):
        return sanitize(error.reason or "the handshake failed", limit=80).lower().replace("_", " ")
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, TimeoutError):
        return f"no answer within {_SECONDS:.0f} s"
    if isinstance(error, OSError):
        return sanitize(error.strerror or error, limit=100)
    return "it is not a host name"
