"""The session of this person, and what its token says: what kubectl would send to the API server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_oidc.authentication.authenticate import authenticate
from kubectl_oidc.errors import InvalidProviderResponse, OidcLoginError, ProviderUnreachable, SignInNeeded
from kubectl_oidc.system.terminal import ago, remaining
from kubectl_oidc.text import sanitize

from . import Finding, Severity
from .client import last_failures
from .reading import own_groups
from .run import SilentTerminal, Skipped
from .token_facts import facts_of, findings

if TYPE_CHECKING:
    from kubectl_oidc.sessions.failed_sign_ins import Failure

    from .run import DoctorRun, Observations
    from .token_lint import TokenFacts


def check_session(examination: DoctorRun) -> Observations:
    """There is a token: the stored one if it is good, else refreshed as get-token would; nobody is asked to sign in."""
    request, system = examination.request, examination.system
    try:
        outcome = authenticate(request, system)
    except (ProviderUnreachable, InvalidProviderResponse):
        if examination.metadata is not None:
            raise
        yield Skipped("its token has ended, and cannot be refreshed before discovery is right", blocks=True)
        return
    except SignInNeeded as error:
        yield _sign_in_needed(examination, error)
        return
    finally:
        warnings = system.terminal.warnings if isinstance(system.terminal, SilentTerminal) else []
    examination.outcome = outcome
    listed = examination.metadata.scopes_supported if examination.metadata else ()
    examination.facts = facts_of(request, outcome, examination.trust, scopes_supported=listed)
    for message, hint in warnings:
        yield Finding(Severity.WARNING, message, hint, "store")
    left = remaining(outcome.expiry - system.clock())
    how = "refreshed just now" if outcome.id_token else "as it was stored"
    yield f"{sanitize(outcome.session.person, limit=120)}; the token, {how}, is good for {left}"
    yield from _failed_since(examination)


def _failed_since(examination: DoctorRun) -> Observations:
    """The token is good, and something failed that matters once it has ended."""
    last, refused = last_failures(examination)
    if refused:
        yield _warning(
            refused,
            f"the provider refused to renew this session {_ago(examination, refused)}: {refused.why}",
            f"kubectl asks for a sign-in when the token ends; `{examination.login}` signs in now",
        )
    if last and last.topic:
        yield _warning(
            last,
            f"a sign-in failed {_ago(examination, last)}, and this session is of an earlier one: {last.why}",
            last.hint or f"`{examination.login}` signs in again",
        )


def _warning(failure: Failure, message: str, hint: str) -> Finding:
    """Return a warning under the heading of the error that was."""
    error = OidcLoginError(message, hint, topic=failure.topic)
    return replace(Finding.of(error), severity=Severity.WARNING)


def _sign_in_needed(examination: DoctorRun, error: SignInNeeded) -> Finding:
    """Return the problem that nobody is signed in, with what the last sign-in failed with and under its heading."""
    signs_in = f"`{examination.login}` signs in; then run doctor again"
    last, _ = last_failures(examination)
    if last is None:
        return Finding.of(error, hint=signs_in)
    message = f"{error.message}; the last sign-in failed {_ago(examination, last)}: {last.why}"
    hint = f"{last.hint}; then {signs_in}" if last.hint else signs_in
    return Finding.of(OidcLoginError(message, hint, topic=last.topic or error.topic))


def _ago(examination: DoctorRun, failure: Failure) -> str:
    return ago(examination.system.clock() - failure.at)


def known(examination: DoctorRun) -> TokenFacts:
    """Return the token's facts, which a check that needs a session has."""
    if examination.facts is None:
        raise LookupError("the session comes first")
    return examination.facts


def check_claims(examination: DoctorRun) -> Observations:
    """What the token says will do at the cluster: user name, groups, ``email_verified``, algorithm."""
    facts = known(examination)
    found = findings(examination.request, facts, accepted=examination.identity is not None)
    yield from found
    if not found:
        groups = sanitize(", ".join(facts.groups), limit=200) or "none"
        unread = facts.groups and examination.identity and not own_groups(examination.identity)
        yield (
            f"{facts.username_claim} {sanitize(facts.username, limit=120)}; {facts.groups_claim}: {groups}"
            + ("; the cluster reads none of them" if unread else "")
            + _accepted_although(examination, facts)
        )


def _accepted_although(examination: DoctorRun, facts: TokenFacts) -> str:
    """Return what whoami calls a problem, and this API server does not, in words; empty if there is nothing."""
    problems = [one for one in findings(examination.request, facts) if one.severity is Severity.PROBLEM]
    if not problems:
        return ""
    what = problems[0].message.partition(": ")[0]  # behind it is what an API server does by default
    return f"; this API server accepts the token, although {what}"
