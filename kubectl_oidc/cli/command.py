"""A command: its flags are rows of the table, and it has ``--help``, ``--help-all`` and examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .options.click_options import options
from .strict_command import StrictCommand

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .options.flag import Flag

    Example = tuple[str, str]
    """What a command line does, and the command line."""


class Command(StrictCommand):
    """A command, which may also be the program itself.

    Args:
        examples: Command lines for the end of the help.
    """

    def __init__(self, *args: Any, examples: Sequence[Example] = (), **kwargs: Any) -> None:
        super().__init__(*args, **{"options_metavar": "[FLAGS]", **kwargs})
        self.examples = examples

    def commands_in_groups(self) -> dict[str, list[tuple[str, str]]]:
        """Return the commands below this one and what they do, by their headings."""
        return {}

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters, ``--help-all`` after ``--help``."""
        params = super().get_params(ctx)
        return [*params, _HELP_ALL] if ctx.help_option_names else params

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the option ``--help``."""
        option = super().get_help_option(ctx)
        if option:
            option.help = "Show this help."
        return option

    def get_help(self, ctx: click.Context, *, everything: bool = False) -> str:
        """Return the text of ``--help``, or of ``--help-all`` with everything."""
        from .help_text import help_text

        return help_text(ctx, self.examples, self.commands_in_groups(), everything=everything)


def command(
    name: str, *table: Flag, examples: Sequence[Example], **settings: Any
) -> Callable[[Callable[..., Any]], Command]:
    """Return a decorator that makes a function a command with these flags."""

    def make(function: Callable[..., Any]) -> Command:
        decorate = click.command(name, cls=Command, examples=examples, **settings)
        return decorate(options(*table)(function))

    return make


def _show_all(ctx: click.Context, _param: click.Parameter, given: bool) -> None:  # noqa: FBT001 - click's signature
    if given and not ctx.resilient_parsing and isinstance(ctx.command, Command):
        click.echo(ctx.command.get_help(ctx, everything=True))
        ctx.exit()


_HELP_ALL = click.Option(
    ["--help-all"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_all,
    help="Show this help with every flag.",
)
