"""The objects that a token request needs, built from its flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.provider import Provider

if TYPE_CHECKING:
    from kubectl_oidc.http import HttpClient
    from kubectl_oidc.token_request import TokenRequest
    from kubectl_oidc.world import World


def provider(request: TokenRequest, world: World, http: HttpClient) -> Provider:
    """Return the provider for the client of a request.

    Raises:
        UsageError: The issuer URL is not valid, or the client's private key cannot be used.
    """
    return Provider(
        issuer=request.issuer,
        client=request.client(),
        http=http,
        cache_dir=request.cache_dir,
        clock=world.clock,
        log=world.log,
    )
