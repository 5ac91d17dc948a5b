"""Refreshing a session: one request to the token endpoint (RFC 6749 §6, OpenID Connect Core 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError, OAuthErrorResponse, ProviderError, ProviderUnreachable
from kubectl_oidc.fast_path.credential import is_due
from kubectl_oidc.fast_path.refresh_ahead import done, leave_the_directory
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.sessions.failed_refreshes import FailedRefreshes
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.terminal import remaining

from .accept import accept
from .refresh_answer import RefusedRefreshError, UnusableRefreshError, redeem
from .refresh_handover import Handover
from .state import Authentication

if TYPE_CHECKING:
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.token_response import TokenResponse
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.sessions.session import Session
    from kubectl_oidc.system.system import System

    from .outcome import Outcome
    from .request import SignInRequest

REQUEST_SECONDS = 30.0
"""The longest a refresh may take, all its requests together; --authentication-timeout-sec may make it shorter."""

PATIENCE = 2.0
"""Seconds after which a person at a terminal is told what kubectl waits for."""


def refresh(
    authentication: Authentication, provider: Provider, session: Session, refresh_token: Secret
) -> Outcome:
    """Send the refresh token once; keep what comes back before anything else can fail.

    Args:
        authentication: Where we are; the session's lock is held.
        provider: The OpenID provider.
        session: The session.
        refresh_token: Its refresh token.

    Raises:
        UnusableRefreshError: The refresh token is dead, or the answer cannot be used; the person must sign in.
        ProviderError: The provider is down; the refresh token is kept.
    """

    def again() -> None:
        _refresh(authentication, provider, session, refresh_token, handover)

    handover = Handover(again, authentication.lock.describe, authentication.system.terminal.say)
    return _refresh(authentication, provider, session, refresh_token, handover)


def _refresh(
    authentication: Authentication,
    provider: Provider,
    session: Session,
    refresh_token: Secret,
    handover: Handover,
) -> Outcome:
    request = authentication.request
    deadline = Deadline.after(min(request.timeout, REQUEST_SECONDS))
    generation = authentication.repository.next_generation(session)
    # Ctrl-C does not cost the session: what replaces its refresh token may be on its way.
    with handover.held():
        response = _send(authentication, provider, session, refresh_token, deadline)
        if response.refresh_token and response.refresh_token != refresh_token:
            session = session.renewed(response.refresh_token, generation=generation)
            authentication.save(session)
        try:
            tokens = accept(
                response,
                provider,
                request,
                deadline=deadline,
                now=authentication.system.clock(),
                before=session,
            )
        except IdTokenError as error:
            if error.topic == "clock":
                raise  # a new sign-in would meet the same clock
            raise UnusableRefreshError(error.message) from error
        # Without a new refresh token the old one stays good, and so does its generation, if this cannot be stored.
        return authentication.keep(session.with_tokens(tokens, generation=session.generation), tokens)


def _send(
    authentication: Authentication,
    provider: Provider,
    session: Session,
    refresh_token: Secret,
    deadline: Deadline,
) -> TokenResponse:
    """Send the refresh token; from before it is sent until its answer is stored, the index says that it is in flight.

    Raises:
        UnusableRefreshError: It is not sent, because what would replace it could not be kept; or it is dead.
        ProviderError: The provider is down; the refresh token is kept.
    """
    repository = authentication.repository
    if not repository.mark_in_flight(authentication.now(), session) and repository.store.name == "disk":
        raise UnusableRefreshError(f"{repository.store.where()} cannot be written", sent=False)
    said = f"Waiting for {authentication.request.host} to refresh the session, at most {remaining(deadline.left())}"
    try:
        with authentication.system.terminal.patient(said, PATIENCE):
            return redeem(
                provider,
                refresh_token,
                deadline,
                failures=FailedRefreshes(
                    authentication.request.cache_dir, repository.session_id, authentication.system.log
                ),
                way=f"`{authentication.request.command_line('login')}` signs in",
            )
    except RefusedRefreshError as refused:
        repository.mark_in_flight(0)
        if isinstance(refused.__cause__, ProviderError):
            _remember(authentication, refused.__cause__)
        raise
    except ProviderError as error:
        not_sent = isinstance(error, ProviderUnreachable) and not error.sent
        if error.code or not_sent:
            repository.mark_in_flight(0)
        if isinstance(error, OAuthErrorResponse):
            _remember(authentication, error)
        raise


def _remember(authentication: Authentication, refusal: ProviderError) -> None:
    """Keep the words of a refusal: the token may be good for a while, and only `doctor` tells that it cannot be renewed."""
    from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns

    repository, system = authentication.repository, authentication.system
    failures = FailedSignIns(
        authentication.request.cache_dir, repository.session_id, clock=system.clock, log=system.log
    )
    failures.refused(refusal)


def refresh_ahead(request: SignInRequest, system: System) -> bool:
    """Refresh the session of a credential that nears its end, without a person and without waiting for anybody.

    Args:
        request: What was asked for, and answered already.
        system: Clock, environment, terminal.

    Returns:
        Whether the session needs no refresh any more.

    Raises:
        OidcLoginError: It could not be refreshed; the call after its end does it, and says why.
    """
    authentication = Authentication(request, system)
    repository = authentication.repository
    if repository.store.asks():
        return False
    with repository.lock() as authentication.lock:
        if not authentication.lock.try_acquire():
            return False  # somebody is at it
        session = authentication.load()
        if session is None or session.refresh_token is None or authentication.is_too_old(session):
            return False
        now, margin = authentication.now(), authentication.margin(session)
        if is_due(session.issued_at(now), session.expiry, margin, request.refresh_ahead, now):
            authentication.lock.describe("refreshing the session ahead of its end")
            http = HttpClient(tls=request.tls, log=system.log)
            try:
                provider = authentication.provider(http)
                http.load_trust()
                # All that relative paths lead to has been read: the authorities, and the client's certificate, key and secret.
                leave_the_directory()
                refresh(authentication, provider, session, session.refresh_token)
            finally:
                http.close()
        elif session.expiry - margin > now:
            repository.publish(session, now)
        done(str(repository.cache_dir), repository.session_id)
        return True
