"""Build the provider and the session repository that belong to a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.oidc.provider import Provider
from kubectl_oidc.sessions import upgrade_from_1_0
from kubectl_oidc.sessions.repository import SessionRepository

if TYPE_CHECKING:
    from kubectl_oidc.http.client import HttpClient
    from kubectl_oidc.system.system import System

    from .request import SignInRequest


def build_provider(request: SignInRequest, system: System, http: HttpClient) -> Provider:
    """Return the provider, with the client of a request.

    Raises:
        UsageError: The issuer URL is not valid, or the client's private key or the platform's token cannot be read.
        OidcLoginError: The platform's token has expired.
    """
    client = request.client()
    if client.platform_token:
        client.platform_token.check(system.clock())
    return Provider(
        issuer=request.issuer,
        client=client,
        http=http,
        cache_dir=request.storage.cache_dir,
        clock=system.clock,
        log=system.log,
    )


def build_session_repository(
    request: SignInRequest, system: System, *, storage: str = ""
) -> SessionRepository:
    """Return the repository of the session that answers a request.

    Args:
        system: Clock, environment and log.
        storage: Replaces the request's --token-cache-storage.

    Raises:
        StoreError: This machine does not have that store.
    """
    key = request.key()
    if request.storage.choice != "none":
        upgrade_from_1_0.take_over(key, request.storage, request.tls.ca_files, system)
    return SessionRepository(
        key,
        storage=storage or request.storage.choice,
        cache_dir=request.storage.cache_dir,
        environ=system.environ,
        log=system.log,
        flags=request.flags,
    )
