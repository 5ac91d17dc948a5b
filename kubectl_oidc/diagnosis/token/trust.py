"""Whether a cluster trusts the token: who issued it (``iss``), whom it is for (``aud``), and the algorithm of its signature."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.diagnosis import Finding, problem, warning
from kubectl_oidc.manifests.trust import DEFAULT_ALGORITHM
from kubectl_oidc.oidc.key_set import ALGORITHMS
from kubectl_oidc.oidc.vendors import Vendor, vendor_of
from kubectl_oidc.text import json_quoted, sanitize
from kubectl_oidc.urls import issuer_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import TokenFacts


def check_issuer(facts: TokenFacts) -> Iterator[Finding]:
    """Check that the issuer is https: kube-apiserver accepts no other."""
    if urlsplit(facts.issuer).scheme != "https":
        yield problem(
            "the issuer is not https, which kube-apiserver requires",
            "serve the provider over TLS; an http issuer is only for trying things out on localhost",
            "claims-issuer",
        )


def check_token_issuer(facts: TokenFacts) -> Iterator[Finding]:
    """Check ``iss``: only an access token can be from another issuer than the configured one."""
    issuer = facts.claims.get("iss")
    if issuer_of(issuer) == facts.issuer:
        return
    v1 = vendor_of(facts.issuer) is Vendor.ENTRA and str(issuer).startswith("https://sts.windows.net/")
    yield warning(
        f"the token is of the issuer {json_quoted(issuer)}, not of {sanitize(facts.issuer)}",
        "in Entra: App registrations > the API's app > Manifest: set requestedAccessTokenVersion to 2, or leave out --oidc-use-access-token"
        if v1
        else "have the cluster trust that issuer, or leave out --oidc-use-access-token",
        "claims-issuer",
    )


def check_audience(facts: TokenFacts) -> Iterator[Finding]:
    """Check that ``aud`` has the client ID, which the cluster expects; only an access token can be without it."""
    audience = facts.claims.get("aud")
    names = [audience] if isinstance(audience, str) else audience
    if not isinstance(names, list) or facts.client_id not in names:
        yield warning(
            f"the token is for the audience {json_quoted(audience)}, not for the client {sanitize(facts.client_id)}",
            "set the cluster's client ID to one of these audiences, or leave out --oidc-use-access-token",
            "claims-audience",
        )


def check_algorithm(facts: TokenFacts) -> Iterator[Finding]:
    """Check the algorithm: kube-apiserver accepts RS256 by default, and others of `ALGORITHMS` if configured."""
    if facts.algorithm is None or facts.algorithm == DEFAULT_ALGORITHM:
        return
    if facts.algorithm in ALGORITHMS:
        yield warning(
            f"the token is signed with {facts.algorithm}; by default kube-apiserver accepts only {DEFAULT_ALGORITHM}",
            f"have the provider sign with {DEFAULT_ALGORITHM}, set --oidc-signing-algs as below (not on Amazon EKS), or use an AuthenticationConfiguration",
            "claims-algorithm",
        )
    else:
        yield problem(
            f"the token is signed with {sanitize(facts.algorithm, limit=40)}, which kube-apiserver cannot verify",
            f"have the provider sign with {DEFAULT_ALGORITHM}",
            "claims-algorithm",
        )
