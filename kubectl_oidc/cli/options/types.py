"""The types of the flags' values on the command line, and what is refused of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from kubectl_oidc.text import sanitize
from kubectl_oidc.times import parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

LONGEST = 86400
"""The longest time that a sign-in may wait, in seconds."""


class Switch(click.Option):
    """A switch that also accepts ``=true`` and ``=false``, as kubelogin's do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(type=click.BOOL, is_flag=False, flag_value="true", default=False, metavar="")
        super().__init__(*args, **kwargs)


class Parsed(click.ParamType[T]):
    """A value that is read from text.

    Args:
        name: What stands for it in the help, in small letters.
        read: Returns the value; None if the text is malformed.
        fault: The error, in which ``{}`` is such a text.
    """

    def __init__(self, name: str, read: Callable[[str], T | None], fault: str) -> None:
        self.name, self._read, self._fault = name, read, fault

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> T:
        """Return the value; a default is one already."""
        found: T | None = self._read(value) if isinstance(value, str) else value
        if found is None:
            self.fail(self._fault.format(repr(sanitize(value, limit=40))), param, ctx)
        return found


def _level(text: str) -> int | None:
    digits = text.removeprefix("=")  # as in -v=1
    return int(digits) if digits.isdecimal() else None


def _seconds(text: str) -> int | None:
    return int(text) if text.isdecimal() and 1 <= int(text) <= LONGEST else None


def _fraction(text: str) -> float | None:
    if text == "off":
        return 0.0
    try:
        fraction = float(text)
    except ValueError:
        return None
    return fraction if 0.0 < fraction < 1.0 else None


LEVEL = Parsed("level", _level, "{} is not a number")
SECONDS = Parsed("seconds", _seconds, f"{{}} is not a number of seconds from 1 to {LONGEST}")
FRACTION = Parsed("fraction", _fraction, "{} is neither a fraction between 0 and 1 nor off")
DURATION = Parsed(
    "duration", parse_duration, "{} is no duration of at most a year, such as 90s, 30m or 1h30m"
)


class Unsaid(int):
    """A number that nobody gave: the option's default."""


def unsaid(ctx: click.Context, param: click.Parameter, value: int) -> int:
    """Return an option's value, as `Unsaid` if nobody gave it."""
    unsaid = ctx.get_parameter_source(param.name or "") is ParameterSource.DEFAULT
    return Unsaid(value) if unsaid else value
