"""Everything in a token that will not work at a cluster: the list of the checks, and the one function that runs them.

The rules are kube-apiserver's (package ``plugin/pkg/authenticator/token/oidc``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis import Finding, Severity, problem

from .groups import check_groups_names, check_groups_present, check_groups_shape
from .practical import check_refresh_token, check_size
from .trust import check_algorithm, check_audience, check_issuer, check_token_issuer
from .username import check_email_verified, check_username

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubectl_oidc.authentication.request import SignInRequest

    from .facts import TokenFacts

CHECKS: tuple[Callable[[TokenFacts], Iterator[Finding]], ...] = (
    check_issuer,
    check_token_issuer,
    check_audience,
    check_username,
    check_email_verified,
    check_groups_present,
    check_groups_shape,
    check_groups_names,
    check_algorithm,
    check_refresh_token,
    check_size,
)
_MATTERS_ANYWAY = frozenset({"claims-groups", "claims-refresh-token", "claims-size", "claims-system"})
"""Topics that matter even if the API server has accepted the token: with any other finding it could not have."""


def token_findings(request: SignInRequest, facts: TokenFacts, *, accepted: bool = False) -> list[Finding]:
    """Return everything about a token that will not work at a cluster, problems first.

    `setup`, `whoami` and `doctor` show exactly this about a token. If the API server has accepted it, only what matters anyway.
    """
    if accepted:
        return [one for one in token_findings(request, facts) if one.topic in _MATTERS_ANYWAY]
    if facts.claims:
        return check_token(facts)
    flag = "--oidc-token-exchange-type=access_token" if request.exchange else "--oidc-use-access-token"
    return [
        problem(
            "the access token is not a JWT, so no API server can read it",
            f"leave out {flag}: Kubernetes reads the ID token",
            "claims-access-token",
        )
    ]


def check_token(facts: TokenFacts) -> list[Finding]:
    """Run all checks of `CHECKS`, and return their findings, problems first."""
    found = [finding for check in CHECKS for finding in check(facts)]
    return sorted(found, key=lambda finding: finding.severity is not Severity.PROBLEM)
