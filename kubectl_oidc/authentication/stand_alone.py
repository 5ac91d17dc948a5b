"""Stand-alone mode: the tokens of a kubeconfig user with ``auth-provider: oidc``, brought up to date.

The kubeconfig is the only place where they rest: kubectl reads them there, and refreshes them there itself.
So the refresh token is read from the file each time, and its successor is written back before anything else can fail.

token in the kubeconfig, valid?
-> lock the user, take kubectl's lock on the file, prove that it can be written, look again
-> refresh                        its answer is taken in, also after Ctrl-C
-> or sign in                     as get-token does, and nothing is kept but in the kubeconfig
-> write the tokens back
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubectl_oidc.authentication import wiring
from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.kubeconfig.token_file import TokenFile
from kubectl_oidc.oidc.claims import moment
from kubectl_oidc.oidc.jws import unverified_claims
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.failed_refreshes import FailedRefreshes
from kubectl_oidc.sessions.lock_directory import lock_paths
from kubectl_oidc.sessions.lock_wait import Waiting, signing_in, still_held
from kubectl_oidc.sessions.session import Session, person
from kubectl_oidc.system import shell, signals
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.file_lock import FileLock
from kubectl_oidc.urls import issuer_of

from .accept import accept
from .authenticate import authenticate
from .reasons import clock
from .refresh import REQUEST_SECONDS
from .refresh_answer import RefusedRefreshError, redeem_refresh_token
from .refresh_handover import Handover
from .request import MARGIN
from .unwritten_tokens import UnwrittenTokens, Update, warn

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.kubeconfig.auth_provider_user import ProviderUser
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.system.system import System

    from .request import SignInRequest


@dataclass(frozen=True, slots=True)
class Done:
    """What became of the user's tokens.

    Args:
        what: ``is good``, ``was refreshed`` or ``is new``.
        person: Whose the ID token is, in words for people.
        expiry: When it ends, epoch seconds.
    """

    what: str
    person: str
    expiry: int


def bring_up_to_date(read: Callable[[], ProviderUser], request: SignInRequest, system: System) -> Done:
    """See to it that the user's ID token is good, and that the kubeconfig has it.

    Args:
        read: Reads the user from its file, as it is now.
        request: What the user's configuration and the flags ask for.
        system: Clock, environment, terminal.

    Raises:
        OidcLoginError: No token could be had, or it could not be written.
    """
    user = read()
    good = _good(user, request, system)
    if good:
        return good
    lock = FileLock(lock_paths(_key(user, request), "none", request.cache_dir))
    deadline = Deadline.after(request.timeout)
    with lock:
        if not lock.acquire(deadline, Waiting(lock, system.terminal, deadline).look, lenient=True):
            raise still_held(lock, request.timeout)
        with TokenFile(user) as file:
            update = Update(file, _kept(user, request), system.terminal)
            user = update.recovered(read())
            lock.describe("refreshing the tokens of a kubeconfig")
            done = _good(user, request, system) or _refreshed(user, update, lock, request, system)
        if isinstance(done, Done):
            return done
        # kubectl's lock is free while a person signs in.
        lock.describe(signing_in(request.grant, asks=not request.password))
        return _signed_in(read(), replace(request, reason=done), system)


def _kept(user: ProviderUser, request: SignInRequest) -> UnwrittenTokens:
    return UnwrittenTokens(request.cache_dir, _key(user, request))


def _key(user: ProviderUser, request: SignInRequest) -> str:
    """Return the name of this user's lock, which is no session's."""
    name = f"the user {user.name} in {user.path.absolute()}"
    return replace(request.key(), name=name, trust=(), cache_dir="").id()


def _sign_in_hint(user: ProviderUser) -> str:
    """Return how a person signs in again though the refresh token is there."""
    words = ["kubectl", "config", "set-credentials", user.name]
    words += ["--auth-provider=oidc", "--auth-provider-arg=refresh-token-"]
    return f"remove the refresh token (`{shell.one_line(words)}`), and `kubectl oidc-login` signs in"


def _failures(user: ProviderUser, request: SignInRequest, system: System) -> FailedRefreshes:
    return FailedRefreshes(request.cache_dir, _key(user, request), system.log)


def _session(user: ProviderUser) -> Session | None:
    """Return what the stored ID token says as a session; None where there is none that can be read."""
    if user.id_token is None:
        return None
    try:
        claims = unverified_claims(user.id_token)
        expiry = moment(claims, "exp")
    except IdTokenError:
        return None
    audience = claims.get("aud")
    return Session(
        session_id="",
        generation=0,
        issuer=str(issuer_of(claims.get("iss"))),
        subject=str(claims.get("sub")),
        audience=tuple(map(str, audience)) if isinstance(audience, list) else (str(audience),),
        person=next(
            (str(claims[name]) for name in ("email", "preferred_username", "sub") if claims.get(name)), ""
        ),
        id_token=user.id_token,
        access_token=None,
        refresh_token=user.refresh_token,
        expiry=expiry,
        signed_in_at=0,
    )


def _good(user: ProviderUser, request: SignInRequest, system: System) -> Done | None:
    session = _session(user)
    if session is None or session.expiry - MARGIN <= system.clock() or not _belongs(session, request):
        return None
    if not _wished(session, request):
        return None
    return Done("is good", session.person, session.expiry)


def _belongs(session: Session, request: SignInRequest) -> bool:
    """Tell whether a token is this issuer's for this client; the configuration may have been changed since."""
    return session.issuer == request.issuer and request.client_id in session.audience


def _wished(session: Session, request: SignInRequest) -> bool:
    """Tell whether a token is of the account that is wished for."""
    try:
        request.account.check(unverified_claims(session.id_token))
    except IdTokenError:
        return False
    return True


def _refreshed(
    user: ProviderUser, update: Update, lock: FileLock, request: SignInRequest, system: System
) -> Done | str:
    """Return what a refresh brought, or why a sign-in is needed."""
    if request.sign_in:
        return request.reason
    before = _session(user)
    if user.refresh_token is None:
        return (
            f"its token ended at {clock(before.expiry, system.clock())}"
            if before
            else "first use of this user"
        )
    if before is not None and not _belongs(before, request):
        system.log.info(
            1, "the tokens are of another issuer or client; their refresh token is not sent to this one"
        )
        return "the kubeconfig's tokens are of another issuer or client"
    http = HttpClient(tls=request.tls, log=system.log)
    try:
        provider = wiring.provider(request, system, http)

        def again() -> None:
            try:
                _refresh(user, update, handover, provider, request, system)
            finally:
                update.file.release()

        handover = Handover(again, lock.describe, system.terminal.say)
        return _refresh(user, update, handover, provider, request, system)
    except RefusedRefreshError as error:
        return error.message
    except IdTokenError as error:
        if error.topic == "clock":
            raise  # a new sign-in would meet the same clock
        return f"the answer to the refresh cannot be used: {error.message}"
    finally:
        http.close()


def _refresh(
    user: ProviderUser,
    update: Update,
    handover: Handover,
    provider: Provider,
    request: SignInRequest,
    system: System,
) -> Done:
    """Send the refresh token once; its successor is written before the ID token is looked at."""
    deadline = Deadline.after(min(REQUEST_SECONDS, request.timeout))
    before, sent = _session(user), user.refresh_token or Secret("")
    with handover.held():
        response = redeem_refresh_token(
            provider,
            sent,
            deadline,
            failures=_failures(user, request, system),
            sign_in_hint=_sign_in_hint(user),
        )
        if response.refresh_token and response.refresh_token != sent:
            user = update.write(user, {"refresh-token": response.refresh_token})
        tokens = accept(response, provider, request, deadline=deadline, now=system.clock(), before=before)
        update.write(user, {"id-token": tokens.raw_id_token})
        return Done("was refreshed", person(tokens.id_token), tokens.expiry)


def _signed_in(user: ProviderUser, request: SignInRequest, system: System) -> Done:
    session = authenticate(replace(request, storage="none", sign_in=True), system).session
    tokens = {"id-token": session.id_token}
    if session.refresh_token:
        tokens["refresh-token"] = session.refresh_token
    kept = _kept(user, request)
    with signals.held(), kept.unless_written(user, tokens), TokenFile(user) as file:
        file.write(tokens)
        warn(file, system.terminal)
    _failures(user, request, system).forget()
    return Done("is new", session.person, session.expiry)
