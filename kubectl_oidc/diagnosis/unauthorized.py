"""Why an API server does not accept a token, as far as that shows from here: it never says.

What is certain comes first, and that the cluster expects another issuer or client only if nothing else fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.text import json_quoted, sanitize

from . import Severity
from .clocks import by_the_server, server_time, skew
from .session import known
from .token_facts import findings

if TYPE_CHECKING:
    from .run import DoctorRun

_SUSPECT = frozenset({"claims-algorithm", "claims-audience", "claims-issuer"})
"""What works at some clusters and not at others."""

_EKS = ".eks.amazonaws.com"
_NAMES = ("sub", "email", "preferred_username", "upn", "name", "oid")
"""Claims that clusters take as the user name."""

_SET_THE_CLOCK = "set the clock (`timedatectl`, `chronyc tracking`), or tell who runs the cluster"


def cause(examination: DoctorRun) -> tuple[str, str]:
    """Return why the token is most likely not accepted, and what to do."""
    for look in (_by_the_clock, _by_the_token, _by_the_neighbours, _by_the_skew):
        found = look(examination)
        if found:
            return found
    facts = known(examination)
    issuer, audience = json_quoted(facts.claims.get("iss")), json_quoted(facts.claims.get("aud"))
    names = [name for name in _NAMES if isinstance(facts.claims.get(name), str)]
    what = "nothing in the token speaks against it, so the cluster most likely expects another issuer or client ID"
    return (
        f"{what}, or a user name claim other than {sanitize(', '.join(names))}: this token has iss {issuer}, aud {audience}",
        _where_to_look(examination),
    )


def _by_the_clock(examination: DoctorRun) -> tuple[str, str] | None:
    theirs = server_time(examination)
    why = by_the_server(known(examination).claims, theirs) if theirs is not None else ""
    if not why:
        return None
    whose = skew(examination)
    return (f"{why}{f', because {whose}' if whose else ''}", _SET_THE_CLOCK)


def _by_the_token(examination: DoctorRun) -> tuple[str, str] | None:
    for finding in findings(examination.request, known(examination)):
        if finding.severity is Severity.PROBLEM or finding.topic in _SUSPECT:
            return f"most likely because {finding.message}", finding.hint
    return None


def _by_the_neighbours(examination: DoctorRun) -> tuple[str, str] | None:
    request = examination.request
    for other in examination.neighbours:
        if (other.issuer, other.client_id) != (request.issuer, request.client_id):
            theirs = f"{sanitize(other.issuer)}, {sanitize(other.client_id)}"
            return (
                f"the context {sanitize(other.context)} of the same cluster uses another issuer or client ({theirs})",
                "use that context, or give this user the same --oidc-issuer-url and --oidc-client-id",
            )
    return None


def _by_the_skew(examination: DoctorRun) -> tuple[str, str] | None:
    wrong = skew(examination)
    return (f"nothing in the token speaks against it, but {wrong}", _SET_THE_CLOCK) if wrong else None


def _where_to_look(examination: DoctorRun) -> str:
    server = examination.cluster.server if examination.cluster else ""
    if _EKS in server:
        return (
            "at EKS the association must be active, which takes 5 to 10 minutes, and have the same issuer URL and client ID: "
            "`aws eks describe-identity-provider-config`"
        )
    return (
        "compare them, byte for byte, with the cluster's --oidc-issuer-url and --oidc-client-id, or with issuer.url and "
        "issuer.audiences of its AuthenticationConfiguration; its log says more"
    )
