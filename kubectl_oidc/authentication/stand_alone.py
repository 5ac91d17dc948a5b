"""Stand-alone mode: renew the tokens of a kubeconfig user with ``auth-provider: oidc``.

The tokens are stored only in the kubeconfig. kubectl reads them there and can refresh them there itself. So the refresh token
is read from the file each time, and a new one is written back before anything else can fail.

token in the kubeconfig, valid?
-> lock the user, acquire kubectl's lock on the file, check that it can be written, look again
-> refresh                        the response is stored, also after Ctrl-C
-> or sign in                     as get-token does, but the tokens are stored only in the kubeconfig
-> write the tokens back
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubectl_oidc.authentication import wiring
from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.kubeconfig.token_file import TokenFile
from kubectl_oidc.oidc.claims import time_claim
from kubectl_oidc.oidc.jws import unverified_claims
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.failed_refreshes import FailedRefreshes
from kubectl_oidc.sessions.lock_directory import lock_paths
from kubectl_oidc.sessions.lock_wait import LockWait, signing_in, still_held
from kubectl_oidc.sessions.session import Session, person_of
from kubectl_oidc.system import shell, signals
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.file_lock import FileLock
from kubectl_oidc.times import local_clock
from kubectl_oidc.urls import issuer_of

from .accept import accept
from .authenticate import authenticate
from .refresh import REQUEST_SECONDS
from .refresh_answer import RefusedRefreshError, redeem_refresh_token
from .refresh_handover import Handover
from .request import MARGIN
from .unwritten_tokens import TokenWriter, UnwrittenTokens, warn_if_readable

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.kubeconfig.auth_provider_user import AuthProviderUser
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.system.system import System

    from .request import SignInRequest


@dataclass(frozen=True, slots=True)
class RenewalResult:
    """The user's ID token, and where it came from.

    Args:
        what: ``is good``, ``was refreshed`` or ``is new``.
        person: The name of the user in the ID token.
        expiry: When the ID token expires, in epoch seconds.
    """

    what: str
    person: str
    expiry: int


def renew_kubeconfig_tokens(
    read: Callable[[], AuthProviderUser], request: SignInRequest, system: System
) -> RenewalResult:
    """Renew the user's ID token in the kubeconfig, unless it is still valid.

    Args:
        read: Reads the user from the kubeconfig file, as it is now.
        request: The flags and the user's configuration.
        system: Clock, environment, terminal and log.

    Raises:
        OidcLoginError: There is no token, or it could not be written.
    """
    user = read()
    valid = _still_valid(user, request, system)
    if valid:
        return valid
    lock = FileLock(lock_paths(_key(user, request), "none", request.cache_dir))
    deadline = Deadline.after(request.timeout)
    with lock:
        if not lock.acquire(deadline, LockWait(lock, system.terminal, deadline).tell_when_due, lenient=True):
            raise still_held(lock, request.timeout)
        with TokenFile(user) as file:
            update = TokenWriter(file, _unwritten(user, request), system.terminal)
            user = update.recover(read())
            lock.describe("refreshing the tokens of a kubeconfig")
            done = _still_valid(user, request, system) or _renew(user, update, lock, request, system)
        if isinstance(done, RenewalResult):
            return done
        # kubectl's lock is free while the user signs in.
        lock.describe(signing_in(request.grant, asks=not request.password))
        return _sign_in(read(), replace(request, reason=done), system)


def _unwritten(user: AuthProviderUser, request: SignInRequest) -> UnwrittenTokens:
    return UnwrittenTokens(request.cache_dir, _key(user, request))


def _key(user: AuthProviderUser, request: SignInRequest) -> str:
    """Return the name of this user's lock, which differs from that of every session."""
    name = f"the user {user.name} in {user.path.absolute()}"
    return replace(request.key(), name=name, trust=(), cache_dir="").id()


def _sign_in_hint(user: AuthProviderUser) -> str:
    """Return how the user can sign in again although there is a refresh token."""
    command = ["kubectl", "config", "set-credentials", user.name]
    command += ["--auth-provider=oidc", "--auth-provider-arg=refresh-token-"]
    return f"remove the refresh token (`{shell.one_line(command)}`), and `kubectl oidc-login` signs in"


def _failures(user: AuthProviderUser, request: SignInRequest, system: System) -> FailedRefreshes:
    return FailedRefreshes(request.cache_dir, _key(user, request), system.log)


def _session(user: AuthProviderUser) -> Session | None:
    """Return the stored ID token as a session; None if it is missing or cannot be parsed."""
    if user.id_token is None:
        return None
    try:
        claims = unverified_claims(user.id_token)
        expiry = time_claim(claims, "exp")
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


def _still_valid(user: AuthProviderUser, request: SignInRequest, system: System) -> RenewalResult | None:
    session = _session(user)
    if session is None or session.expiry - MARGIN <= system.clock() or not _belongs(session, request):
        return None
    if not _has_expected_claims(session, request):
        return None
    return RenewalResult("is good", session.person, session.expiry)


def _belongs(session: Session, request: SignInRequest) -> bool:
    """Return whether a token is for this issuer and client. The configuration may have changed since."""
    return session.issuer == request.issuer and request.client_id in session.audience


def _has_expected_claims(session: Session, request: SignInRequest) -> bool:
    """Return whether a token's claims match --expect-claim."""
    try:
        request.account.check(unverified_claims(session.id_token))
    except IdTokenError:
        return False
    return True


def _renew(
    user: AuthProviderUser, update: TokenWriter, lock: FileLock, request: SignInRequest, system: System
) -> RenewalResult | str:
    """Refresh the tokens, or return why a sign-in is needed."""
    if request.sign_in:
        return request.reason
    before = _session(user)
    if user.refresh_token is None:
        return (
            f"its token ended at {local_clock(before.expiry, system.clock())}"
            if before
            else "first use of this user"
        )
    if before is not None and not _belongs(before, request):
        system.log.info(
            1, "the tokens are for another issuer or client; the refresh token is not sent to this one"
        )
        return "the kubeconfig's tokens are of another issuer or client"
    http = HttpClient(tls=request.tls, log=system.log)
    try:
        provider = wiring.build_provider(request, system, http)

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
            raise  # a new sign-in would fail for the same reason
        return f"the answer to the refresh cannot be used: {error.message}"
    finally:
        http.close()


def _refresh(
    user: AuthProviderUser,
    update: TokenWriter,
    handover: Handover,
    provider: Provider,
    request: SignInRequest,
    system: System,
) -> RenewalResult:
    """Send the refresh token once. A new one is written before the ID token is validated."""
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
        return RenewalResult("was refreshed", person_of(tokens.id_token), tokens.expiry)


def _sign_in(user: AuthProviderUser, request: SignInRequest, system: System) -> RenewalResult:
    session = authenticate(replace(request, storage="none", sign_in=True), system).session
    tokens = {"id-token": session.id_token}
    if session.refresh_token:
        tokens["refresh-token"] = session.refresh_token
    unwritten = _unwritten(user, request)
    with signals.held(), unwritten.stored_on_failure(user, tokens), TokenFile(user) as file:
        file.write(tokens)
        warn_if_readable(file, system.terminal)
    _failures(user, request, system).forget()
    return RenewalResult("is new", session.person, session.expiry)
