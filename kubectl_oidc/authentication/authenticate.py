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
from .state import Walk

if TYPE_CHECKING:
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.sessions.shared_failure import SharedFailure
    from kubectl_oidc.system.system import World

    from .request import TokenRequest


def authenticate(request: TokenRequest, world: World, lock: SessionLock | None = None) -> Outcome:
    """Return a token that is good now.

    Args:
        request: What is asked for.
        world: Clock, environment, terminal.
        lock: The session's lock, where it was taken already; it is freed.

    Raises:
        OidcLoginError: No token could be had; stored sessions are as they were.
    """
    walk = Walk(request, world)
    if lock is not None:
        with lock:
            if _guards(lock, walk):
                walk.lock = lock
                return _locked(walk)
    session = walk.load()
    if session and walk.good(session):
        _settle(walk, session)
        return walk.stored(session)
    with _lock(walk) as walk.lock:
        _take(walk)
        return _locked(walk)


def _locked(walk: Walk) -> Outcome:
    """Look again, and obtain a token if it is still needed. The session's lock is held, if it could be had."""
    walk.lock.describe("reading the session")
    session = walk.load()
    if session and walk.good(session):
        return walk.stored(session)
    failure = walk.lock.failure_of_holder()
    if failure and _counts(failure, walk):
        walk.world.log.info(1, "the process that was waited for failed, so this one fails with it")
        raise failure
    try:
        return _obtain(walk, session)
    except (SignInTimeout, SignInRefused) as error:
        if walk.world.terminal.interactive:
            shared_failure.leave(walk.lock.paths, error, of_a_person=True)
        raise
    except (ProviderError, IdTokenError) as error:
        shared_failure.leave(walk.lock.paths, error, of_a_person=False)
        raise


def _counts(failure: SharedFailure, walk: Walk) -> bool:
    """Tell whether a holder's failure is ours too: a sign-in that nobody finished only if a person here waited for that one.

    Background programs have a pause of their own after a sign-in that failed (see ``failed_sign_ins``).
    """
    return not failure.of_a_person or (walk.world.terminal.interactive and not walk.request.sign_in)


def _guards(lock: SessionLock, walk: Walk) -> bool:
    """Tell whether a lock is this session's: what was known of the command may have been of another."""
    try:
        return lock.paths == walk.keeper.lock_paths()
    except LockError:
        return False


def _lock(walk: Walk) -> SessionLock:
    """Return the session's lock; where none can be had, one that guards nothing."""
    try:
        return walk.keeper.lock()
    except LockError as error:
        walk.no_lock = error
        return SessionLock(())


GRACE = 1.0
"""Seconds that a wait for the lock is longer than the time-out: a holder with the same one gets to say why it failed."""


def _take(walk: Walk) -> None:
    """Take the session's lock; on a terminal say after a moment what is awaited.

    Where a file system has no locks, what can be locked is: it spares the person a second tab, and no refresh token
    is used under it.

    Raises:
        LockError: The lock was not to be had in time.
    """
    lock, timeout = walk.lock, walk.request.timeout
    deadline = Deadline.after(timeout + GRACE)
    look = Waiting(lock, walk.world.terminal, deadline).look
    if not lock.acquire(deadline, look, lenient=True):
        raise still_held(lock, timeout)
    if lock.passed_over:
        walk.world.log.info(1, f"{lock.passed_over.filename} cannot be locked: the local lock is enough")
    failure = lock.failure
    if failure:
        walk.no_lock = LockError(
            f"{failure.filename}: {failure.strerror}",
            "name a local directory that is yours alone: XDG_RUNTIME_DIR for all locks, --token-cache-dir for those of files",
        )


def _settle(walk: Walk, session: Session) -> None:
    """Move a good session to the store that is asked for now, unless somebody else is at it."""
    if walk.keeper.settled():
        return
    with _lock(walk) as lock:
        try:
            if lock.try_acquire() and walk.load() == session:
                walk.keeper.settle(session, walk.now())
        except OSError as error:
            walk.world.log.info(1, f"the session stays where it is: {error.strerror}")
        except StoreError as error:
            walk.world.log.info(1, f"the session stays where it is: {error.message}")


def _obtain(walk: Walk, session: Session | None) -> Outcome:
    """Refresh, or sign in. Without the session's lock no refresh token is used: another may be using it."""
    request = walk.request
    if walk.no_lock:
        walk.warn_once(f"{reasons.UNLOCKED}: {walk.no_lock.message}", walk.no_lock.hint)
    http = HttpClient(tls=request.tls, log=walk.world.log)
    try:
        provider = walk.provider(http)
        renewed = _renewed(walk, provider, session)
        if isinstance(renewed, Outcome):
            return renewed
        if not request.ask:
            raise SignInNeeded(
                f"a sign-in is needed: {renewed}", f"`{request.command_line('login')}` signs in"
            )
        walk.lock.describe("asking the provider")
        return _sign_in(walk, provider, session, renewed)
    finally:
        http.close()


def _renewed(walk: Walk, provider: Provider, session: Session | None) -> Outcome | str:
    """Return a token that needs no person, or why one must sign in."""
    if walk.request.sign_in:
        return reasons.asked(walk, session)
    if session is None:
        return _taken_over(walk, provider) or reasons.no_session(walk)
    token, reason = session.refresh_token, reasons.not_refreshed(walk, session)
    if token is None or reason:
        return reason
    try:
        walk.lock.describe("refreshing the session")
        return refresh(walk, provider, session, token)
    except UnusableRefreshError as error:
        again = walk.load()
        if again and again.generation > session.generation and walk.good(again):
            return walk.stored(again)  # somebody without our lock was quicker
        return error.message


def _taken_over(walk: Walk, provider: Provider) -> Outcome | str | None:
    if walk.unreadable or not walk.lock.held or walk.keeper.entry():
        return None  # where there was a session of ours, it alone counts
    from .kubelogin_takeover import take_over

    return take_over(walk, provider)


def _sign_in(walk: Walk, provider: Provider, session: Session | None, reason: str) -> Outcome:
    # A refresh, which is what most calls that come here need, imports neither browser nor callback server.
    from .grants import choice

    keeper, terminal = walk.keeper, walk.world.terminal
    doing = signing_in(walk.request.grant, asks=not walk.request.password)
    tokens = choice.sign_in(
        walk.request,
        walk.world,
        provider,
        reason,
        keeper.session_id,
        asks=lambda: walk.lock.describe(doing),
    )
    fresh = Session.begin(
        keeper.session_id,
        tokens,
        generation=keeper.next_generation(session, by=RAISE),
        now=walk.now(),
    )
    entry = keeper.entry()
    former = session.person if session else entry.person if entry else ""
    replaced = former if former and former != fresh.person else None
    outcome = walk.keep(fresh, tokens, signed_in=True, replaced=replaced)
    failed_refreshes.forget(walk.request.cache_dir, keeper.session_id, walk.world.log)
    terminal.say(f"Signed in as {fresh.person}; the token is good for {remaining(fresh.expiry - walk.now())}")
    wished = walk.request.wishes.min_ttl
    if outcome.margin < wished:
        terminal.say(
            f"note: --min-ttl={written(wished)} is more than half of what this provider's tokens live, so a token is renewed "
            f"when less than {written(outcome.margin)} of it is left"
        )
    if keeper.decided_here and keeper.store.name == "disk" and outcome.storage:
        tell = terminal.need if walk.request.asks_a_person() else terminal.say
        tell(
            f"note: there is no OS keyring here, so the session rests in files: {keeper.store.where()} "
            "(--token-cache-storage=disk chooses that without this note; none keeps no session)"
        )
    return outcome
