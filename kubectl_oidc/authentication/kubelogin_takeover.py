"""Taking over the session that kubelogin left, so that nobody signs in again who was signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError, ProviderError, StoreError, WrongAccount
from kubectl_oidc.http.trust import identity
from kubectl_oidc.oidc.token_response import TokenResponse
from kubectl_oidc.sessions import kubelogin_cache
from kubectl_oidc.sessions.kubelogin_session import KubeloginSession
from kubectl_oidc.system.deadline import Deadline

from .accept import accept
from .refresh import REQUEST_SECONDS, refresh
from .refresh_answer import RefusedRefreshError, UnusableRefreshError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.oidc.provider import Provider

    from .outcome import Outcome
    from .request import SignInRequest
    from .state import Authentication


def take_over(authentication: Authentication, provider: Provider) -> Outcome | str | None:
    """Return a token of the session that kubelogin left for this client.

    If there is none, return None. If there is one that cannot be used, return why.

    Args:
        authentication: Where we are; the session's lock is held, and there is no session of ours.
        provider: The OpenID provider.

    Raises:
        ProviderError: The provider is down; what kubelogin left stays.
    """
    left = find(authentication.request, authentication.system.environ)
    if left is None:
        return None
    try:
        outcome = _outcome(authentication, provider, left)
    except (IdTokenError, UnusableRefreshError) as error:
        authentication.system.log.info(
            1, f"kubelogin's session in {left.where} is not taken over: {error.message}"
        )
        _forget_attempt(authentication)
        what = "has ended" if isinstance(error, RefusedRefreshError) else "cannot be used"
        return f"the session that kubelogin left {what}: {error.message}"
    except ProviderError:
        _forget_attempt(authentication)  # the next call tries again
        raise
    if outcome and outcome.storage:
        authentication.system.terminal.say(
            f"The session that kubelogin left for {left.person()} is taken over"
        )
        authentication.system.log.info(1, f"kubelogin's session is taken over from {left.where}")
        try:
            left.remove()  # where two programs use one refresh token, the provider ends both
        except StoreError as error:
            authentication.system.log.info(1, error.message)
    return outcome


def find(request: SignInRequest, environ: Mapping[str, str]) -> KubeloginSession | None:
    """Return the session that kubelogin left for what is asked for, or None.

    Its tokens do not say which scopes and parameters they were asked with. So none is taken if ours asks for what kubelogin's
    key does not tell apart, or trusts others than the system's authorities. None is taken either if those of this issuer and
    client are of several people, or differ in which claims they have.

    Args:
        request: What is asked for.
        environ: The environment.
    """
    if request.session_name or request.use_access_token or request.extra_params or request.username:
        return None
    if request.exchange or identity(request.tls):
        # Its token is for the client, not for another audience; and which authorities kubelogin trusted is not known.
        return None
    if request.account.login_hint or request.account.max_age is not None:
        return None  # whom kubelogin's sign-in was proposed to, and when it was, is not known
    if request.storage == "none" or request.grant in {"password", "client-credentials"}:
        return None
    fitting = [
        left
        for left in kubelogin_cache.unused(
            request.cache_dir, environ, keyring=request.storage in {"auto", "keyring"}
        )
        if left.fits(request.issuer, request.client_id)
        and left.has_claims_of(request.scopes)
        and left.usable()
        if _wished(left, request)
    ]
    kinds = {(left.claims.get("sub"), frozenset(left.claims)) for left in fitting}
    if len(kinds) != 1:
        return None
    return max(fitting, key=KubeloginSession.issued_at)


def _wished(left: KubeloginSession, request: SignInRequest) -> bool:
    """Tell whether it is of the account that is wished for, as far as it says itself."""
    try:
        request.account.check(left.claims)
    except WrongAccount:
        return False
    return True


def _forget_attempt(authentication: Authentication) -> None:
    """Remove the index entry that the attempt made, unless a new refresh token was already stored with it."""
    if authentication.load() is None:
        authentication.repository.forget_entry()


def _outcome(authentication: Authentication, provider: Provider, left: KubeloginSession) -> Outcome | None:
    """Use its ID token if that is still good, else its refresh token; None where it has neither."""
    session = left.session(authentication.repository.session_id, authentication.now())
    if authentication.is_valid(session):
        tokens = accept(
            TokenResponse(id_token=left.id_token, refresh_token=left.refresh_token),
            provider,
            authentication.request,
            deadline=Deadline.after(min(authentication.request.timeout, REQUEST_SECONDS)),
            now=authentication.system.clock(),
            before=session,
        )
        return authentication.keep(session.with_tokens(tokens, generation=1), tokens)
    if session.refresh_token:
        return refresh(authentication, provider, session, session.refresh_token)
    return None
