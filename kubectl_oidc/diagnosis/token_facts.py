"""The token that a cluster gets, as a cluster reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.authentication import wiring
from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.oidc.jws import unverified_algorithm, unverified_claims

from . import Finding, Severity
from .token_lint import TokenFacts, lint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.authentication.outcome import Outcome
    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.manifests import Trust
    from kubectl_oidc.sessions.session import Session
    from kubectl_oidc.system.system import System


def facts_of(
    request: SignInRequest, outcome: Outcome, trust: Trust, *, scopes_supported: tuple[str, ...] = ()
) -> TokenFacts:
    """Return the token that is handed out, and what it is for.

    Args:
        request: What was asked for.
        outcome: The token.
        trust: Which claims the cluster takes as user name and groups, and with which prefixes.
        scopes_supported: The scopes that the provider's metadata lists; empty if that is not known.

    Returns:
        The facts; without claims where the token is opaque.
    """
    claims, algorithm = _read(request, outcome)
    return facts_of_claims(
        request,
        claims,
        trust,
        algorithm=algorithm,
        has_refresh_token=outcome.session.refresh_token is not None,
        scopes_supported=scopes_supported,
        size=len(outcome.token.reveal()),
    )


def facts_of_session(
    request: SignInRequest, session: Session, trust: Trust, *, scopes_supported: tuple[str, ...] = ()
) -> TokenFacts:
    """Return the token of a session as it is stored, and what it is for.

    Args:
        request: What was asked for.
        session: The session.
        trust: As in ``facts_of``.
        scopes_supported: As in ``facts_of``.
    """
    access_token = request.use_access_token or (request.exchange and request.exchange.opaque())
    return facts_of_claims(
        request,
        session.claims(),
        trust,
        algorithm=None if access_token else unverified_algorithm(session.token()),
        has_refresh_token=session.refresh_token is not None,
        scopes_supported=scopes_supported,
        size=len(session.token().reveal()),
    )


def facts_of_claims(
    request: SignInRequest,
    claims: Mapping[str, object],
    trust: Trust,
    *,
    algorithm: str | None,
    has_refresh_token: bool,
    scopes_supported: tuple[str, ...] = (),
    size: int = 0,
) -> TokenFacts:
    """Return a token that was read already, and what it is for.

    Args:
        request: What was asked for.
        claims: The token's claims.
        trust: As in ``facts_of``.
        algorithm: What it is signed with; None when that is not known.
        has_refresh_token: Whether the session has one.
        scopes_supported: As in ``facts_of``.
        size: The token's length in bytes.
    """
    return TokenFacts(
        issuer=request.issuer,
        client_id=request.audience(),
        scopes=request.scopes,
        claims=claims,
        algorithm=algorithm,
        # A client that signs in as itself needs none: it asks again, and nobody is bothered.
        has_refresh_token=has_refresh_token or request.grant == "client-credentials",
        scopes_supported=scopes_supported,
        size=size,
        username_claim=trust.username_claim,
        groups_claim=trust.groups_claim,
        username_prefix=trust.username_prefix,
        groups_prefix=trust.groups_prefix,
    )


def scopes_supported(request: SignInRequest, system: System) -> tuple[str, ...]:
    """Return the scopes that the provider's metadata lists, as far as it is kept here; nobody is asked.

    Args:
        request: What is asked for.
        system: Clock and log.
    """
    return wiring.provider(request, system, HttpClient(tls=request.tls, log=system.log)).scopes_supported()


_MATTERS_ANYWAY = frozenset({"claims-groups", "claims-refresh-token", "claims-size", "claims-system"})
"""What is worth a word even if the API server has accepted the token: the rest would have kept it from doing so."""


def findings(request: SignInRequest, facts: TokenFacts, *, accepted: bool = False) -> list[Finding]:
    """Return everything about a token that will not work at a cluster, the worst first.

    `setup`, `whoami` and `doctor` all say this and nothing else about a token.

    Args:
        request: What was asked for.
        facts: The token.
        accepted: Whether the cluster's API server has accepted the token.
    """
    if accepted:
        return [one for one in findings(request, facts) if one.topic in _MATTERS_ANYWAY]
    if facts.claims:
        return lint(facts)
    flag = "--oidc-token-exchange-type=access_token" if request.exchange else "--oidc-use-access-token"
    return [
        Finding(
            Severity.PROBLEM,
            "the access token is no JWT, and no API server can read it",
            f"leave out {flag}: Kubernetes reads the ID token",
            "claims-access-token",
        )
    ]


def _read(request: SignInRequest, outcome: Outcome) -> tuple[Mapping[str, object], str | None]:
    """Return the claims of the token that the cluster gets, and its algorithm; no claims where it is opaque."""
    if request.use_access_token or (request.exchange and request.exchange.opaque()):
        try:
            return unverified_claims(outcome.token), None
        except IdTokenError:
            return {}, None
    if outcome.id_token is None:
        return unverified_claims(outcome.token), unverified_algorithm(outcome.token)
    return outcome.id_token.claims, outcome.id_token.algorithm
