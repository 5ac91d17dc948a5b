"""The token that the cluster gets: its claims, its algorithm, its size, and how the cluster is expected to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from kubectl_oidc.authentication import wiring
from kubectl_oidc.authentication.request import UNATTENDED
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.oidc.jws import unverified_algorithm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.manifests.trust import ClusterTrust
    from kubectl_oidc.sessions.session import Session
    from kubectl_oidc.system.system import System

RESERVED_PREFIX = "system:"  # of the names of Kubernetes' own users and groups


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """A token, what was requested, and how the cluster is expected to read it.

    Args:
        client_id: The audience that the cluster expects.
        claims: The claims of the token that the cluster gets; empty if the token is opaque.
        algorithm: The algorithm of its signature; None if unknown.
        has_refresh_token: Whether the session can be renewed without a person.
        scopes_supported: The scopes in the provider's metadata; empty if unknown.
        size: The token's length in bytes.
    """

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    claims: Mapping[str, object]
    algorithm: str | None
    has_refresh_token: bool
    scopes_supported: tuple[str, ...] = ()
    size: int = 0
    username_claim: str = "email"
    groups_claim: str = "groups"
    username_prefix: str = ""
    groups_prefix: str = ""

    @property
    def username(self) -> str | None:
        """Return the user name without its prefix; None if the claim is not a string."""
        value = self.claims.get(self.username_claim)
        return value if isinstance(value, str) else None

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the groups as kube-apiserver reads them: a list of strings, or one string as one group."""
        value = self.claims.get(self.groups_claim)
        if isinstance(value, str):
            return (value,)
        return tuple(value) if is_string_list(value) else ()


def is_string_list(value: object) -> TypeGuard[list[str]]:
    """Return whether a claim is a list of strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def facts_of_session(
    request: SignInRequest, session: Session, trust: ClusterTrust, *, scopes_supported: tuple[str, ...] = ()
) -> TokenFacts:
    """Return the facts about the token of a session, new or stored, as a cluster with this trust reads it.

    Raises:
        IdTokenError: The token is not a JWT, although the request is not for an access token.
    """
    access_token = request.use_access_token or (request.exchange and request.exchange.is_opaque())
    return TokenFacts(
        issuer=request.issuer,
        client_id=request.audience(),
        scopes=request.scopes,
        claims=session.claims(),
        algorithm=None if access_token else unverified_algorithm(session.token()),
        # A workload needs no refresh token: a new token needs no person.
        has_refresh_token=session.refresh_token is not None or request.grant in UNATTENDED,
        scopes_supported=scopes_supported,
        size=len(session.token().reveal()),
        username_claim=trust.username_claim,
        groups_claim=trust.groups_claim,
        username_prefix=trust.username_prefix,
        groups_prefix=trust.groups_prefix,
    )


def scopes_supported(request: SignInRequest, system: System) -> tuple[str, ...]:
    """Return the scopes in the provider's cached metadata, without a request; empty if it is not cached."""
    return wiring.build_provider(
        request, system, HttpClient(tls=request.tls, log=system.log)
    ).scopes_supported()
