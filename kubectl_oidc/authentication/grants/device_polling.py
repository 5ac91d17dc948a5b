"""Poll the token endpoint until the user has entered the device code (RFC 8628 §3.4, §3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import OAuthErrorResponse, ProviderUnreachable, SignInRefused, SignInTimeout

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.oidc.token_response import TokenResponse
    from kubectl_oidc.system.deadline import Deadline
    from kubectl_oidc.system.system import System

SLOWER = 5.0
"""Seconds that each ``slow_down`` adds to the interval (RFC 8628 §3.5)."""


def poll(
    ask: Callable[[], TokenResponse],
    system: System,
    *,
    interval: float,
    end: Deadline,
    tick: Callable[[], None],
    hint: str = "",
) -> TokenResponse:
    """Return the token response once the user has entered the code.

    Args:
        interval: The least time between two requests, in seconds.
        end: When the code expires or the time-out ends; ``tick`` is called each second until then.
        hint: What to do if the user enters no code; empty for the usual hint.

    Raises:
        SignInRefused: The user or the provider refused.
        SignInTimeout: The user did not enter the code in time.
        OAuthErrorResponse: The provider returned another error.
    """
    unreachable = None
    while _wait(system, interval, end, tick):
        try:
            return ask()
        except ProviderUnreachable as error:
            # §3.5: after a time-out, poll less often. The user may have entered the code meanwhile.
            if not end.passed():  # otherwise our own time-out ended this request
                unreachable = error
            interval *= 2
            system.log.info(1, "device-code-retried", f"{error.message}; asking again in {interval:.0f} s")
        except OAuthErrorResponse as error:
            unreachable = None
            if error.code == "slow_down":
                interval += SLOWER
                slower = f"the provider asks for a longer interval: {interval:.0f} s"
                system.log.info(1, "device-code-slowed", slower)
            elif error.code != "authorization_pending":
                raise _sign_in_error(error) from error
    raise unreachable or _timeout(hint)


def _wait(system: System, interval: float, end: Deadline, tick: Callable[[], None]) -> bool:
    """Wait for the next request, and return whether there is time for it."""
    left = interval
    while left > 0:
        if end.left() < left:
            left = end.left()
            if left <= 0:
                return False
        tick()
        second = min(1.0, left)
        system.sleep(second)
        left -= second
    return not end.passed()


def _sign_in_error(error: OAuthErrorResponse) -> OAuthErrorResponse | SignInRefused | SignInTimeout:
    """Return the error that says what an error code of RFC 8628 §3.5 means for the user."""
    if error.code == "expired_token":
        return _timeout()
    if error.code == "access_denied":
        return SignInRefused(
            error.message.replace("refuses the token request", "refused the sign-in"),
            error.hint,
        )
    return error


def _timeout(hint: str = "") -> SignInTimeout:
    return SignInTimeout(
        "nobody entered the code in time",
        hint
        or "run the command again for a new code; without --authentication-timeout-sec it waits until the provider's code expires",
    )
