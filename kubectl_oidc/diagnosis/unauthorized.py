"""Why the API server most likely answered 401 Unauthorized: it never gives a reason.

Certain causes come first. Another issuer or audience in the cluster's settings is assumed only if nothing else fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.text import json_quoted, sanitize

from . import Severity
from .clocks import invalid_at_server_time, server_time, wrong_clock
from .token.findings import token_findings

if TYPE_CHECKING:
    from .run import DoctorRun

_DEPENDS_ON_CLUSTER = frozenset({"claims-algorithm", "claims-audience", "claims-issuer"})
"""Topics of warnings about what some clusters accept and others reject."""

_EKS = ".eks.amazonaws.com"
_NAMES = ("sub", "email", "preferred_username", "upn", "name", "oid")
"""Claims that clusters use as the user name."""

_SET_THE_CLOCK = "set the clock (`timedatectl`, `chronyc tracking`), or tell the cluster's administrator"


def likely_cause(run: DoctorRun) -> tuple[str, str]:
    """Return the most likely reason why the token is rejected, and what to do."""
    for cause in (_expired_by_server_clock, _finding_in_token, _other_context_differs, _clock_is_wrong):
        found = cause(run)
        if found:
            return found
    facts = run.require_facts()
    issuer, audience = json_quoted(facts.claims.get("iss")), json_quoted(facts.claims.get("aud"))
    names = [name for name in _NAMES if isinstance(facts.claims.get(name), str)]
    what = "the token looks right, so the cluster probably expects another issuer or client ID"
    return (
        f"{what}, or a user name claim other than {sanitize(', '.join(names))}: this token has iss {issuer}, aud {audience}",
        _where_to_look(run),
    )


def _expired_by_server_clock(run: DoctorRun) -> tuple[str, str] | None:
    theirs = server_time(run)
    why = invalid_at_server_time(run.require_facts().claims, theirs) if theirs is not None else ""
    if not why:
        return None
    whose = wrong_clock(run)
    return (f"{why}{f', because {whose}' if whose else ''}", _SET_THE_CLOCK)


def _finding_in_token(run: DoctorRun) -> tuple[str, str] | None:
    for finding in token_findings(run.request, run.require_facts()):
        if finding.severity is Severity.PROBLEM or finding.topic in _DEPENDS_ON_CLUSTER:
            return f"most likely because {finding.message}", finding.hint
    return None


def _other_context_differs(run: DoctorRun) -> tuple[str, str] | None:
    request = run.request
    for other in run.neighbours:
        if (other.issuer, other.client_id) != (request.issuer, request.client_id):
            theirs = f"{sanitize(other.issuer)}, {sanitize(other.client_id)}"
            return (
                f"the context {sanitize(other.context)} of the same cluster uses another issuer or client ({theirs})",
                "use that context, or give this user its --oidc-issuer-url and --oidc-client-id",
            )
    return None


def _clock_is_wrong(run: DoctorRun) -> tuple[str, str] | None:
    wrong = wrong_clock(run)
    return (f"the token looks right, but {wrong}", _SET_THE_CLOCK) if wrong else None


def _where_to_look(run: DoctorRun) -> str:
    server = run.cluster.server if run.cluster else ""
    if _EKS in server:
        return "run `aws eks describe-identity-provider-config`: the association must be ACTIVE (after 5 to 10 minutes), with the same issuer URL and client ID"
    return "compare both with the cluster's --oidc-issuer-url and --oidc-client-id, or issuer.url and issuer.audiences of its AuthenticationConfiguration; see its log"
