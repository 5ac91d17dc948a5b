"""The types of the flags' values on the command line, and what is refused of them."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from kubectl_oidc.text import sanitize
from kubectl_oidc.times import parse_duration

LONGEST = 86400
"""The longest time that a sign-in may wait, in seconds."""


class Switch(click.Option):
    """A switch that also accepts ``=true`` and ``=false``, as kubelogin's do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(type=click.BOOL, is_flag=False, flag_value="true", default=False, metavar="")
        super().__init__(*args, **kwargs)


class Level(click.ParamType[int]):
    """A log level: a number, also written ``-v=1``."""

    name = "level"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the level."""
        text = str(value).removeprefix("=")
        if not text.isdecimal():
            self.fail(f"{sanitize(text, limit=40)!r} is not a number", param, ctx)
        return int(text)


class Seconds(click.ParamType[int]):
    """A number of seconds from one to a day."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seconds."""
        text = str(value)
        if not text.isdecimal() or not 1 <= int(text) <= LONGEST:
            self.fail(
                f"{sanitize(text, limit=40)!r} is not a number of seconds from 1 to {LONGEST}", param, ctx
            )
        return int(text)


class Unsaid(int):
    """A number that nobody gave: the option's default."""


def unsaid(ctx: click.Context, param: click.Parameter, value: int) -> int:
    """Return an option's value, as `Unsaid` if nobody gave it."""
    unsaid = ctx.get_parameter_source(param.name or "") is ParameterSource.DEFAULT
    return Unsaid(value) if unsaid else value


class Fraction(click.ParamType[float]):
    """A fraction between 0 and 1, neither included; ``off`` is 0."""

    name = "fraction"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the fraction."""
        text = str(value)
        if text == "off":
            return 0.0
        try:
            fraction = float(text)
        except ValueError:
            fraction = 0.0
        if not 0.0 < fraction < 1.0:
            self.fail(
                f"{sanitize(text, limit=40)!r} is neither a fraction between 0 and 1 nor off", param, ctx
            )
        return fraction


class Duration(click.ParamType[int]):
    """A duration in seconds, written as in Go."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seconds."""
        seconds = value if isinstance(value, int) else parse_duration(str(value))
        if seconds is None:
            self.fail(
                f"{sanitize(value, limit=40)!r} is no duration of at most a year, such as 90s, 30m or 1h30m",
                param,
                ctx,
            )
        return seconds
