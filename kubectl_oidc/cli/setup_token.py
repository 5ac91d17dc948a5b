"""The token that the cluster gets, as `setup` shows and judges it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis import Finding, Severity
from kubectl_oidc.diagnosis.claims import Facts
from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.id_token import unverified_claims
from kubectl_oidc.text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.manifests import Trust
    from kubectl_oidc.token_request import Outcome, TokenRequest

# What else stands in such a file, a private key perhaps, is nothing to a cluster.
_CERTIFICATE = re.compile(r"-----BEGIN ([A-Z0-9 ]*CERTIFICATE)-----\n[^-]*?-----END \1-----\n")


def facts(request: TokenRequest, outcome: Outcome, trust: Trust) -> Facts:
    """Return the token and what it is to be used for; without claims where it is opaque.

    Args:
        request: What was signed in for.
        outcome: What came.
        trust: What the cluster is told.
    """
    claims, algorithm = _claims(request, outcome)
    return Facts(
        issuer=request.issuer,
        client_id=request.audience(),
        scopes=request.scopes,
        claims=claims,
        algorithm=algorithm,
        # A client that signs in as itself needs none: it asks again, and nobody is bothered.
        has_refresh_token=outcome.session.refresh_token is not None or request.grant == "client-credentials",
        username_claim=trust.username_claim,
        groups_claim=trust.groups_claim,
        username_prefix=trust.username_prefix,
        groups_prefix=trust.groups_prefix,
    )


def opaque(request: TokenRequest) -> Finding:
    """Return what is wrong with an access token that is no JWT."""
    flag = "--oidc-token-exchange-type=access_token" if request.exchange else "--oidc-use-access-token"
    return Finding(
        Severity.PROBLEM,
        "the access token is no JWT, and no API server can read it",
        f"leave out {flag}: Kubernetes reads the ID token",
        "claims-access-token",
    )


def token_name(request: TokenRequest) -> str:
    """Return what the token is, in words."""
    if request.exchange:
        return f"token for {plain(request.exchange.audience)}"
    return "access token" if request.use_access_token else "ID token"


def _claims(request: TokenRequest, outcome: Outcome) -> tuple[Mapping[str, object], str | None]:
    """Return the claims of the token that the cluster gets, and its algorithm; no claims where it is opaque."""
    if request.use_access_token or (request.exchange and request.exchange.opaque()):
        try:
            return unverified_claims(outcome.token), None
        except IdTokenError:
            return {}, None
    if outcome.id_token is None:
        return unverified_claims(outcome.token), None
    return outcome.id_token.claims, outcome.id_token.algorithm


def authorities(request: TokenRequest) -> str | None:
    """Return the certificate authorities that were given, as one PEM text; they were read for the sign-in already."""
    pems = [*(path.read_bytes() for path in request.tls.ca_files), *request.tls.ca_data]
    lines = [line.strip() for pem in pems for line in pem.decode("utf-8", "replace").splitlines()]
    text = "".join(f"{line}\n" for line in lines if line)
    return "".join(found[0] for found in _CERTIFICATE.finditer(text)) or None
