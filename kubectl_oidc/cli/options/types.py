"""The types of the flags' values on the command line, and what is refused of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.times import parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 86400
"""The longest time that a sign-in may wait, in seconds."""


class ValueType(NamedTuple):
    """How a value is read from text.

    Attributes:
        name: The placeholder for it in the help, in small letters.
        read: Returns the value; None if the text is malformed.
        fault: The error, in which ``{}`` is such a text.
    """

    name: str
    read: Callable[[str], Any]
    fault: str


def switch_value(text: str) -> bool | None:
    """Return what the value of a switch means; None if it is neither on nor off."""
    word = text.strip().lower()
    if word in {"1", "true", "t", "yes", "y", "on"}:
        return True
    return False if word in {"0", "false", "f", "no", "n", "off"} else None


def _level(text: str) -> int | None:
    return _number(text.removeprefix("="))  # as in -v=1


def _seconds(text: str) -> int | None:
    seconds = _number(text)
    return seconds if seconds is not None and 1 <= seconds <= LONGEST else None


def _number(text: str) -> int | None:
    """Return a number of at most nine digits; Python reads none of more than 4300."""
    return int(text) if text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004


def _fraction(text: str) -> float | None:
    if text == "off":
        return 0.0
    try:
        fraction = float(text)
    except ValueError:
        return None
    return fraction if 0.0 < fraction < 1.0 else None


LEVEL = ValueType("level", _level, "{} is not a number")
SECONDS = ValueType("seconds", _seconds, f"{{}} is not a number of seconds from 1 to {LONGEST}")
FRACTION = ValueType("fraction", _fraction, "{} is neither a fraction between 0 and 1 nor off")
DURATION = ValueType(
    "duration", parse_duration, "{} is not a duration of at most a year, such as 90s, 30m or 1h30m"
)


class Unsaid(int):
    """A number that nobody gave: the flag's default."""
