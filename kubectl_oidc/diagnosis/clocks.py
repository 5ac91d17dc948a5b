"""What time it is at a server, by the ``Date`` of its answer, and what that means for a token."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeGuard

from kubectl_oidc.system.terminal import remaining

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .run import DoctorRun

SKEW = 60
"""Seconds by which two clocks may differ without a word: a token is validated with as much."""

_LEEWAY = 300  # seconds: kube-apiserver accepts a token so long before its nbf (go-oidc)


def dates(headers: Mapping[str, str], now: float) -> tuple[float, float] | None:
    """Return a server's clock (RFC 9110 §6.6.1) and ours, epoch seconds; None if it does not say.

    Args:
        headers: The header fields of its answer; one from a cache is as old as it says (RFC 9111 §5.1).
        now: Epoch seconds.
    """
    try:
        date = parsedate_to_datetime(headers.get("date", "")).timestamp()
        return date + max(0, int(headers.get("age", "0"))), now
    except (ValueError, TypeError, OverflowError):
        return None


def server_time(examination: DoctorRun) -> float | None:
    """Return what time it is at the API server, epoch seconds; None if it does not say."""
    if examination.client is None:
        return None
    read = dates(examination.client.headers, examination.system.clock())
    return read[0] if read else None


def skew(examination: DoctorRun) -> str:
    """Return in words whose clock is wrong, the API server's or this computer's; empty if they agree or it is not known.

    The provider's clock decides if it is known, because it makes the tokens.
    """
    theirs, ours = server_time(examination), examination.system.clock()
    if theirs is None:
        return ""
    right = ours + (examination.dates[0] - examination.dates[1] if examination.dates else 0.0)
    if abs(theirs - right) > SKEW:
        whose = "the provider's" if examination.dates else "this computer's"
        return f"the API server's clock is {_words(theirs - right)} {whose}"
    if abs(theirs - ours) > SKEW:
        return f"this computer's clock is {_words(ours - theirs)} the API server's and the provider's"
    return ""


def _words(ahead: float) -> str:
    return f"{remaining(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'}"


def by_the_server(claims: Mapping[str, object], theirs: float) -> str:
    """Return in words why a token is not good at the API server's time; empty if it is.

    Args:
        claims: The token's claims.
        theirs: Epoch seconds.
    """
    end, begin = claims.get("exp"), claims.get("nbf")
    if _is_time(end) and end <= theirs:
        return f"by its clock the token ended {remaining(theirs - end)} ago"
    if _is_time(begin) and begin - _LEEWAY > theirs:
        return f"by its clock the token begins in {remaining(begin - theirs)}"
    return ""


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
