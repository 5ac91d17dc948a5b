"""Sign out: revoke the refresh token (RFC 7009), end the session at the provider, and remove the session here.

Each of the three steps is reported, and none depends on another. The refresh token is revoked first, under the session's
lock. If the program is interrupted in between, the session is still there and can be signed out again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.authentication import wiring
from kubectl_oidc.errors import OidcLoginError, OtherTrust, ProviderUnreachable
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.trust import describe_trust, trust_allows, trust_identity
from kubectl_oidc.oidc.provider import Revocation
from kubectl_oidc.sessions.purge import purge_session

from .end_session import end_session_url, send_browser
from .request import UNATTENDED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.sessions.purge import Purged
    from kubectl_oidc.sessions.session import Session
    from kubectl_oidc.system.system import System

    from .request import SignInRequest

REVOCATION_SECONDS = 15.0
"""The time limit for the provider's responses."""


@dataclass(frozen=True, slots=True)
class SignedOut:
    """The result of a sign-out.

    Attributes:
        purged: What was removed here.
        said: What happened to the refresh token and to the session at the provider, one line each.
        failure: Why the refresh token could not be revoked; None if it was, or if there was none.
        revocation: What happened to the refresh token, in a word or two; empty if there is no session.
        browser: What happened to the session at the provider, likewise; empty if that was not asked for.
    """

    purged: Purged
    said: tuple[str, ...]
    failure: OidcLoginError | None
    revocation: str = ""
    browser: str = ""


def sign_out(
    request: SignInRequest,
    system: System,
    *,
    session_id: str,
    cache_dir: Path,
    load: Callable[[], Session | None],
    trust: tuple[str, ...] | None,
    at_provider: bool,
) -> SignedOut:
    """Sign one session out.

    Args:
        cache_dir: The cache directory whose index contains the session.
        load: Returns the stored session or None; raises StoreError if the store fails.
        trust: The certificate authorities under which the session was obtained, if known. Its tokens are not sent under others.
        at_provider: Whether to end the session at the provider too, which signs the user out of all its applications.
    """
    signing_out = _SigningOut(request, system, trust)
    try:
        purged = purge_session(session_id, cache_dir, before=lambda: signing_out.revoke(load))
        if at_provider:
            signing_out.end_at_provider()
        return SignedOut(
            purged, tuple(signing_out.said), signing_out.failure, signing_out.revocation, signing_out.browser
        )
    finally:
        signing_out.http.close()


class _SigningOut:
    """The steps at the provider, and their results."""

    def __init__(self, request: SignInRequest, system: System, trust: tuple[str, ...] | None) -> None:
        self.request = request
        self.trust = trust
        self.system = system
        self.session: Session | None = None
        self.said: list[str] = []
        self.failure: OidcLoginError | None = None
        self.revocation = self.browser = ""
        self.http = HttpClient(tls=request.tls, log=system.log)
        self.host = request.host

    def revoke(self, load: Callable[[], Session | None]) -> None:
        """Revoke the refresh token. A failure is stored in ``failure``."""
        try:
            self.session = load()
            if self.session is None:
                return
            self._check_trust()
            if self.session.refresh_token is None:
                self.revocation = "none"
                self.said.append("There is no refresh token to revoke")
                return
            deadline = self.request.timeout.deadline(REVOCATION_SECONDS)
            with self.system.terminal.waiting(f"Revoking the refresh token at {self.host}"):
                revoked = self._provider.revoke(self.session.refresh_token, deadline)
            self.revocation, line = {
                Revocation.DONE: ("revoked", f"Revoked the refresh token at {self.host}"),
                Revocation.HAD_ENDED: ("had ended", f"The refresh token had expired at {self.host} already"),
                Revocation.NOT_OFFERED: (
                    "not offered",
                    f"The refresh token is not revoked: {self.host} offers no revocation (RFC 7009). It expires by itself",
                ),
            }[revoked]
            self.said.append(line)
        except OidcLoginError as error:
            self.revocation, self.failure = "not revoked", error

    def end_at_provider(self) -> None:
        """Open the provider's sign-out page in the browser, if it has one. A failure becomes a line of ``said``."""
        if self.session is None or self.request.grant in {"password", *UNATTENDED}:
            return  # these grants use no browser
        self.browser = "not ended"
        if isinstance(self.failure, ProviderUnreachable | OtherTrust):
            unreachable = isinstance(self.failure, ProviderUnreachable)
            why = "The provider did not answer." if unreachable else "No request was sent to the provider."
            self._still_signed_in(why)
            return
        try:
            deadline = self.request.timeout.deadline(REVOCATION_SECONDS)
            endpoint = self._provider.metadata(deadline, stale=True).end_session_endpoint
            if endpoint is None:
                self.browser = "not offered"
                self._still_signed_in("The provider does not support remote sign-out.")
                return
            reason = send_browser(endpoint, self.request, self.system, self.session.id_token)
        except OidcLoginError as error:
            self._still_signed_in(f"{error.message}.")
            return
        self.browser = "browser sent" if reason is None else "open the address"
        self.said.append(
            f"Sent the browser to {urlsplit(endpoint).hostname or self.host} to sign out there"
            if reason is None
            else f"Your browser is still signed in to {self.host}, because this program could not send it there ({reason}). To sign out, open this address in it: "
            + end_session_url(endpoint, self.request, None)
        )

    def _still_signed_in(self, why: str) -> None:
        self.said.append(
            f"You are still signed in to {self.host} in the browser. {why} Sign out there if you need to."
        )

    def _check_trust(self) -> None:
        trust = trust_identity(self.request.tls)
        if not trust_allows(self.trust, trust):
            held, asked = describe_trust(self.trust), describe_trust(trust)
            other = f"another {asked}" if held == asked else asked
            flags = (
                f"the same {held} as when you signed in" if self.trust else "the flags of its kubeconfig user"
            )
            raise OtherTrust(
                f"the session was obtained under {held}, and this command trusts {other}",
                f"end the session in your account at {self.host}; next time, sign out with {flags}",
            )

    @cached_property
    def _provider(self) -> Provider:
        return wiring.build_provider(self.request, self.system, self.http)
