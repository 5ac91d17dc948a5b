"""How our addresses look from a browser: which can get the answer, and what its Host header says."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.urls import is_loopback, is_loopback_url

if TYPE_CHECKING:
    from collections.abc import Sequence
    from urllib.parse import SplitResult

    from .listen_address import ListenAddress


def choices(addresses: Sequence[ListenAddress], redirect_url: str | None) -> Sequence[ListenAddress]:
    """Return the addresses at which the answer can arrive: those with the redirect URL's port, if there are such.

    Args:
        addresses: The listen addresses.
        redirect_url: The redirect URI as it is registered, or None.
    """
    if redirect_url is None or not is_loopback_url(redirect_url):
        return addresses
    port = port_of(urlsplit(redirect_url))
    return [address for address in addresses if address.port == port] or addresses


def port_of(parts: SplitResult) -> int:
    """Return the port of an http or https URL, written or not."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def reachable(asked: ListenAddress) -> str:
    """Return host and port as a browser on this machine reaches them.

    Args:
        asked: The address that is listened on.
    """
    if asked.host in {"0.0.0.0", "::"} or not asked.host or is_loopback(asked.host):  # noqa: S104 - compared only
        return f"localhost:{asked.port}"
    return str(asked)


def host_headers(asked: ListenAddress, redirect_url: str | None) -> frozenset[str]:
    """Return the Host headers of honest requests, in lower case.

    Args:
        asked: The address that is listened on.
        redirect_url: The redirect URI, whose host a proxy may keep.
    """
    names = {"localhost", "127.0.0.1", "[::1]", str(asked).rpartition(":")[0]} - {""}
    hosts = {f"{name}:{asked.port}" for name in names}
    if redirect_url is not None:
        hosts.add(urlsplit(redirect_url).netloc)
    default = tuple(f":{port}" for port in ("80", "443"))
    return frozenset(
        name.lower() for host in hosts for name in (host, *(host.removesuffix(end) for end in default))
    )
