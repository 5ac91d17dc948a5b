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

from kubectl_oidc import signals
from kubectl_oidc.deadline import Deadline
from kubectl_oidc.errors import (
    IdTokenError,
    InvalidGrant,
    LockError,
    ProviderRefused,
    ProviderUnreachable,
    SignInNeeded,
    StoreError,
)
from kubectl_oidc.hot.ahead import done
from kubectl_oidc.hot.credential import due
from kubectl_oidc.http import HttpClient
from kubectl_oidc.keeper import SessionKeeper
from kubectl_oidc.lock import SessionLock
from kubectl_oidc.provider import Provider
from kubectl_oidc.session import RAISE, Session
from kubectl_oidc.terminal import remaining
from kubectl_oidc.token_request import Outcome, TokenRequest, World
from kubectl_oidc.token_response import TokenResponse
from kubectl_oidc.tokens import accept
from kubectl_oidc.waiting import Waiting, signing_in, still_held

if TYPE_CHECKING:
    from kubectl_oidc.id_token import IdToken
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.tokens import Tokens

__all__ = ["MARGIN", "Outcome", "TokenRequest", "World", "authenticate", "refresh_ahead"]

MARGIN = 10
"""Seconds that a token must still be good for, so that it does not end on its way to the API server."""

REQUEST_SECONDS = 30.0
"""The longest a refresh may take, all its requests together; --authentication-timeout-sec may make it shorter."""


def authenticate(request: TokenRequest, world: World, lock: SessionLock | None = None) -> Outcome:
    """Return a token that is good now.

    Args:
        request: What is asked for.
        world: Clock, environment, terminal.
        lock: The session's lock, where it was taken already; it is freed.

    Raises:
        OidcLoginError: No token could be had; stored sessions are as they were.
    """
    return _Way(request, world).go(lock)


def refresh_ahead(request: TokenRequest, world: World) -> bool:
    """Refresh the session of a credential that nears its end, without a person and without waiting for anybody.

    Args:
        request: What was asked for, and answered already.
        world: Clock, environment, terminal.

    Returns:
        Whether the session needs no refresh any more.

    Raises:
        OidcLoginError: It could not be refreshed; the call after its end does it, and says why.
    """
    return _Way(request, world).ahead()


class _Way:
    """One walk along the straight way: what it has learnt so far."""

    def __init__(self, request: TokenRequest, world: World) -> None:
        self.request = request
        self.world = world
        self.lock = SessionLock(())
        self.no_lock: LockError | None = None
        self.warned = False
        self.unreadable = False

    def now(self) -> int:
        return int(self.world.clock())

    def go(self, taken: SessionLock | None = None) -> Outcome:
        keeper = self._keeper()
        if taken is not None:
            with taken:
                if self._guards(taken, keeper):
                    self.lock = taken
                    return self._locked(keeper)
        session = self._load(keeper)
        if session and self._good(session):
            self._settle(keeper, session)
            return self._stored(keeper, session)
        with self._lock(keeper) as self.lock:
            self._take()
            return self._locked(keeper)

    def _locked(self, keeper: SessionKeeper) -> Outcome:
        """Look again, and obtain a token if it is still needed. The session's lock is held, if it could be had."""
        self.lock.describe("reading the session")
        session = self._load(keeper)
        if session and self._good(session):
            return self._stored(keeper, session)
        return self._obtain(keeper, session)

    @staticmethod
    def _guards(lock: SessionLock, keeper: SessionKeeper) -> bool:
        """Tell whether a lock is this session's: what was known of the command may have been of another."""
        try:
            return lock.paths == keeper.lock_paths()
        except LockError:
            return False

    def ahead(self) -> bool:
        keeper = self._keeper()
        if keeper.store.asks():
            return False
        with keeper.lock() as self.lock:
            if not self.lock.try_acquire():
                return False  # somebody is at it
            session = self._load(keeper)
            if session is None or session.refresh_token is None:
                return False
            margin, now = MARGIN, self.now()
            issued = session.issued_at(now)
            if due(issued, session.expiry, margin, self.request.refresh_ahead, now):
                self.lock.describe("refreshing the session ahead of its end")
                http = HttpClient(tls=self.request.tls, log=self.world.log)
                try:
                    self._refresh(keeper, self._provider(http), session, session.refresh_token)
                finally:
                    http.close()
            elif session.expiry - margin > now:
                keeper.publish(session, now)
            done(str(keeper.cache_dir), keeper.session_id)
            return True

    def _lock(self, keeper: SessionKeeper) -> SessionLock:
        """Return the session's lock; where none can be had, one that guards nothing."""
        try:
            return keeper.lock()
        except LockError as error:
            self.no_lock = error
            return SessionLock(())

    def _keeper(self) -> SessionKeeper:
        def keeper(storage: str) -> SessionKeeper:
            return SessionKeeper(
                self.request.key(),
                storage=storage,
                cache_dir=self.request.cache_dir,
                environ=self.world.environ,
                log=self.world.log,
            )

        try:
            return keeper(self.request.storage)
        except StoreError as error:
            self._warn(error)
            return keeper("none")

    def _load(self, keeper: SessionKeeper) -> Session | None:
        if self.unreadable:
            return None
        try:
            return keeper.load()
        except StoreError as error:
            self.unreadable = True
            self._warn(error)
            return None

    def _good(self, session: Session) -> bool:
        anew = self.request.force_refresh or self.request.sign_in
        return not anew and session.expiry - MARGIN > self.world.clock()

    def _warn(self, error: StoreError) -> None:
        """Say that nothing is stored, and why."""
        self._warn_once(f"the sign-in is not stored: {error.message}", error.hint)

    def _warn_once(self, message: str, hint: str) -> None:
        """Say the first thing that is wrong: others often have the same cause."""
        if self.warned:
            self.world.log.info(1, message)
            return
        self.warned = True
        self.world.terminal.warn(message, hint)

    def _settle(self, keeper: SessionKeeper, session: Session) -> None:
        """Move a good session to the store that is asked for now, unless somebody else is at it."""
        if keeper.settled():
            return
        with self._lock(keeper) as lock:
            try:
                if lock.try_acquire() and self._load(keeper) == session:
                    keeper.settle(session, self.now())
            except OSError as error:
                self.world.log.info(1, f"the session stays where it is: {error.strerror}")
            except StoreError as error:
                self.world.log.info(1, f"the session stays where it is: {error.message}")

    def _stored(self, keeper: SessionKeeper, session: Session) -> Outcome:
        self.world.log.info(1, f"the stored token is good for {remaining(session.expiry - self.now())}")
        place = keeper.publish(session, self.now())
        return self._outcome(keeper, session, None, place=place)

    def _take(self) -> None:
        """Take the session's lock; on a terminal say after a moment what is awaited.

        Where a file system has no locks, what can be locked is: it spares the person a second tab, and no refresh token
        is used under it.

        Raises:
            LockError: The lock was not to be had in time.
        """
        deadline = Deadline.after(self.request.timeout)
        look = Waiting(self.lock, self.world.terminal, deadline).look
        if not self.lock.acquire(deadline, look, lenient=True):
            raise still_held(self.lock, self.request.timeout)
        failure = self.lock.failure
        if failure:
            self.no_lock = LockError(
                f"{failure.filename}: {failure.strerror}",
                "name a local directory that is yours alone: XDG_RUNTIME_DIR for all locks, --token-cache-dir for those of files",
            )

    def _obtain(self, keeper: SessionKeeper, session: Session | None) -> Outcome:
        """Refresh, or sign in. Without the session's lock no refresh token is used: another may be using it."""
        unlocked = "the session cannot be locked, so it is not refreshed"
        if self.no_lock:
            self._warn_once(f"{unlocked}: {self.no_lock.message}", self.no_lock.hint)
        http = HttpClient(tls=self.request.tls, log=self.world.log)
        try:
            provider = self._provider(http)
            taken_over = None if session else self._taken_over(keeper, provider)
            if taken_over:
                return taken_over
            why = "first use of this session" if session is None else "the session has no refresh token"
            if session and self.request.sign_in:
                why = f"you asked for it; the session of {session.person} stays until then"
            elif session and session.refresh_token and not self.lock.held:
                why = unlocked
            elif session and session.refresh_token:
                try:
                    self.lock.describe("refreshing the session")
                    return self._refresh(keeper, provider, session, session.refresh_token)
                except (InvalidGrant, _UnusableRefreshError) as error:
                    again = self._load(keeper)
                    if again and again.generation > session.generation and self._good(again):
                        return self._stored(keeper, again)  # somebody without our lock was quicker
                    why = error.message
            if self.request.force_refresh and session is not None and not session.refresh_token:
                why = "--force-refresh, and the session has no refresh token"
            if not self.request.ask:
                raise SignInNeeded(
                    f"a sign-in is needed: {why}", f"`{self.request.command_line('login')}` signs in"
                )
            self.lock.describe(signing_in(self.request.grant, asks=not self.request.password))
            return self._sign_in(keeper, provider, session, why)
        finally:
            http.close()

    def _taken_over(self, keeper: SessionKeeper, provider: Provider) -> Outcome | None:
        """Return a token of the session that kubelogin left for this client, or None where there is none to be believed."""
        if self.request.sign_in or self.unreadable or not self.lock.held or keeper.entry():
            return None  # where there was a session of ours, it alone counts
        from kubectl_oidc import predecessor

        left = predecessor.find(self.request, self.world.environ)
        if left is None:
            return None
        deadline = Deadline.after(min(self.request.timeout, REQUEST_SECONDS))
        try:
            session = left.session(keeper.session_id, self.now())
            if self._good(session):
                response = TokenResponse(id_token=left.id_token, refresh_token=left.refresh_token)
                tokens = accept(
                    response,
                    provider,
                    self.request,
                    deadline=deadline,
                    now=self.world.clock(),
                    before=session,
                )
                outcome = self._keep(keeper, session.with_tokens(tokens, generation=1), tokens)
            elif session.refresh_token:
                outcome = self._refresh(keeper, provider, session, session.refresh_token)
            else:
                return None
        except (IdTokenError, InvalidGrant, _UnusableRefreshError) as error:
            self.world.log.info(1, f"kubelogin's session in {left.where} is not taken over: {error.message}")
            return None
        if outcome.storage:
            self.world.terminal.say(f"The session that kubelogin left for {left.person()} is taken over")
            self.world.log.info(1, f"kubelogin's session is taken over from {left.where}")
            try:
                left.remove()  # where two programs use one refresh token, the provider ends both
            except StoreError as error:
                self.world.log.info(1, error.message)
        return outcome

    def _provider(self, http: HttpClient) -> Provider:
        request = self.request
        return Provider(
            issuer=request.issuer,
            client=request.client(),
            http=http,
            cache_dir=request.cache_dir,
            clock=self.world.clock,
            log=self.world.log,
        )

    def _refresh(
        self, keeper: SessionKeeper, provider: Provider, session: Session, refresh_token: Secret
    ) -> Outcome:
        """Send the refresh token once; keep what comes back before anything else can fail.

        Raises:
            InvalidGrant: The provider does not take the refresh token any more.
            _UnusableRefreshError: Its answer cannot be used; the person must sign in.
            ProviderError: The provider is down; the refresh token is kept.
        """
        deadline = Deadline.after(min(self.request.timeout, REQUEST_SECONDS))
        generation = keeper.next_generation(session)
        # Ctrl-C does not cost the session: what replaces its refresh token may be on its way.
        with signals.held():
            response = self._send(keeper, provider, session, refresh_token, deadline)
            if response.refresh_token and response.refresh_token != refresh_token:
                session = session.renewed(response.refresh_token, generation=generation)
                self._save(keeper, session)
        try:
            tokens = accept(
                response, provider, self.request, deadline=deadline, now=self.world.clock(), before=session
            )
        except IdTokenError as error:
            if error.topic == "clock":
                raise  # a new sign-in would meet the same clock
            raise _UnusableRefreshError(error.message) from error
        # Without a new refresh token the old one stays good, and so does its generation, if this cannot be stored.
        return self._keep(keeper, session.with_tokens(tokens, generation=session.generation), tokens)

    def _send(
        self,
        keeper: SessionKeeper,
        provider: Provider,
        session: Session,
        refresh_token: Secret,
        deadline: Deadline,
    ) -> TokenResponse:
        """Send the refresh token; from before it is sent until its answer is stored, the index says that it is in flight.

        Raises:
            _UnusableRefreshError: It is not sent, because what would replace it could not be kept.
        """
        entry = keeper.entry()
        if entry and entry.in_flight:
            self.world.log.info(
                1, "the answer to the last refresh never came: the same refresh token is sent once more"
            )
        if not keeper.mark_in_flight(self.now(), session) and keeper.store.name == "disk":
            raise _UnusableRefreshError(f"{keeper.store.where()} cannot be written", sent=False)
        try:
            return provider.refresh(refresh_token=refresh_token, deadline=deadline)
        except (ProviderRefused, ProviderUnreachable) as error:
            if isinstance(error, ProviderRefused) or not error.sent:
                keeper.mark_in_flight(0)
            raise

    def _sign_in(
        self, keeper: SessionKeeper, provider: Provider, session: Session | None, why: str
    ) -> Outcome:
        # A refresh, which is what most calls that come here need, imports neither browser nor callback server.
        from kubectl_oidc.grants import choice

        tokens = choice.sign_in(self.request, self.world, provider, why, keeper.session_id)
        fresh = Session.begin(
            keeper.session_id,
            tokens,
            generation=keeper.next_generation(session, by=RAISE),
            now=self.now(),
        )
        entry = keeper.entry()
        former = session.person if session else entry.person if entry else ""
        replaced = former if former and former != fresh.person else None
        outcome = self._keep(keeper, fresh, tokens, signed_in=True, replaced=replaced)
        self.world.terminal.say(
            f"Signed in as {fresh.person}; the token is good for {remaining(fresh.expiry - self.now())}"
        )
        if keeper.decided_here and keeper.store.name == "disk" and outcome.storage:
            self.world.terminal.need(
                f"note: there is no OS keyring here, so the session rests in files: {keeper.store.where()} "
                "(--token-cache-storage=disk settles this, none keeps nothing)"
            )
        return outcome

    def _keep(
        self,
        keeper: SessionKeeper,
        session: Session,
        tokens: Tokens,
        *,
        signed_in: bool = False,
        replaced: str | None = None,
    ) -> Outcome:
        """Store the session, publish its credential; a store that fails loses nobody's token."""
        kept = self._save(keeper, session)
        place = keeper.publish(session, self.now()) if kept else ""
        return self._outcome(
            keeper,
            session,
            tokens.exchanged or tokens.id_token,
            place=place,
            signed_in=signed_in,
            replaced=replaced,
            kept=kept,
        )

    def _save(self, keeper: SessionKeeper, session: Session) -> bool:
        if self.unreadable or keeper.store.name == "none":
            return False
        self.lock.describe("storing the session")
        try:
            return keeper.save(session, self.now())
        except StoreError as error:
            self._warn(error)
            return False

    @staticmethod
    def _outcome(
        keeper: SessionKeeper,
        session: Session,
        id_token: IdToken | None,
        *,
        place: str,
        signed_in: bool = False,
        replaced: str | None = None,
        kept: bool = True,
    ) -> Outcome:
        return Outcome(
            token=session.token(),
            expiry=session.expiry,
            id_token=id_token,
            session=session,
            signed_in=signed_in,
            replaced=replaced,
            storage=keeper.store.where() if kept else "",
            place=place,
            keeper=keeper,
        )


class _UnusableRefreshError(Exception):
    """A refresh cannot be used: only a new sign-in helps.

    Args:
        why: What is the matter.
        sent: Whether it was sent and its answer is the matter.
    """

    def __init__(self, why: str, *, sent: bool = True) -> None:
        super().__init__(why)
        what = "the answer to the refresh cannot be used" if sent else "the session is not refreshed"
        self.message = f"{what}: {why}"
