"""Decide what a failed refresh means for the session. get-token, stand-alone mode and the kubelogin take-over share this.

RFC 6749 §5.2 defines ``invalid_grant`` for an expired or revoked refresh token. Providers also answer ``invalid_request`` (Dex),
``access_denied`` or ``server_error`` (Rancher), ``interaction_required`` (Entra ID) and ``token_inactive`` with 401 (Ory Hydra 1.x). Some
answer a 500 with an OAuth error (Dex, if its connector cannot refresh the user), or a 4xx without any OAuth error.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from kubectl_oidc.errors import ProviderError
from kubectl_oidc.oidc.token_response import CLIENT_ERROR_CODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.token_response import TokenResponse
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
    from kubectl_oidc.system.deadline import Deadline

NOT_ABOUT_THE_TOKEN = frozenset({408, 425, 429})
"""HTTP statuses that mean "try again later" (RFC 9110 §15.5.9, RFC 8470, RFC 6585 §4)."""


class Decision(Enum):
    """What follows from a refresh that failed."""

    SIGN_IN = auto()
    """The refresh token is no longer valid."""
    SIGN_IN_IF_REPEATED = auto()
    """The refresh token is no longer valid if the next refresh fails in the same way."""
    KEEP = auto()
    """The refresh token may still be valid: keep the session, and report the error."""


def decide(status: int, code: str) -> Decision:
    """Return what follows from a refresh that failed.

    Args:
        status: The HTTP status of the response; 0 if there was no response.
        code: The OAuth error code in the body; empty if the body is not an OAuth error.
    """
    if code in CLIENT_ERROR_CODES or status in NOT_ABOUT_THE_TOKEN:
        return Decision.KEEP
    if status >= 500:  # noqa: PLR2004 - RFC 9110 §15.6
        return Decision.SIGN_IN_IF_REPEATED if code else Decision.KEEP
    # Some providers send an OAuth error with status 200.
    return Decision.SIGN_IN if status >= 400 or (status and code) else Decision.KEEP  # noqa: PLR2004 - RFC 9110 §15.5


class UnusableRefreshError(Exception):
    """The session cannot be refreshed; only a sign-in helps.

    Args:
        sent: Whether the refresh token was sent, so that the problem is in the response.
    """

    def __init__(self, why: str, *, sent: bool = True) -> None:
        super().__init__(why)
        what = "the answer to the refresh cannot be used" if sent else "the session is not refreshed"
        self.message = f"{what}: {why}"


class RefusedRefreshError(UnusableRefreshError):
    """The provider refused the refresh token."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.message = why


def redeem_refresh_token(
    provider: Provider,
    refresh_token: Secret,
    deadline: Deadline,
    *,
    failures: FailedSignIns,
    sign_in_hint: Callable[[], str],
) -> TokenResponse:
    """Send a refresh token once, and decide what a failure means.

    Args:
        deadline: For the whole exchange.
        failures: Records whether the last refresh of this session failed.
        sign_in_hint: Returns how the user can sign in again.

    Raises:
        RefusedRefreshError: The refresh token is no longer valid. The message is the reason for a sign-in.
        ProviderError: The refresh token is kept. If the provider answered, the hint also says how to sign in.
    """
    try:
        response = provider.refresh(refresh_token=refresh_token, deadline=deadline)
    except ProviderError as error:
        decision = decide(error.status, error.code)
        doubted = decision is Decision.SIGN_IN_IF_REPEATED
        if decision is Decision.SIGN_IN or (doubted and failures.last_refresh_failed()):
            raise RefusedRefreshError(error.message) from error
        if error.status:
            failures.note_refresh(failed=doubted)
        if error.status and error.code not in CLIENT_ERROR_CODES:
            error.hint = f"{error.hint}; if it fails again, {sign_in_hint()}"
        raise
    failures.note_refresh(failed=False)
    return response
