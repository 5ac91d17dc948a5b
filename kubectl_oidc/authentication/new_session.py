"""Sign in and store the new session. Only a sign-in imports this module; a refresh does not need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
from kubectl_oidc.sessions.lock_wait import signing_in
from kubectl_oidc.sessions.session import GENERATION_STEP, Session
from kubectl_oidc.times import duration_text, remaining

from .grants import choice
from .grants.sign_in import SignIn

if TYPE_CHECKING:
    from .authentication import Authentication
    from .outcome import Outcome


def begin_session(authentication: Authentication, session: Session | None, reason: str) -> Outcome:
    """Sign in, store the new session, and return its token.

    Args:
        authentication: Its lock is held, unless it is unavailable.
        session: The session that is replaced, if there is one.
        reason: Why a sign-in is needed; the user reads it.

    Raises:
        OidcLoginError: The sign-in failed. The old session is unchanged.
    """
    request, repository, system = authentication.request, authentication.repository, authentication.system
    doing = signing_in(request.grant, asks=not request.password)
    failures = FailedSignIns(
        repository.cache_dir, repository.session_id, system, asks=lambda: authentication.lock.describe(doing)
    )
    tokens = choice.sign_in(SignIn(request, system, authentication.provider, reason, failures))
    fresh = Session.begin(
        repository.session_id,
        tokens,
        generation=repository.index_entry.next_generation(session, by=GENERATION_STEP),
        now=authentication.now(),
    )
    entry = repository.index_entry.read()
    former = session.person if session else entry.person if entry else ""
    replaced = former if former and former != fresh.person else None
    outcome = authentication.keep(fresh)._replace(signed_in=True, replaced=replaced)
    _report_sign_in(authentication, outcome)
    return outcome


def _report_sign_in(authentication: Authentication, outcome: Outcome) -> None:
    """Show who signed in, for how long, and what the user may not expect about lifetime and storage."""
    repository, terminal = authentication.repository, authentication.system.terminal
    left = remaining(outcome.expiry - authentication.now())
    terminal.say(f"Signed in as {outcome.session.person}; the token is valid for {left}")
    authentication.system.log.info(1, "signed-in", f"signed in; the token is valid for {left}")
    min_ttl = authentication.request.account.min_ttl
    if outcome.margin < min_ttl:
        terminal.say(
            f"note: --min-ttl={duration_text(min_ttl)} is more than half of this provider's token lifetime; renewing when less than {duration_text(outcome.margin)} is left"
        )
    if repository.decided_here and repository.store.name == "disk" and outcome.storage:
        show = terminal.need if authentication.request.asks_a_person() else terminal.say
        show(
            f"note: no OS keyring found; storing the session in {repository.store.where()} (add `--token-cache-storage=disk` to silence this, or `--token-cache-storage=none` to store nothing)"
        )
