"""The ``redirect`` check: whether the port that the browser comes back to is free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.loopback.redirect_uri import addresses_at_port
from kubectl_oidc.loopback.sockets import listen
from kubectl_oidc.urls import is_loopback_url

from . import warning
from .run import Skipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_oidc.loopback.listen_address import ListenAddress
    from kubectl_oidc.loopback.sockets import Listening

    from .run import DoctorRun, Observation


def would_listen(addresses: Sequence[ListenAddress]) -> Listening:
    """Return where a sign-in would listen now, with its sockets closed.

    Raises:
        NoFreeListenAddress: None is free.
    """
    listening = listen(addresses)
    for listener in listening.sockets:
        listener.close()
    return listening


def check_redirect(run: DoctorRun) -> Observation:
    """Check that the port that the browser is redirected to is free."""
    request = run.request
    if request.grant not in {"auto", "authcode"}:
        return Skipped(f"no browser comes back with --grant-type={request.grant}")
    if request.redirect.url and not is_loopback_url(request.redirect.url):
        return Skipped("the redirect URI is not one of this machine")
    listening = would_listen(addresses_at_port(request.redirect.listen_addresses, request.redirect.url))
    if listening.tried:
        taken = ", ".join(f"{one} is {one.reason}" for one in listening.tried)
        return warning(
            f"{taken}: a sign-in would come back to port {listening.asked.port}",
            f"stop what listens there, or register http://localhost:{listening.asked.port} at the provider as well",
            "port-in-use",
        )
    return (
        f"{listening.asked} is free"
        if any(a.port for a in request.redirect.listen_addresses)
        else "any port works"
    )
