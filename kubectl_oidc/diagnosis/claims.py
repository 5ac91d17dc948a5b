"""The ``claims`` check: what in the token a cluster would reject or ignore, which ``diagnosis/token/`` decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.text import sanitize

from . import Severity
from .claim_mapping import own_groups
from .token.findings import token_findings

if TYPE_CHECKING:
    from .run import DoctorRun, Observations
    from .token.facts import TokenFacts


def check_claims(run: DoctorRun) -> Observations:
    """Check the token's issuer, audience, user name, groups, ``email_verified``, algorithm and size."""
    facts = run.require_facts()
    found = token_findings(run.request, facts, accepted=run.identity is not None)
    yield from found
    if not found:
        groups = sanitize(", ".join(facts.groups), limit=200) or "none"
        unread = facts.groups and run.identity and not own_groups(run.identity)
        yield (
            f"{facts.username_claim} {sanitize(facts.username, limit=120)}; {facts.groups_claim}: {groups}"
            + ("; the cluster reads none of them" if unread else "")
            + _accepted_although(run, facts)
        )


def _accepted_although(run: DoctorRun, facts: TokenFacts) -> str:
    """Return the problem that whoami would report although this API server accepts the token; empty if there is none."""
    problems = [one for one in token_findings(run.request, facts) if one.severity is Severity.PROBLEM]
    if not problems:
        return ""
    what = problems[0].message.partition(": ")[0]  # after it comes what an API server does by default
    return f"; this API server accepts the token, although {what}"
