"""The session of this person, and what its token says: what kubectl would send to the API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.authenticate import authenticate
from kubectl_oidc.errors import ProviderMisbehaves, ProviderUnreachable, SignInNeeded
from kubectl_oidc.terminal import remaining
from kubectl_oidc.text import plain

from . import Finding, Severity
from .examination import Skipped, Unheard
from .facts import facts_of, findings

if TYPE_CHECKING:
    from .claims import Facts
    from .examination import Examination, Seen


def check_session(examination: Examination) -> Seen:
    """There is a token: the stored one if it is good, else refreshed as get-token would; nobody is asked to sign in."""
    request, world = examination.request, examination.world
    try:
        outcome = authenticate(request, world)
    except (ProviderUnreachable, ProviderMisbehaves):
        if examination.metadata is not None:
            raise
        yield Skipped("its token has ended, and cannot be refreshed before discovery is right", blocks=True)
        return
    except SignInNeeded as error:
        yield Finding.of(error, hint=f"`{examination.login}` signs in; then run doctor again")
        return
    finally:
        warnings = world.terminal.warnings if isinstance(world.terminal, Unheard) else []
    examination.outcome = outcome
    examination.facts = facts_of(request, outcome, examination.trust)
    for message, hint in warnings:
        yield Finding(Severity.WARNING, message, hint, "store")
    left = remaining(outcome.expiry - world.clock())
    how = "refreshed just now" if outcome.id_token else "as it was stored"
    yield f"{plain(outcome.session.person, limit=120)}; the token, {how}, is good for {left}"


def known(examination: Examination) -> Facts:
    """Return the token's facts, which a check that needs a session has."""
    if examination.facts is None:
        raise LookupError("the session comes first")
    return examination.facts


def check_claims(examination: Examination) -> Seen:
    """What the token says will do at the cluster: user name, groups, ``email_verified``, algorithm."""
    facts = known(examination)
    found = findings(examination.request, facts, accepted=examination.identity is not None)
    yield from found
    if not found:
        groups = plain(", ".join(facts.groups), limit=200) or "none"
        yield (
            f"{facts.username_claim} {plain(facts.username, limit=120)}; {facts.groups_claim}: {groups}"
            + _accepted_although(examination, facts)
        )


def _accepted_although(examination: Examination, facts: Facts) -> str:
    """Return what whoami calls a problem, and this API server does not, in words; empty if there is nothing."""
    problems = [one for one in findings(examination.request, facts) if one.severity is Severity.PROBLEM]
    if not problems:
        return ""
    what = problems[0].message.partition(": ")[0]  # behind it is what an API server does by default
    return f"; this API server accepts the token, although {what}"
