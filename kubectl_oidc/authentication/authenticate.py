"""The straight way from a request to a token.

session in the store, valid?
-> lock the session, look again   another kubectl may have done the work meanwhile
-> refresh                        one request to the token endpoint
-> or sign in                     browser and loopback server, exchange the code
-> validate the ID token          always, also after a refresh
-> store the session, publish the credential
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.authentication import reasons
from kubectl_oidc.errors import (
    IdTokenError,
    LockError,
    ProviderError,
    SignInNeeded,
    SignInRefused,
    SignInTimeout,
    StoreError,
)
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.sessions import failed_refreshes, shared_failure
from kubectl_oidc.sessions.lock_wait import Waiting, signing_in, still_held
from kubectl_oidc.sessions.session import RAISE, Session
from kubectl_oidc.sessions.session_lock import SessionLock
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.terminal import remaining
from kubectl_oidc.times import written

from .outcome import Outcome
from .refresh import refresh
from .refresh_answer import UnusableRefreshError
from .state import Authentication

if TYPE_CHECKING:
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.sessions.shared_failure import SharedFailure
    from kubectl_oidc.system.system import System

    from .request import SignInRequest


def authenticate(request: SignInRequest, system: System, lock: SessionLock | None = None) -> Outcome:
    """Return a token that is good now.

    Args:
        request: What is asked for.
        system: Clock, environment, terminal.
        lock: The session's lock, where it was taken already; it is freed.

    Raises:
        OidcLoginError: No token could be had; stored sessions are as they were.
    """
    authentication = Authentication(request, system)
    if lock is not None:
        with lock:
            if _guards(lock, authentication):
                authentication.lock = lock
                return _locked(authentication)
    session = authentication.load()
    if session and authentication.is_valid(session):
        _settle(authentication, session)
        return authentication.stored(session)
    with _lock(authentication) as authentication.lock:
        _take(authentication)
        return _locked(authentication)


def _locked(authentication: Authentication) -> Outcome:
    """Look again, and obtain a token if it is still needed. The session's lock is held, if it could be had."""
    authentication.lock.describe("reading the session")
    session = authentication.load()
    if session and authentication.is_valid(session):
        return authentication.stored(session)
    failure = authentication.lock.failure_of_holder()
    if failure and _counts(failure, authentication):
        authentication.system.log.info(1, "the process that was waited for failed, so this one fails with it")
        raise failure
    try:
        return _obtain(authentication, session)
    except (SignInTimeout, SignInRefused) as error:
        if authentication.system.terminal.interactive:
            shared_failure.leave(authentication.lock.paths, error, of_a_person=True)
        raise
    except (ProviderError, IdTokenError) as error:
        shared_failure.leave(authentication.lock.paths, error, of_a_person=False)
        raise


def _counts(failure: SharedFailure, authentication: Authentication) -> bool:
    """Tell whether a holder's failure is ours too: a sign-in that nobody finished only if a person here waited for that one.

    Background programs have a pause of their own after a sign-in that failed (see ``failed_sign_ins``).
    """
    return not failure.of_a_person or (
        authentication.system.terminal.interactive and not authentication.request.sign_in
    )


def _guards(lock: SessionLock, authentication: Authentication) -> bool:
    """Tell whether a lock is this session's: what was known of the command may have been of another."""
    try:
        return lock.paths == authentication.repository.lock_paths()
    except LockError:
        return False


def _lock(authentication: Authentication) -> SessionLock:
    """Return the session's lock; where none can be had, one that guards nothing."""
    try:
        return authentication.repository.lock()
    except LockError as error:
        authentication.no_lock = error
        return SessionLock(())


GRACE = 1.0
"""Seconds that a wait for the lock is longer than the time-out: a holder with the same one gets to say why it failed."""


def _take(authentication: Authentication) -> None:
    """Take the session's lock; on a terminal say after a moment what is awaited.

    Where a file system has no locks, what can be locked is: it spares the person a second tab, and no refresh token
    is used under it.

    Raises:
        LockError: The lock was not to be had in time.
    """
    lock, timeout = authentication.lock, authentication.request.timeout
    deadline = Deadline.after(timeout + GRACE)
    look = Waiting(lock, authentication.system.terminal, deadline).look
    if not lock.acquire(deadline, look, lenient=True):
        raise still_held(lock, timeout)
    if lock.passed_over:
        authentication.system.log.info(
            1, f"{lock.passed_over.filename} cannot be locked: the local lock is enough"
        )
    failure = lock.failure
    if failure:
        authentication.no_lock = LockError(
            f"{failure.filename}: {failure.strerror}",
            "name a local directory that is yours alone: XDG_RUNTIME_DIR for all locks, --token-cache-dir for those of files",
        )


def _settle(authentication: Authentication, session: Session) -> None:
    """Move a good session to the store that is asked for now, unless somebody else is at it."""
    if authentication.repository.settled():
        return
    with _lock(authentication) as lock:
        try:
            if lock.try_acquire() and authentication.load() == session:
                authentication.repository.settle(session, authentication.now())
        except OSError as error:
            authentication.system.log.info(1, f"the session stays where it is: {error.strerror}")
        except StoreError as error:
            authentication.system.log.info(1, f"the session stays where it is: {error.message}")


def _obtain(authentication: Authentication, session: Session | None) -> Outcome:
    """Refresh, or sign in. Without the session's lock no refresh token is used: another may be using it."""
    request = authentication.request
    if authentication.no_lock:
        authentication.warn_once(
            f"{reasons.UNLOCKED}: {authentication.no_lock.message}", authentication.no_lock.hint
        )
    http = HttpClient(tls=request.tls, log=authentication.system.log)
    try:
        provider = authentication.provider(http)
        renewed = _renewed(authentication, provider, session)
        if isinstance(renewed, Outcome):
            return renewed
        if not request.may_prompt:
            raise SignInNeeded(
                f"a sign-in is needed: {renewed}", f"`{request.command_line('login')}` signs in"
            )
        authentication.lock.describe("asking the provider")
        return _sign_in(authentication, provider, session, renewed)
    finally:
        http.close()


def _renewed(authentication: Authentication, provider: Provider, session: Session | None) -> Outcome | str:
    """Return a token that needs no person, or why one must sign in."""
    if authentication.request.sign_in:
        return reasons.asked(authentication, session)
    if session is None:
        return _taken_over(authentication, provider) or reasons.no_session(authentication)
    token, reason = session.refresh_token, reasons.not_refreshed(authentication, session)
    if token is None or reason:
        return reason
    try:
        authentication.lock.describe("refreshing the session")
        return refresh(authentication, provider, session, token)
    except UnusableRefreshError as error:
        again = authentication.load()
        if again and again.generation > session.generation and authentication.is_valid(again):
            return authentication.stored(again)  # somebody without our lock was quicker
        return error.message


def _taken_over(authentication: Authentication, provider: Provider) -> Outcome | str | None:
    if authentication.unreadable or not authentication.lock.held or authentication.repository.entry():
        return None  # where there was a session of ours, it alone counts
    from .kubelogin_takeover import take_over

    return take_over(authentication, provider)


def _sign_in(
    authentication: Authentication, provider: Provider, session: Session | None, reason: str
) -> Outcome:
    # A refresh, which is what most calls that come here need, imports neither browser nor callback server.
    from .grants import choice

    repository, terminal = authentication.repository, authentication.system.terminal
    doing = signing_in(authentication.request.grant, asks=not authentication.request.password)
    tokens = choice.sign_in(
        authentication.request,
        authentication.system,
        provider,
        reason,
        repository.session_id,
        asks=lambda: authentication.lock.describe(doing),
    )
    fresh = Session.begin(
        repository.session_id,
        tokens,
        generation=repository.next_generation(session, by=RAISE),
        now=authentication.now(),
    )
    entry = repository.entry()
    former = session.person if session else entry.person if entry else ""
    replaced = former if former and former != fresh.person else None
    outcome = authentication.keep(fresh, tokens, signed_in=True, replaced=replaced)
    failed_refreshes.forget(
        authentication.request.cache_dir, repository.session_id, authentication.system.log
    )
    terminal.say(
        f"Signed in as {fresh.person}; the token is good for {remaining(fresh.expiry - authentication.now())}"
    )
    wished = authentication.request.account.min_ttl
    if outcome.margin < wished:
        terminal.say(
            f"note: --min-ttl={written(wished)} is more than half of what this provider's tokens live, so a token is renewed "
            f"when less than {written(outcome.margin)} of it is left"
        )
    if repository.decided_here and repository.store.name == "disk" and outcome.storage:
        tell = terminal.need if authentication.request.asks_a_person() else terminal.say
        tell(
            f"note: there is no OS keyring here, so the session rests in files: {repository.store.where()} "
            "(--token-cache-storage=disk chooses that without this note; none keeps no session)"
        )
    return outcome
