"""Stand-alone mode: renew the tokens of a kubeconfig user with ``auth-provider: oidc``.

The tokens are stored only in the kubeconfig. kubectl reads them there and can refresh them there itself. So the refresh token
is read from the file each time, and a new one is written back before anything else can fail.

1. Use the token in the kubeconfig if it is valid.
2. Lock the user, acquire kubectl's lock on the file, check that it can be written, and look again.
3. Refresh; the response is stored, also after Ctrl-C. Or sign in as get-token does, but without a session.
4. Write the tokens back.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.kubeconfig.token_file import TokenFile
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
from kubectl_oidc.sessions.kubelogin_session import unverified_session
from kubectl_oidc.sessions.lock_directory import lock_paths
from kubectl_oidc.sessions.lock_wait import LockWait, signing_in, still_held
from kubectl_oidc.sessions.session import person_of
from kubectl_oidc.system import shell, signals
from kubectl_oidc.system.file_lock import FileLock
from kubectl_oidc.times import local_clock

from .authenticate import authenticate
from .refresh import REQUEST_SECONDS, accept_refreshed
from .refresh_answer import UnusableRefreshError, redeem_refresh_token
from .refresh_handover import Handover
from .request import MARGIN
from .unwritten_tokens import TokenWriter, UnwrittenTokens, warn_if_readable
from .wiring import build_provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.kubeconfig.auth_provider_user import AuthProviderUser
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.sessions.session import Session
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

    Raises:
        OidcLoginError: A rule forbids the request, there is no token, or it could not be written.
    """
    if request.refusal:
        raise request.refusal
    user = read()
    renewal = _Renewal(user, request, system)
    valid = renewal.still_valid(user)
    if valid:
        return valid
    lock = FileLock(lock_paths(renewal.key, "none", request.storage.cache_dir))
    deadline = request.timeout.deadline()
    with lock:
        if not lock.acquire(deadline, LockWait(lock, system.terminal, deadline).tell_when_due, lenient=True):
            raise still_held(lock, request.timeout.seconds)
        with TokenFile(user) as file:
            update = TokenWriter(file, renewal.unwritten, system.terminal)
            user = update.recover(read())
            lock.describe("refreshing the tokens of a kubeconfig")
            done = renewal.still_valid(user) or renewal.renew(user, update, lock)
        if isinstance(done, RenewalResult):
            return done
        # kubectl's lock is free while the user signs in.
        lock.describe(signing_in(request.grant, asks=not request.password))
        return renewal.sign_in(read(), done)


class _Renewal:
    """The renewal of one user's tokens.

    Attributes:
        key: The name of this user's lock, which differs from that of every session.
        unwritten: Stores tokens that cannot be written into the kubeconfig.
    """

    def __init__(self, user: AuthProviderUser, request: SignInRequest, system: System) -> None:
        self._request = request
        self._system = system
        name = f"the user {user.name} in {user.path.absolute()}"
        self.key = request.key()._replace(name=name, trust=(), cache_dir="").id()
        self.unwritten = UnwrittenTokens(request.storage.cache_dir, self.key)
        self._failures = FailedSignIns(request.storage.cache_dir, self.key, system)

    def still_valid(self, user: AuthProviderUser) -> RenewalResult | None:
        """Return the user's ID token if it can be used as it is."""
        session = _session(user)
        if session is None or session.expiry - MARGIN <= self._system.clock() or not self._owns(session):
            return None
        if not self._request.account.matches(session.claims()):
            return None
        return RenewalResult("is good", session.person, session.expiry)

    def _owns(self, session: Session) -> bool:
        """Return whether a token is for this issuer and client. The configuration may have changed since."""
        return session.issuer == self._request.issuer and self._request.client_id in session.audience

    def renew(self, user: AuthProviderUser, update: TokenWriter, lock: FileLock) -> RenewalResult | str:
        """Refresh the tokens, or return why a sign-in is needed."""
        request, system, before = self._request, self._system, _session(user)
        if request.renewal.sign_in:
            return request.renewal.reason
        if user.refresh_token is None:
            return (
                f"its token ended at {local_clock(before.expiry, system.clock())}"
                if before
                else "first use of this user"
            )
        if before is not None and not self._owns(before):
            system.log.info(
                1,
                "token-of-another-client",
                "the tokens are for another issuer or client; the refresh token is not sent to this one",
            )
            return "the kubeconfig's tokens are of another issuer or client"
        with closing(HttpClient(tls=request.tls, log=system.log)) as http:
            provider = build_provider(request, system, http)
            try:
                return Handover(
                    lambda: self._refresh(user, update, provider),
                    lock.describe,
                    system.terminal.say,
                    at_end=update.file.release,
                ).run()
            except UnusableRefreshError as error:
                return error.message

    def _refresh(self, user: AuthProviderUser, update: TokenWriter, provider: Provider) -> RenewalResult:
        """Send the refresh token once. A new one is written before the ID token is validated."""
        deadline = self._request.timeout.deadline(REQUEST_SECONDS)
        before, sent = _session(user), user.refresh_token or Secret("")
        command = ["kubectl", "config", "set-credentials", user.name]
        command += ["--auth-provider=oidc", "--auth-provider-arg=refresh-token-"]
        response = redeem_refresh_token(
            provider,
            sent,
            deadline,
            failures=self._failures,
            sign_in_hint=lambda: (
                f"remove the refresh token with `{shell.one_line(command)}`, then run `kubectl oidc-login` to sign in"
            ),
        )
        if response.refresh_token and response.refresh_token != sent:
            user = update.write(user, {"refresh-token": response.refresh_token})
        tokens = accept_refreshed(
            response, provider, self._request, deadline=deadline, now=self._system.clock(), before=before
        )
        update.write(user, {"id-token": tokens.raw_id_token})
        return RenewalResult("was refreshed", person_of(tokens.id_token), tokens.expiry)

    def sign_in(self, user: AuthProviderUser, reason: str) -> RenewalResult:
        """Sign in as get-token does, and write the tokens into the kubeconfig."""
        unstored = self._request.storage._replace(choice="none")
        request = self._request.signing_in(reason)._replace(storage=unstored)
        session = authenticate(request, self._system).session
        tokens = {"id-token": session.id_token}
        if session.refresh_token:
            tokens["refresh-token"] = session.refresh_token
        with signals.held(), self.unwritten.stored_on_failure(user, tokens), TokenFile(user) as file:
            file.write(tokens)
            warn_if_readable(file, self._system.terminal)
        self._failures.forget()
        return RenewalResult("is new", session.person, session.expiry)


def _session(user: AuthProviderUser) -> Session | None:
    """Return the stored ID token as a session; None if it is missing or cannot be parsed."""
    if user.id_token is None:
        return None
    try:
        return unverified_session(user.id_token, user.refresh_token)
    except IdTokenError:
        return None
