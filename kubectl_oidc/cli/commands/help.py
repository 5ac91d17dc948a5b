"""``kubectl oidc-login help``: print the help of the program or of one command."""

from __future__ import annotations

import click

from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.options.flags import NO_LOG


def _commands(_ctx: click.Context, _param: click.Parameter, unfinished: str) -> list[str]:
    from kubectl_oidc.cli.command_list import COMMANDS

    return [name for name in COMMANDS if name.startswith(unfinished)]


@command(
    "help",
    *NO_LOG,
    examples=(
        ("List the commands", "kubectl oidc-login help"),
        ("Show the help of setup", "kubectl oidc-login help setup"),
    ),
)
@click.argument("command", required=False, shell_complete=_commands)
@click.pass_context
def help(ctx: click.Context, /, command: str | None) -> int:  # noqa: A001 - the command's name
    """Show the help of a command, as --help does."""
    from kubectl_oidc.cli.command_list import no_such_command

    program = ctx.find_root().command
    with click.Context(program, info_name=ctx.find_root().info_name, **program.context_settings) as root:
        if command is None:
            click.echo(program.get_help(root))
            return 0
        found = program.get_command(root, command) if isinstance(program, click.Group) else None
        if found is None:
            raise no_such_command(command, root)
        with click.Context(found, info_name=command, parent=root) as own:
            click.echo(found.get_help(own))
    return 0
