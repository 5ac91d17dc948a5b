"""What a person is told before they are asked to sign in: where, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.text import plain

if TYPE_CHECKING:
    from kubectl_oidc.token_request import TokenRequest, World


def announce(request: TokenRequest, world: World, why: str) -> None:
    """Say where the person signs in, and why, terminal or not: nobody is asked without a reason.

    Args:
        request: What is asked for.
        world: Clock, environment, terminal.
        why: Why a sign-in is needed.
    """
    world.terminal.need(f"Signing in at {request.host}: {plain(why)}")
    world.log.info(1, f"signing in at {request.host}: {why}")
    if request.tls.insecure:
        world.terminal.say("warning: the provider's certificate is not checked (--insecure-skip-tls-verify)")
