"""One walk along the straight way: what it has learnt so far, and how it reads and keeps the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.authentication import wiring
from kubectl_oidc.errors import LockError, StoreError
from kubectl_oidc.sessions.session_lock import SessionLock
from kubectl_oidc.system.terminal import remaining

from .outcome import Outcome
from .request import MARGIN
from .wiring import session_repository

if TYPE_CHECKING:
    from kubectl_oidc.http.client import HttpClient
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.sessions.session import Session
    from kubectl_oidc.system.system import System

    from .request import SignInRequest


class Authentication:
    """One walk along the straight way.

    Args:
        request: What is asked for.
        system: Clock, environment, terminal.

    Attributes:
        repository: The session's keeper; one that keeps nothing where the store that is asked for does not exist.
        lock: The session's lock, once it is taken.
        no_lock: Why there is none, where there is none.
    """

    def __init__(self, request: SignInRequest, system: System) -> None:
        self.request = request
        self.system = system
        self.lock = SessionLock(())
        self.no_lock: LockError | None = None
        self.unreadable = False
        self._warned = False
        try:
            self.repository = session_repository(request, system)
        except StoreError as error:
            self._warn(error)
            self.repository = session_repository(request, system, storage="none")

    def now(self) -> int:
        """Return the time in whole epoch seconds."""
        return int(self.system.clock())

    def provider(self, http: HttpClient) -> Provider:
        """Return the provider as this client meets it.

        Args:
            http: How it is asked.
        """
        return wiring.provider(self.request, self.system, http)

    def load(self) -> Session | None:
        """Return the session as it is stored now; where it cannot be read, that is said once, and there is none."""
        if self.unreadable:
            return None
        try:
            return self.repository.load()
        except StoreError as error:
            self.unreadable = True
            self._warn(error)
            return None

    def is_valid(self, session: Session) -> bool:
        """Tell whether the session's token may be handed out as it is."""
        anew = self.request.force_refresh or self.request.sign_in
        return not anew and session.expiry - self.margin(session) > self.system.clock()

    def margin(self, session: Session) -> int:
        """Return how many more seconds the session's token must be good for, so that it is handed out.

        What is wished for counts up to half of what the provider gave when it was last asked: else a provider whose tokens live
        shorter would be asked by every command.

        Args:
            session: The session.
        """
        wished = self.request.account.min_ttl
        if wished <= MARGIN:
            return MARGIN
        return max(MARGIN, min(wished, self._given(session) // 2))

    def _given(self, session: Session) -> int:
        """Return for how many seconds the session's token was good when it came."""
        entry = self.repository.entry()
        known = entry is not None and entry.expiry == session.expiry
        came = entry.refreshed_at if entry and known else session.issued_at(self.now())
        return session.expiry - came

    def is_too_old(self, session: Session) -> bool:
        """Tell whether the person signed in longer ago than is wished for, so that the session is not refreshed."""
        longest = self.request.account.max_age
        return longest is not None and self.system.clock() - session.authenticated_at() > longest

    def warn_once(self, message: str, hint: str) -> None:
        """Say the first thing that is wrong: others often have the same cause."""
        if self._warned:
            self.system.log.info(1, message)
            return
        self._warned = True
        self.system.terminal.warn(message, hint)

    def _warn(self, error: StoreError) -> None:
        """Say that nothing is stored, and why."""
        self.warn_once(f"the sign-in is not stored: {error.message}", error.hint)

    def save(self, session: Session) -> bool:
        """Keep the session, and tell whether it was kept; where the store fails, that is said once."""
        if self.unreadable or self.repository.store.name == "none":
            return False
        self.lock.describe("storing the session")
        try:
            return self.repository.save(session, self.now())
        except StoreError as error:
            self._warn(error)
            return False

    def stored(self, session: Session) -> Outcome:
        """Return the token of a session that is good as it rests; it is published."""
        self.system.log.info(1, f"the stored token is good for {remaining(session.expiry - self.now())}")
        return self._outcome(session, None, kept=True)

    def keep(
        self, session: Session, tokens: Tokens, *, signed_in: bool = False, replaced: str | None = None
    ) -> Outcome:
        """Store the session and publish its credential; a store that fails loses nobody's token.

        Args:
            session: The session, with what was just brought.
            tokens: What was brought.
            signed_in: Whether a person signed in just now.
            replaced: The person whose session is replaced, if another's.
        """
        return self._outcome(session, tokens, kept=self.save(session), signed_in=signed_in, replaced=replaced)

    def _outcome(
        self,
        session: Session,
        tokens: Tokens | None,
        *,
        kept: bool,
        signed_in: bool = False,
        replaced: str | None = None,
    ) -> Outcome:
        return Outcome(
            token=session.token(),
            expiry=session.expiry,
            id_token=(tokens.exchanged or tokens.id_token) if tokens else None,
            session=session,
            signed_in=signed_in,
            replaced=replaced,
            storage=self.repository.store.where() if kept else "",
            place=self.repository.publish(session, self.now()) if kept else "",
            repository=self.repository,
            margin=self.margin(session),
        )
