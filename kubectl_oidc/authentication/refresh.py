"""Refreshing a session: one request to the token endpoint (RFC 6749 §6, OpenID Connect Core 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError, ProviderError, ProviderRefused, ProviderUnreachable
from kubectl_oidc.fast_path.credential import due
from kubectl_oidc.fast_path.refresh_ahead import done, leave_the_directory
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.sessions.failed_refreshes import FailedRefreshes
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.terminal import remaining

from .accept import accept
from .refresh_answer import RefusedRefreshError, UnusableRefreshError, redeem
from .refresh_handover import Handover
from .state import Walk

if TYPE_CHECKING:
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.token_response import TokenResponse
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.sessions.session import Session
    from kubectl_oidc.system.system import World

    from .outcome import Outcome
    from .request import TokenRequest

REQUEST_SECONDS = 30.0
"""The longest a refresh may take, all its requests together; --authentication-timeout-sec may make it shorter."""

PATIENCE = 2.0
"""Seconds after which a person at a terminal is told what kubectl waits for."""


def refresh(walk: Walk, provider: Provider, session: Session, refresh_token: Secret) -> Outcome:
    """Send the refresh token once; keep what comes back before anything else can fail.

    Args:
        walk: Where we are; the session's lock is held.
        provider: The OpenID provider.
        session: The session.
        refresh_token: Its refresh token.

    Raises:
        UnusableRefreshError: The refresh token is dead, or the answer cannot be used; the person must sign in.
        ProviderError: The provider is down; the refresh token is kept.
    """

    def again() -> None:
        _refresh(walk, provider, session, refresh_token, handover)

    handover = Handover(again, walk.lock.describe, walk.world.terminal.say)
    return _refresh(walk, provider, session, refresh_token, handover)


def _refresh(
    walk: Walk, provider: Provider, session: Session, refresh_token: Secret, handover: Handover
) -> Outcome:
    request = walk.request
    deadline = Deadline.after(min(request.timeout, REQUEST_SECONDS))
    generation = walk.keeper.next_generation(session)
    # Ctrl-C does not cost the session: what replaces its refresh token may be on its way.
    with handover.held():
        response = _send(walk, provider, session, refresh_token, deadline)
        if response.refresh_token and response.refresh_token != refresh_token:
            session = session.renewed(response.refresh_token, generation=generation)
            walk.save(session)
        try:
            tokens = accept(
                response, provider, request, deadline=deadline, now=walk.world.clock(), before=session
            )
        except IdTokenError as error:
            if error.topic == "clock":
                raise  # a new sign-in would meet the same clock
            raise UnusableRefreshError(error.message) from error
        # Without a new refresh token the old one stays good, and so does its generation, if this cannot be stored.
        return walk.keep(session.with_tokens(tokens, generation=session.generation), tokens)


def _send(
    walk: Walk, provider: Provider, session: Session, refresh_token: Secret, deadline: Deadline
) -> TokenResponse:
    """Send the refresh token; from before it is sent until its answer is stored, the index says that it is in flight.

    Raises:
        UnusableRefreshError: It is not sent, because what would replace it could not be kept; or it is dead.
        ProviderError: The provider is down; the refresh token is kept.
    """
    keeper = walk.keeper
    if not keeper.mark_in_flight(walk.now(), session) and keeper.store.name == "disk":
        raise UnusableRefreshError(f"{keeper.store.where()} cannot be written", sent=False)
    said = f"Waiting for {walk.request.host} to refresh the session, at most {remaining(deadline.left())}"
    try:
        with walk.world.terminal.patient(said, PATIENCE):
            return redeem(
                provider,
                refresh_token,
                deadline,
                failures=FailedRefreshes(walk.request.cache_dir, keeper.session_id, walk.world.log),
                way=f"`{walk.request.command_line('login')}` signs in",
            )
    except RefusedRefreshError as refused:
        keeper.mark_in_flight(0)
        if isinstance(refused.__cause__, ProviderError):
            _remember(walk, refused.__cause__)
        raise
    except ProviderError as error:
        not_sent = isinstance(error, ProviderUnreachable) and not error.sent
        if error.code or not_sent:
            keeper.mark_in_flight(0)
        if isinstance(error, ProviderRefused):
            _remember(walk, error)
        raise


def _remember(walk: Walk, refusal: ProviderError) -> None:
    """Keep the words of a refusal: the token may be good for a while, and only `doctor` tells that it cannot be renewed."""
    from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns

    keeper, world = walk.keeper, walk.world
    failures = FailedSignIns(walk.request.cache_dir, keeper.session_id, clock=world.clock, log=world.log)
    failures.refused(refusal)


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
    walk = Walk(request, world)
    keeper = walk.keeper
    if keeper.store.asks():
        return False
    with keeper.lock() as walk.lock:
        if not walk.lock.try_acquire():
            return False  # somebody is at it
        session = walk.load()
        if session is None or session.refresh_token is None or walk.too_old(session):
            return False
        now, margin = walk.now(), walk.margin(session)
        if due(session.issued_at(now), session.expiry, margin, request.refresh_ahead, now):
            walk.lock.describe("refreshing the session ahead of its end")
            http = HttpClient(tls=request.tls, log=world.log)
            try:
                provider = walk.provider(http)
                http.load_trust()
                # All that relative paths lead to has been read: the authorities, and the client's certificate, key and secret.
                leave_the_directory()
                refresh(walk, provider, session, session.refresh_token)
            finally:
                http.close()
        elif session.expiry - margin > now:
            keeper.publish(session, now)
        done(str(keeper.cache_dir), keeper.session_id)
        return True
