"""What a person is told before they are asked to sign in: where, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.text import plain

if TYPE_CHECKING:
    from kubectl_oidc.token_request import TokenRequest, World


def host(request: TokenRequest) -> str:
    """Return the provider's host, for a person."""
    return plain(urlsplit(request.issuer).hostname or request.issuer)


def announce(request: TokenRequest, world: World, why: str) -> None:
    """Say where the person signs in, and why, terminal or not: nobody is asked without a reason.

    Args:
        request: What is asked for.
        world: Clock, environment, terminal.
        why: Why a sign-in is needed.
    """
    where = host(request)
    world.terminal.need(f"Signing in at {where}: {plain(why)}")
    world.log.info(1, f"signing in at {where}: {why}")
    if request.tls.insecure:
        world.terminal.say("warning: the provider's certificate is not checked (--insecure-skip-tls-verify)")
