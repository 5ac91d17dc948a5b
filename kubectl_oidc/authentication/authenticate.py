"""Turn a request into a token.

The steps of every get-token, in order:

1. Return the token of the stored session if it is valid.
2. Lock the session and look again. Another kubectl may have renewed it meanwhile.
3. Refresh it: one request to the token endpoint. Or sign in: browser and callback server, then exchange the code.
4. Validate the ID token, also after a refresh.
5. Store the session and publish the credential.
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
from kubectl_oidc.sessions import shared_failure
from kubectl_oidc.sessions.lock_wait import LockWait, still_held
from kubectl_oidc.sessions.session_lock import SessionLock
from kubectl_oidc.system.deadline import Deadline

from .authentication import Authentication
from .outcome import Outcome
from .refresh import refresh
from .refresh_answer import UnusableRefreshError

if TYPE_CHECKING:
    from kubectl_oidc.http.client import HttpClient
    from kubectl_oidc.sessions.session import Session
    from kubectl_oidc.sessions.shared_failure import SharedFailure
    from kubectl_oidc.system.system import System

    from .request import SignInRequest

GRACE = 1.0
"""Seconds to wait for the lock beyond the time-out, so that a holder with the same time-out can say why it failed."""


def authenticate(
    request: SignInRequest,
    system: System,
    lock: SessionLock | None = None,
    http: HttpClient | None = None,
) -> Outcome:
    """Return a valid token.

    Args:
        lock: A lock that this process already holds, probably the session's. It is released.
        http: The client for all requests, if it exists already. It is closed after them.

    Raises:
        OidcLoginError: There is no token. The stored sessions are unchanged.
    """
    if request.refusal:
        raise request.refusal
    authentication = Authentication(request, system, http)
    if lock is not None:
        with lock:
            if _guards_session(lock, authentication):
                authentication.lock = lock
                return _authenticate_locked(authentication)
    session = authentication.load()
    if session and authentication.is_valid(session):
        _move_to_chosen_store(authentication, session)
        return authentication.stored(session)
    with _new_lock(authentication) as authentication.lock:
        _wait_for_lock(authentication)
        return _authenticate_locked(authentication)


def _authenticate_locked(authentication: Authentication) -> Outcome:
    """Load the session again, and obtain a token if one is still needed. The lock is held, unless it is unavailable."""
    authentication.lock.describe("reading the session")
    session = authentication.load()
    if session and authentication.is_valid(session):
        return authentication.stored(session)
    failure = authentication.lock.failure_of_holder()
    if failure and _applies_here(failure, authentication):
        authentication.system.log.info(
            1,
            "failure-shared",
            "another process failed to obtain this session's token; this process reports the same error",
        )
        raise failure
    try:
        return _refresh_or_sign_in(authentication, session)
    except (SignInTimeout, SignInRefused) as error:
        if authentication.system.terminal.interactive:
            shared_failure.share_failure(authentication.lock.paths, error, of_a_person=True)
        raise
    except (ProviderError, IdTokenError) as error:
        shared_failure.share_failure(authentication.lock.paths, error, of_a_person=False)
        raise


def _applies_here(failure: SharedFailure, authentication: Authentication) -> bool:
    """Return whether the lock holder's failure is this process's too.

    A sign-in that the user did not finish counts only for another process at a terminal. Background processes
    pause after a failed sign-in (``failed_sign_ins``).
    """
    return not failure.of_a_person or (
        authentication.system.terminal.interactive and not authentication.request.renewal.sign_in
    )


def _guards_session(lock: SessionLock, authentication: Authentication) -> bool:
    """Return whether `lock` guards this session. The remembered command may belong to another one."""
    try:
        return lock.paths == authentication.repository.lock_paths()
    except LockError:
        return False


def _new_lock(authentication: Authentication) -> SessionLock:
    """Return the session's lock, or an empty one if there is no directory for it."""
    try:
        return authentication.repository.lock()
    except LockError as error:
        authentication.no_lock = error
        return SessionLock(())


def _wait_for_lock(authentication: Authentication) -> None:
    """Acquire the session's lock. After a moment, a terminal shows what this process waits for.

    If a file system does not support locks, only the other lock files are locked. That still prevents a second browser
    tab, but no refresh token is used.

    Raises:
        LockError: The lock was not free in time.
    """
    lock, timeout = authentication.lock, authentication.request.timeout.seconds
    deadline = Deadline.after(timeout + GRACE)
    look = LockWait(lock, authentication.system.terminal, deadline).tell_when_due
    if not lock.acquire(deadline, look, lenient=True):
        raise still_held(lock, timeout)
    if lock.passed_over:
        authentication.system.log.info(
            1,
            "lock-unsupported",
            f"{lock.passed_over.filename} cannot be locked; the lock on this computer is sufficient",
        )
    failure = lock.failure
    if failure:
        authentication.no_lock = LockError(
            f"{failure.filename}: {failure.strerror}",
            "set XDG_RUNTIME_DIR (for all locks) or --token-cache-dir (for files) to a local directory that only you can use",
        )


def _move_to_chosen_store(authentication: Authentication, session: Session) -> None:
    """Move a valid session to the store that the flags name now, unless another process holds its lock."""
    if authentication.repository.is_settled():
        return
    with _new_lock(authentication) as lock:
        try:
            if lock.try_acquire() and authentication.load() == session:
                authentication.repository.move_or_index(session, authentication.now())
        except (OSError, StoreError) as error:
            problem = error.message if isinstance(error, StoreError) else error.strerror
            authentication.system.log.info(
                1, "session-not-moved", f"the session is not moved to another store: {problem}"
            )


def _refresh_or_sign_in(authentication: Authentication, session: Session | None) -> Outcome:
    request = authentication.request
    if authentication.no_lock:
        authentication.warn_once(
            f"{reasons.UNLOCKED}: {authentication.no_lock.message}", authentication.no_lock.hint
        )
    with authentication.connected():
        renewed = _renew_silently(authentication, session)
        if isinstance(renewed, Outcome):
            return renewed
        if not request.renewal.may_prompt:
            why = f" ({renewed})" if renewed else ""
            raise SignInNeeded(f"you need to sign in{why}", f"run `{request.command_line('login')}`")
        authentication.lock.describe("asking the provider")
        # A refresh, the usual case, imports neither browser nor callback server.
        from .new_session import begin_session

        return begin_session(authentication, session, renewed)


def _renew_silently(authentication: Authentication, session: Session | None) -> Outcome | str:
    """Return a token that needs no sign-in, or the reason for a sign-in."""
    if authentication.request.renewal.sign_in:
        return reasons.asked(authentication, session)
    if session is None:
        return _take_over(authentication) or reasons.no_session(authentication)
    token, reason = session.refresh_token, reasons.not_refreshed(authentication, session)
    if token is None or reason:
        return reason
    try:
        authentication.lock.describe("refreshing the session")
        return refresh(authentication, session, token)
    except UnusableRefreshError as error:
        again = authentication.load()
        if again and again.generation > session.generation and authentication.is_valid(again):
            return authentication.stored(again)  # a process without this lock was faster
        return error.message


def _take_over(authentication: Authentication) -> Outcome | str | None:
    if (
        authentication.unreadable
        or not authentication.lock.held
        or authentication.repository.index_entry.read()
    ):
        return None  # once this program has had a session, kubelogin's no longer counts
    from .kubelogin_takeover import take_over

    return take_over(authentication)
