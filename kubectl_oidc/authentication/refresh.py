"""Refresh a session with its refresh token: one request to the token endpoint (RFC 6749 §6, OpenID Connect Core 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError, OAuthErrorResponse, ProviderError, ProviderUnreachable
from kubectl_oidc.fast_path.credential import is_due
from kubectl_oidc.fast_path.refresh_ahead import leave_directory, release_claim
from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
from kubectl_oidc.times import remaining

from .accept import accept
from .authentication import Authentication
from .refresh_answer import RefusedRefreshError, UnusableRefreshError, redeem_refresh_token
from .refresh_handover import Handover

if TYPE_CHECKING:
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.token_response import TokenResponse
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.sessions.session import Session
    from kubectl_oidc.system.deadline import Deadline
    from kubectl_oidc.system.system import System

    from .outcome import Outcome
    from .request import SignInRequest

REQUEST_SECONDS = 30.0
"""The time limit for all requests of a refresh; --authentication-timeout-sec may be shorter."""

PATIENCE = 2.0
"""Seconds until a terminal shows what kubectl waits for."""


def refresh(authentication: Authentication, session: Session, refresh_token: Secret) -> Outcome:
    """Send the session's refresh token once, and store the new one before anything else can fail. The lock is held.

    Raises:
        UnusableRefreshError: The refresh token or the response cannot be used; the user must sign in.
        ProviderError: The provider failed; the refresh token is kept.
    """
    # Ctrl-C must not lose the session: the new refresh token may already be on its way.
    return Handover(
        lambda: _refresh(authentication, session, refresh_token),
        authentication.lock.describe,
        authentication.system.terminal.say,
    ).run()


def _refresh(authentication: Authentication, session: Session, refresh_token: Secret) -> Outcome:
    request, provider = authentication.request, authentication.provider
    deadline = request.timeout.deadline(REQUEST_SECONDS)
    generation = authentication.repository.index_entry.next_generation(session)
    response = _send(authentication, session, refresh_token, deadline)
    if response.refresh_token and response.refresh_token != refresh_token:
        session = session.renewed(response.refresh_token, generation=generation)
        authentication.save(session)
    tokens = accept_refreshed(
        response, provider, request, deadline=deadline, now=authentication.system.clock(), before=session
    )
    authentication.system.log.info(
        1, "refreshed", f"the token is valid for {remaining(tokens.expiry - authentication.now())}"
    )
    # Without a new refresh token, the old one stays valid, and so does its generation.
    return authentication.keep(session.with_tokens(tokens, generation=session.generation))


def accept_refreshed(
    response: TokenResponse,
    provider: Provider,
    request: SignInRequest,
    *,
    deadline: Deadline,
    now: float,
    before: Session | None,
) -> Tokens:
    """Return the tokens of the response to a refresh, as `accept` does.

    Raises:
        UnusableRefreshError: They cannot be used; the user must sign in.
        IdTokenError: This computer's clock is wrong.
        ProviderError: The key set could not be fetched, or the token could not be exchanged.
    """
    try:
        return accept(response, provider, request, deadline=deadline, now=now, before=before)
    except IdTokenError as error:
        if error.topic == "clock":
            raise  # a new sign-in would fail for the same reason
        raise UnusableRefreshError(error.message) from error


def _send(
    authentication: Authentication, session: Session, refresh_token: Secret, deadline: Deadline
) -> TokenResponse:
    """Send the refresh token. Until the response is stored, the index marks the refresh token as in flight.

    Raises:
        UnusableRefreshError: The provider refused it, or it is not sent because a new one could not be stored.
        ProviderError: The provider failed; the refresh token is kept.
    """
    repository = authentication.repository
    if (
        not repository.index_entry.mark_in_flight(authentication.now(), session)
        and repository.store.name == "disk"
    ):
        raise UnusableRefreshError(f"{repository.store.where()} cannot be written", sent=False)
    failures = FailedSignIns(repository.cache_dir, repository.session_id, authentication.system)
    status = f"Waiting for {authentication.request.host} to refresh the session, at most {remaining(deadline.left())}"
    try:
        with authentication.system.terminal.say_if_slow(status, PATIENCE):
            return redeem_refresh_token(
                authentication.provider,
                refresh_token,
                deadline,
                failures=failures,
                sign_in_hint=lambda: f"run `{authentication.request.command_line('login')}` to sign in",
            )
    except RefusedRefreshError as refused:
        repository.index_entry.mark_in_flight(0)
        if isinstance(refused.__cause__, ProviderError):
            failures.refused(refused.__cause__)
        raise
    except ProviderError as error:
        not_sent = isinstance(error, ProviderUnreachable) and not error.sent
        if error.code or not_sent:
            repository.index_entry.mark_in_flight(0)
        if isinstance(error, OAuthErrorResponse):
            # For `doctor`: the token may stay valid for a while, so nothing else shows it.
            failures.refused(error)
        raise


def refresh_ahead(request: SignInRequest, system: System) -> bool:
    """Refresh a session in the background before its token expires. Never ask the user, and never wait for a lock.

    Returns:
        Whether the session needs no refresh any more.

    Raises:
        OidcLoginError: It could not be refreshed. The next call after the token's expiry tries again and shows why.
    """
    authentication = Authentication(request, system)
    repository = authentication.repository
    if repository.store.asks():
        return False
    with repository.lock() as authentication.lock:
        if not authentication.lock.try_acquire():
            return False  # another process is refreshing it
        session = authentication.load()
        if session is None or session.refresh_token is None or authentication.is_too_old(session):
            return False
        now, margin = authentication.now(), authentication.margin(session)
        if is_due(session.issued_at(now), session.expiry, margin, request.renewal.ahead, now):
            authentication.lock.describe("refreshing the session before it expires")
            with authentication.connected() as http:
                http.load_trust()
                # Everything at a relative path is read by now: the authorities, and the client's certificate, key and secret.
                leave_directory()
                refresh(authentication, session, session.refresh_token)
        elif session.expiry - margin > now:
            repository.publish(session, now)
        release_claim(str(repository.cache_dir), repository.session_id)
        return True
