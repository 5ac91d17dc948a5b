"""The ``session`` check: whether there is a valid token, stored or just refreshed. It never asks anybody to sign in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_oidc.authentication.authenticate import authenticate
from kubectl_oidc.errors import InvalidProviderResponse, OidcLoginError, ProviderUnreachable, SignInNeeded
from kubectl_oidc.system.silent_terminal import SilentTerminal
from kubectl_oidc.text import sanitize
from kubectl_oidc.times import ago, remaining

from . import Finding, Severity, warning
from .client_registration import last_failures
from .run import Skipped
from .token.facts import facts_of_session

if TYPE_CHECKING:
    from kubectl_oidc.sessions.failed_sign_ins import Failure

    from .run import DoctorRun, Observations

_SIGNS_IN = "kubectl oidc-login login"
"""A hint with this command needs no other sign-in after it."""


def check_session(run: DoctorRun) -> Observations:
    """Check that there is a valid token, which is stored or refreshed as get-token would do."""
    request, system = run.request, run.system
    try:
        outcome = authenticate(request, system)
    except (ProviderUnreachable, InvalidProviderResponse):
        if run.metadata is not None:
            raise
        yield Skipped("its token has expired, and is not refreshed until discovery works", blocks=True)
        return
    except SignInNeeded as error:
        yield _sign_in_needed(run, error)
        return
    finally:
        warnings = system.terminal.warnings if isinstance(system.terminal, SilentTerminal) else []
    run.outcome = outcome
    listed = run.metadata.scopes_supported if run.metadata else ()
    run.facts = facts_of_session(request, outcome.session, run.trust, scopes_supported=listed)
    for message, hint in warnings:
        yield warning(message, hint, "store")
    left = remaining(outcome.expiry - system.clock())
    how = "was just refreshed and is" if outcome.renewed else "is"
    yield f"{sanitize(outcome.session.person, limit=120)}; the token {how} valid for {left}"
    yield from _failed_since(run)


def _failed_since(run: DoctorRun) -> Observations:
    """Yield what failed since the sign-in: it matters when the token expires."""
    last, refused = last_failures(run)
    if refused:
        yield _warning(
            refused,
            f"the provider refused to renew this session {_ago(run, refused)}: {refused.why}",
            f"run `{run.login}` before the token expires",
        )
    if last and last.topic:
        yield _warning(
            last,
            f"a sign-in failed {_ago(run, last)}: {last.why}. This session is from an earlier sign-in",
            last.hint or f"run `{run.login}` to sign in again",
        )


def _warning(failure: Failure, message: str, hint: str) -> Finding:
    """Return a warning with the topic of the stored failure."""
    error = OidcLoginError(message, hint, topic=failure.topic)
    return replace(Finding.from_error(error), severity=Severity.WARNING)


def _sign_in_needed(run: DoctorRun, error: SignInNeeded) -> Finding:
    """Return the problem that nobody is signed in. If the last sign-in failed, name its error and use its topic."""
    last, _ = last_failures(run)
    if last is None:
        return Finding.from_error(error, hint=f"run `{run.login}`, then run doctor again")
    message = f"{error.message}. The last sign-in failed {_ago(run, last)}: {last.why}"
    return Finding.from_error(
        OidcLoginError(message, _then_doctor(last.hint, run.login), topic=last.topic or error.topic)
    )


def _then_doctor(hint: str, login: str) -> str:
    """Return what to do after a failed sign-in: its own hint, one sign-in, and `doctor` once more."""
    if _SIGNS_IN in hint:
        return f"{hint}. Then run doctor again"
    return (
        f"{hint}. Then run `{login}`, and doctor again" if hint else f"run `{login}`, then run doctor again"
    )


def _ago(run: DoctorRun, failure: Failure) -> str:
    return ago(run.system.clock() - failure.at)
