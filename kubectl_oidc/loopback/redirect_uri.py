"""The redirect URI and the listen addresses: which addresses it can reach, and the Host headers of its requests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.urls import is_loopback, is_loopback_url, port_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .listen_address import ListenAddress


def addresses_at_port(
    addresses: Sequence[ListenAddress], redirect_url: str | None
) -> Sequence[ListenAddress]:
    """Return the addresses that the redirect URI reaches: those with its port, or all if none has it."""
    if redirect_url is None or not is_loopback_url(redirect_url):
        return addresses
    port = port_of(urlsplit(redirect_url))
    return [address for address in addresses if address.port == port] or addresses


def browser_host_and_port(asked: ListenAddress) -> str:
    """Return host and port by which a browser on this machine reaches a listen address."""
    if asked.host in {"0.0.0.0", "::"} or not asked.host or is_loopback(asked.host):  # noqa: S104 - compared only
        return f"localhost:{asked.port}"
    return str(asked)


def allowed_host_headers(asked: ListenAddress, redirect_url: str | None) -> frozenset[str]:
    """Return the Host headers of legitimate requests, in lower case.

    Args:
        redirect_url: The redirect URI; a proxy in front of us may keep its host.
    """
    names = {"localhost", "127.0.0.1", "[::1]", str(asked).rpartition(":")[0]} - {""}
    hosts = {f"{name}:{asked.port}" for name in names}
    if redirect_url is not None:
        hosts.add(urlsplit(redirect_url).netloc)
    without_default_port = {host.removesuffix(":80").removesuffix(":443") for host in hosts}
    return frozenset(host.lower() for host in hosts | without_default_port)
