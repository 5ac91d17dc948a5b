"""The ``clock`` check, and what a server's ``Date`` header says about whose clock is wrong."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeGuard

from kubectl_oidc.times import remaining

from . import Finding, Severity
from .run import Skipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .run import DoctorRun, Observation

SKEW = 60
"""Seconds that two clocks may differ: token validation allows as much."""
_LEEWAY = 300  # seconds before nbf at which kube-apiserver accepts a token (go-oidc)


def check_clock(run: DoctorRun) -> Observation:
    """Check that this computer's clock and the provider's agree."""
    if run.dates is None:
        return Skipped("the provider does not say what time it is")
    theirs, ours = run.dates
    ahead = ours - theirs
    if abs(ahead) <= SKEW / 2:
        return "agrees with the provider's"
    severity = Severity.PROBLEM if abs(ahead) > SKEW else Severity.WARNING
    return Finding(
        severity,
        f"this computer's clock is {_ahead_or_behind(ahead)} the provider's; tokens tolerate a minute",
        "set the clock (`timedatectl`, `chronyc tracking`), or tell the provider's administrator",
        "clock",
    )


def server_and_own_time(headers: Mapping[str, str], now: float) -> tuple[float, float] | None:
    """Return a server's clock (RFC 9110 §6.6.1) and `now`, both epoch seconds; None without a valid ``Date``.

    A cached response is as old as its ``Age`` says (RFC 9111 §5.1).
    """
    try:
        date = parsedate_to_datetime(headers.get("date", "")).timestamp()
        return date + max(0, int(headers.get("age", "0"))), now
    except (ValueError, TypeError, OverflowError):
        return None


def server_time(run: DoctorRun) -> float | None:
    """Return the API server's time, epoch seconds; None if it is unknown."""
    if run.client is None:
        return None
    read = server_and_own_time(run.client.headers, run.system.clock())
    return read[0] if read else None


def wrong_clock(run: DoctorRun) -> str:
    """Return whose clock is wrong, the API server's or this computer's; empty if they agree or the time is unknown.

    The provider's clock decides if it is known, because the provider issues the tokens.
    """
    theirs, ours = server_time(run), run.system.clock()
    if theirs is None:
        return ""
    right = ours + (run.dates[0] - run.dates[1] if run.dates else 0.0)
    if abs(theirs - right) > SKEW:
        whose = "the provider's" if run.dates else "this computer's"
        return f"the API server's clock is {_ahead_or_behind(theirs - right)} {whose}"
    if abs(theirs - ours) > SKEW:
        return (
            f"this computer's clock is {_ahead_or_behind(ours - theirs)} the API server's and the provider's"
        )
    return ""


def _ahead_or_behind(ahead: float) -> str:
    return f"{remaining(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'}"


def invalid_at_server_time(claims: Mapping[str, object], theirs: float) -> str:
    """Return why a token is not valid at the API server's time `theirs`, epoch seconds; empty if it is valid."""
    end, begin = claims.get("exp"), claims.get("nbf")
    if _is_time(end) and end <= theirs:
        return f"by its clock the token ended {remaining(theirs - end)} ago"
    if _is_time(begin) and begin - _LEEWAY > theirs:
        return f"by its clock the token begins in {remaining(begin - theirs)}"
    return ""


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
