"""What the provider's answer to a refresh means for the session: one decision for get-token, stand-alone mode and the take-over.

RFC 6749 §5.2 has ``invalid_grant`` for a refresh token that has ended. Providers also answer ``invalid_request`` (Dex),
``access_denied`` or ``server_error`` (Rancher), ``interaction_required`` (Entra ID), ``token_inactive`` with 401 (Ory Hydra 1.x),
a 500 with an OAuth error (Dex, if its connector cannot refresh the user), or a 4xx without any OAuth error.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from kubectl_oidc.errors import ProviderError
from kubectl_oidc.oidc.token_response import CLIENT_FAULTS

if TYPE_CHECKING:
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.token_response import TokenResponse
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.sessions.failed_refreshes import FailedRefreshes
    from kubectl_oidc.system.deadline import Deadline

NOT_ABOUT_THE_TOKEN = frozenset({408, 425, 429})
"""The statuses that ask to come again: time-out, too early, too many requests (RFC 9110 §15.5.9, RFC 8470, RFC 6585 §4)."""


class Decision(Enum):
    """What follows from a refresh that failed."""

    SIGN_IN = auto()
    """The refresh token is dead."""
    SIGN_IN_IF_REPEATED = auto()
    """It is dead if the next refresh fails in the same way."""
    KEEP = auto()
    """Nothing is known about it: keep the session, and fail."""


def decide(status: int, code: str) -> Decision:
    """Return what follows from a refresh that failed.

    Args:
        status: The HTTP status of the answer; 0 if none came.
        code: The OAuth error code in the answer's body; empty if the body is no OAuth error.
    """
    if code in CLIENT_FAULTS or status in NOT_ABOUT_THE_TOKEN:
        return Decision.KEEP
    if status >= 500:  # noqa: PLR2004 - RFC 9110 §15.6
        return Decision.SIGN_IN_IF_REPEATED if code else Decision.KEEP
    # Some providers write an OAuth error with status 200.
    return Decision.SIGN_IN if status >= 400 or (status and code) else Decision.KEEP  # noqa: PLR2004 - RFC 9110 §15.5


class UnusableRefreshError(Exception):
    """A refresh cannot be used: only a new sign-in helps.

    Args:
        why: What is the matter.
        sent: Whether it was sent and its answer is the matter.
    """

    def __init__(self, why: str, *, sent: bool = True) -> None:
        super().__init__(why)
        what = "the answer to the refresh cannot be used" if sent else "the session is not refreshed"
        self.message = f"{what}: {why}"


class RefusedRefreshError(UnusableRefreshError):
    """The provider refused the refresh token.

    Args:
        why: What it said.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.message = why


def redeem(
    provider: Provider,
    refresh_token: Secret,
    deadline: Deadline,
    *,
    failures: FailedRefreshes,
    way: str,
) -> TokenResponse:
    """Send a refresh token once, and decide what a failure means.

    Args:
        provider: The OpenID provider.
        refresh_token: The session's latest.
        deadline: When the answer must be there.
        failures: Whether the last refresh of this session failed at the provider.
        way: How a person signs in again, for the hint.

    Raises:
        RefusedRefreshError: The refresh token is dead; its message is the reason for a sign-in.
        ProviderError: The refresh token is kept. If the provider answered, the hint names the way to sign in.
    """
    try:
        response = provider.refresh(refresh_token=refresh_token, deadline=deadline)
    except ProviderError as error:
        decision = decide(error.status, error.code)
        doubted = decision is Decision.SIGN_IN_IF_REPEATED
        if decision is Decision.SIGN_IN or (doubted and failures.last()):
            raise RefusedRefreshError(error.message) from error
        if doubted:
            failures.remember()
        elif error.status:
            failures.forget()
        if error.status and error.code not in CLIENT_FAULTS:
            error.hint = f"{error.hint}; if it stays so, {way}"
        raise
    failures.forget()
    return response
