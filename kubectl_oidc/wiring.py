"""Where a request meets the parts that answer it: each part is built here from the values that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc import sessions_of_1_0
from kubectl_oidc.keeper import SessionKeeper

if TYPE_CHECKING:
    from kubectl_oidc.token_request import TokenRequest, World


def session_keeper(request: TokenRequest, world: World, *, storage: str = "") -> SessionKeeper:
    """Return the keeper of the session that answers a request.

    Args:
        request: What is asked for.
        world: Clock, environment and log.
        storage: Another value of --token-cache-storage than the request's.

    Raises:
        StoreError: The store that was asked for does not exist on this machine.
    """
    key = request.key()
    if request.storage != "none":
        sessions_of_1_0.take_over(
            key,
            cache_dir=request.cache_dir,
            default_cache_dir=request.default_cache_dir,
            ca_files=request.tls.ca_files,
            environ=world.environ,
            log=world.log,
            clock=world.clock,
        )
    return SessionKeeper(
        key,
        storage=storage or request.storage,
        cache_dir=request.cache_dir,
        environ=world.environ,
        log=world.log,
    )
