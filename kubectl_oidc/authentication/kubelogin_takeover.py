"""Take over a session that kubelogin stored, so that a user of kubelogin need not sign in again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError, ProviderError, StoreError
from kubectl_oidc.http.trust import trust_identity
from kubectl_oidc.oidc.token_response import TokenResponse
from kubectl_oidc.sessions import kubelogin_cache
from kubectl_oidc.sessions.kubelogin_session import KubeloginSession

from .accept import accept
from .refresh import REQUEST_SECONDS, refresh
from .refresh_answer import RefusedRefreshError, UnusableRefreshError
from .request import UNATTENDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .authentication import Authentication
    from .outcome import Outcome
    from .request import SignInRequest


def take_over(authentication: Authentication) -> Outcome | str | None:
    """Return a token of kubelogin's session for this client, None if there is no session, or why it cannot be used.

    Args:
        authentication: Its lock is held, and it has no session of this program.

    Raises:
        ProviderError: The provider failed. kubelogin's session is unchanged.
    """
    session = find_kubelogin_session(authentication.request, authentication.system.environ)
    if session is None:
        return None
    try:
        outcome = _use(authentication, session)
    except (IdTokenError, UnusableRefreshError) as error:
        authentication.system.log.info(
            1,
            "session-not-adopted",
            f"kubelogin's session in {session.where} is not taken over: {error.message}",
        )
        _forget_entry(authentication)
        what = "has ended" if isinstance(error, RefusedRefreshError) else "cannot be used"
        return f"the session that kubelogin left {what}: {error.message}"
    except ProviderError:
        _forget_entry(authentication)  # so that the next call tries again
        raise
    if outcome and outcome.storage:
        authentication.system.terminal.say(
            f"Using kubelogin's session of {outcome.session.person} is taken over"
        )
        authentication.system.log.info(
            1, "session-adopted", f"kubelogin's session is taken over from {session.where}"
        )
        try:
            session.remove()  # a provider revokes a refresh token that two programs use
        except StoreError as error:
            authentication.system.log.info(1, "session-not-removed", error.message)
    return outcome


def find_kubelogin_session(request: SignInRequest, environ: Mapping[str, str]) -> KubeloginSession | None:
    """Return kubelogin's session for a request, or None.

    kubelogin's tokens do not say for which scopes and parameters they were requested. So there is no take-over if the request has
    flags that kubelogin's cache key does not contain, or certificate authorities of its own. There is none either if kubelogin's
    sessions for this issuer and client belong to several users, or differ in their claims.
    """
    if request.session_name or request.use_access_token or request.extra_params or request.username:
        return None
    if request.exchange or trust_identity(request.tls):
        return None  # kubelogin's token has another audience; and which authorities it trusted is unknown
    account = request.account
    if account.login_hint or account.acr_values or account.claims or account.max_age is not None:
        return None  # which account kubelogin proposed, and when and how the user signed in, is unknown
    if request.storage.choice == "none" or request.grant in {"password", *UNATTENDED}:
        return None
    fitting = [
        session
        for session in kubelogin_cache.unused_kubelogin_sessions(
            request.storage.cache_dir, environ, keyring=request.storage.choice in {"auto", "keyring"}
        )
        if session.fits(request.issuer, request.client_id)
        and session.has_claims_of(request.scopes)
        and session.usable()
        and request.account.matches(session.claims)
    ]
    kinds = {(session.claims.get("sub"), frozenset(session.claims)) for session in fitting}
    if len(kinds) != 1:
        return None
    return max(fitting, key=KubeloginSession.issued_at)


def _forget_entry(authentication: Authentication) -> None:
    """Remove the index entry of a failed take-over, unless a new refresh token is already stored."""
    if authentication.load() is None:
        authentication.repository.index_entry.forget()


def _use(authentication: Authentication, kubelogin: KubeloginSession) -> Outcome | None:
    """Use the ID token if it is still valid, otherwise the refresh token. Return None if there is neither."""
    session = kubelogin.session(authentication.repository.session_id, authentication.now())
    if authentication.is_valid(session):
        tokens = accept(
            TokenResponse(id_token=kubelogin.id_token, refresh_token=kubelogin.refresh_token),
            authentication.provider,
            authentication.request,
            deadline=authentication.request.timeout.deadline(REQUEST_SECONDS),
            now=authentication.system.clock(),
            before=session,
        )
        return authentication.keep(session.with_tokens(tokens, generation=1))
    if session.refresh_token:
        return refresh(authentication, session, session.refresh_token)
    return None
