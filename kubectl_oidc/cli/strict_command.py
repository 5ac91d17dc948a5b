"""A command that refuses unknown flags and surplus arguments, with an error that names what was probably intended."""

from __future__ import annotations

import click

from .no_such_flag import no_such_argument, no_such_flag


class StrictCommand(click.Command):
    """A command with such errors."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments.

        Raises:
            UsageError: A flag is unknown, or there are more arguments than the command has.
        """
        accepts_more, ctx.allow_extra_args = ctx.allow_extra_args, True  # else click itself refuses them
        try:
            rest = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise no_such_flag(error.option_name, ctx) from None
        finally:
            ctx.allow_extra_args = accepts_more
        if rest and not accepts_more and not ctx.resilient_parsing:
            raise no_such_argument(rest, ctx)
        return rest
