"""Whether kube-apiserver can verify the algorithm that the token is signed with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis import Finding, problem, warning
from kubectl_oidc.manifests.trust import DEFAULT_ALGORITHM
from kubectl_oidc.oidc.key_set import ALGORITHMS
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import TokenFacts


def check_algorithm(facts: TokenFacts) -> Iterator[Finding]:
    """Check the algorithm: kube-apiserver accepts RS256 by default, and others of `ALGORITHMS` if configured."""
    if facts.algorithm is None or facts.algorithm == DEFAULT_ALGORITHM:
        return
    if facts.algorithm in ALGORITHMS:
        yield warning(
            f"the token is signed with {facts.algorithm}; by its flags kube-apiserver takes {DEFAULT_ALGORITHM} only",
            f"let the provider sign with {DEFAULT_ALGORITHM}, or set --oidc-signing-algs as below "
            "(Amazon EKS has no such setting); an AuthenticationConfiguration takes it as it is",
            "claims-algorithm",
        )
    else:
        yield problem(
            f"the token is signed with {sanitize(facts.algorithm, limit=40)}, which kube-apiserver cannot verify",
            f"let the provider sign with {DEFAULT_ALGORITHM}",
            "claims-algorithm",
        )
