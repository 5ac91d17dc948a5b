"""Asking the token endpoint until the person has entered the code (RFC 8628 §3.4, §3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import OAuthErrorResponse, ProviderUnreachable, SignInRefused, SignInTimeout

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.oidc.token_response import TokenResponse
    from kubectl_oidc.system.deadline import Deadline
    from kubectl_oidc.system.system import System

SLOWER = 5.0
"""Seconds that ``slow_down`` adds to the interval, from then on (RFC 8628 §3.5)."""


def poll(
    ask: Callable[[], TokenResponse],
    system: System,
    *,
    interval: float,
    end: Deadline,
    tick: Callable[[], None],
    hint: str = "",
) -> TokenResponse:
    """Return the tokens once the person has entered the code.

    Args:
        ask: Makes one token request.
        system: Where the time between two is spent, and the log.
        interval: Seconds between two requests, at least.
        end: When the code or the person's time ends.
        tick: Is called every second, to show how much time is left.
        hint: What to do if nobody enters the code; empty for the usual words.

    Raises:
        SignInRefused: The person, or the provider, said no.
        SignInTimeout: Nobody entered the code in time.
        OAuthErrorResponse: The provider refuses for another reason.
    """
    unreachable: ProviderUnreachable | None = None
    while _rest(system, interval, end, tick):
        try:
            return ask()
        except ProviderUnreachable as error:
            # §3.5: after a time-out less often, and no end; the code may have been entered meanwhile.
            if not end.passed():  # else it was our own time that ended, in the middle of a request
                unreachable = error
            interval *= 2
            system.log.info(1, f"{error.message}; asking again in {interval:.0f} s")
        except OAuthErrorResponse as error:
            unreachable = None
            if error.code == "slow_down":
                interval += SLOWER
                system.log.info(1, f"the provider asks to slow down: every {interval:.0f} s")
            elif error.code != "authorization_pending":
                raise _understood(error) from error
    if unreachable:
        raise unreachable
    raise _too_late(hint)


def _rest(system: System, interval: float, end: Deadline, tick: Callable[[], None]) -> bool:
    """Spend the time until the next request; return whether there is to be one."""
    left = interval
    while left > 0:
        if end.left() < left:
            left = end.left()
            if left <= 0:
                return False
        tick()
        slice_ = min(1.0, left)
        system.sleep(slice_)
        left -= slice_
    return not end.passed()


def _understood(error: OAuthErrorResponse) -> OAuthErrorResponse | SignInRefused | SignInTimeout:
    if error.code == "expired_token":
        return _too_late()
    if error.code == "access_denied":
        return SignInRefused(
            error.message.replace("refuses the token request", "refused the sign-in"),
            error.hint,
        )
    return error


def _too_late(hint: str = "") -> SignInTimeout:
    return SignInTimeout(
        "nobody entered the code in time",
        hint
        or "run it again for a new code; without --authentication-timeout-sec the wait is as long as the provider's code lives",
    )
