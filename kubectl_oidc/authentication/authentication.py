"""One authentication: its request, its session's repository and lock, and what is shared between the steps of `authenticate`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kubectl_oidc.errors import LockError, StoreError
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.sessions.session_lock import SessionLock
from kubectl_oidc.times import remaining

from .outcome import Outcome
from .request import MARGIN
from .wiring import build_provider, build_session_repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.sessions.session import Session
    from kubectl_oidc.system.system import System

    from .request import SignInRequest


class Authentication:
    """One run of `authenticate`.

    Attributes:
        repository: Stores the session; stores nothing if this machine does not have the chosen store.
        provider: The OpenID provider, while `connected`.
        lock: The session's lock, once it is acquired.
        no_lock: Why the session cannot be locked, if it cannot.
        unreadable: Whether the stored session could not be read.
    """

    provider: Provider

    def __init__(self, request: SignInRequest, system: System, http: HttpClient | None = None) -> None:
        self._http = http
        self.request = request
        self.system = system
        self.lock = SessionLock(())
        self.no_lock: LockError | None = None
        self.unreadable = False
        self._warned = False
        try:
            self.repository = build_session_repository(request, system)
        except StoreError as error:
            self._warn(error)
            self.repository = build_session_repository(request, system, storage="none")

    def now(self) -> int:
        """Return the time in whole epoch seconds."""
        return int(self.system.clock())

    @contextlib.contextmanager
    def connected(self) -> Iterator[HttpClient]:
        """Set the provider, and yield the HTTP client that it uses. It is closed after the block.

        Raises:
            UsageError: The issuer URL is not valid, or the client's private key cannot be read.
        """
        own = self._http or HttpClient(tls=self.request.tls, log=self.system.log)
        with contextlib.closing(own) as http:
            self.provider = build_provider(self.request, self.system, http)
            yield http

    def load(self) -> Session | None:
        """Return the stored session, or None. If it cannot be read, warn once."""
        if self.unreadable:
            return None
        try:
            return self.repository.load()
        except StoreError as error:
            self.unreadable = True
            self._warn(error)
            return None

    def is_valid(self, session: Session) -> bool:
        """Return whether the session's token can be used without a refresh."""
        renew = self.request.renewal.force_refresh or self.request.renewal.sign_in
        return not renew and session.expiry - self.margin(session) > self.system.clock()

    def margin(self, session: Session) -> int:
        """Return how many seconds before its expiry the session's token is no longer used.

        --min-ttl counts up to half of the token's lifetime. Otherwise every command would send a refresh if the provider's
        tokens live shorter.
        """
        min_ttl = self.request.account.min_ttl
        if min_ttl <= MARGIN:
            return MARGIN
        return max(MARGIN, min(min_ttl, self._lifetime(session) // 2))

    def _lifetime(self, session: Session) -> int:
        """Return how many seconds the session's token was valid when it was obtained."""
        entry = self.repository.index_entry.read()
        known = entry is not None and entry.expiry == session.expiry
        obtained = entry.refreshed_at if entry and known else session.issued_at(self.now())
        return session.expiry - obtained

    def is_too_old(self, session: Session) -> bool:
        """Return whether the user signed in longer ago than --max-age, so that a refresh is not enough."""
        max_age = self.request.account.max_age
        return max_age is not None and self.system.clock() - session.authenticated_at() > max_age

    def warn_once(self, message: str, hint: str) -> None:
        """Warn of the first problem, and log the others, which often have the same cause."""
        if self._warned:
            self.system.log.info(1, "warning", message)
            return
        self._warned = True
        self.system.terminal.warn(message, hint)

    def _warn(self, error: StoreError) -> None:
        """Warn that nothing is stored, and why."""
        self.warn_once(f"the sign-in is not stored: {error.message}", error.hint)

    def save(self, session: Session) -> bool:
        """Store the session, and return whether it was stored. If the store fails, warn once."""
        if self.unreadable or self.repository.store.name == "none":
            return False
        self.lock.describe("storing the session")
        try:
            return self.repository.save(session, self.now())
        except StoreError as error:
            self._warn(error)
            return False

    def stored(self, session: Session) -> Outcome:
        """Publish the credential of a stored session that is still valid, and return its token."""
        self.system.log.info(
            1, "token-cached", f"the stored token is valid for {remaining(session.expiry - self.now())}"
        )
        return self._outcome(session, kept=True, renewed=False)

    def keep(self, session: Session) -> Outcome:
        """Store the session with its new tokens, publish its credential, and return its token, even if the store fails."""
        kept = self.save(session)
        return self._outcome(session, kept=kept, renewed=True)

    def _outcome(self, session: Session, *, kept: bool, renewed: bool) -> Outcome:
        return Outcome(
            session=session,
            renewed=renewed,
            storage=self.repository.store.where() if kept else "",
            place=self.repository.publish(session, self.now()) if kept else "",
            repository=self.repository,
            margin=self.margin(session),
        )
