"""The context of one sign-in that every grant receives: the request, the provider, the reason, and where failures are recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.authentication.accept import accept
from kubectl_oidc.named_tuple import NamedTuple

if TYPE_CHECKING:
    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.token_response import TokenResponse
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
    from kubectl_oidc.system.browser import Browser
    from kubectl_oidc.system.deadline import Deadline
    from kubectl_oidc.system.system import System


class SignIn(NamedTuple):
    """One sign-in.

    Attributes:
        reason: Why a sign-in is needed; the user reads it.
        failures: Records a sign-in that fails after the user was asked.
    """

    request: SignInRequest
    system: System
    provider: Provider
    reason: str
    failures: FailedSignIns

    def browser(self) -> Browser:
        """Return the browser of this computer, or the one that --browser-command names."""
        return self.request.browser.find(self.system.environ)

    def accept(self, response: TokenResponse, deadline: Deadline, *, nonce: Secret | None = None) -> Tokens:
        """Return the validated tokens of a response, as `authentication.accept` does."""
        return accept(
            response, self.provider, self.request, deadline=deadline, now=self.system.clock(), nonce=nonce
        )
