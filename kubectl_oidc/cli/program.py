"""Run a command line: find the command, import only its module, and run it."""

from __future__ import annotations

import copy
import importlib
from typing import Any

import click
from click.shell_completion import CompletionItem

from kubectl_oidc.cli.command_list import COMMANDS, no_such_command
from kubectl_oidc.errors import UsageError

from .call import Call
from .command import Command
from .commands.stand_alone import STAND_ALONE, before_a_command, stand_alone
from .options.click_options import Switch, options

_COMMAND_FOLLOWS = "kubectl_oidc.command_follows"


_NOTHING_KNOWN = Call()


def _without_variable(param: click.Parameter) -> click.Parameter:
    param = copy.copy(param)
    param.envvar = None
    return param


class Commands(Command, click.Group):
    """Finds a command by its name without importing the others.

    The program's own options, those of stand-alone mode, do not read their variables if a command follows: it reads its own.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give a switch before the command its value, or click would use the command's name as the value."""
        switches = {name for option in self.params if isinstance(option, Switch) for name in option.opts}
        front = next((at for at, word in enumerate(args) if word in COMMANDS), len(args))
        before = [f"{word}=true" if word in switches else word for word in args[:front]]
        ctx.meta[_COMMAND_FOLLOWS] = front < len(args)
        return super().parse_args(ctx, [*before, *args[front:]])

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the options, without their variables if a command follows."""
        params = super().get_params(ctx)
        return [_without_variable(param) for param in params] if ctx.meta.get(_COMMAND_FOLLOWS) else params

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return the command; None if it is unknown."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"kubectl_oidc.cli.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command named by the first word.

        Raises:
            UsageError: It is unknown; the message has the closest matches.
        """
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise no_such_command(args[0], ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands and options that start with ``incomplete``, without importing the commands."""
        names = [
            CompletionItem(name, help=line)
            for name, (_, _, line) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def commands_in_groups(self) -> dict[str, list[tuple[str, str]]]:
        """Return the commands and what they do, by their headings, without importing them."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, (_, heading, line) in COMMANDS.items():
            groups.setdefault(heading, []).append((name, line))
        return groups


def _version(ctx: click.Context, _param: click.Parameter, given: bool) -> None:  # noqa: FBT001 - click's signature
    if given and not ctx.resilient_parsing:
        from .commands.version import version

        ctx.invoke(version)
        ctx.exit()


@click.command(
    cls=Commands,
    name="kubectl oidc-login",
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    options_metavar="",
    subcommand_metavar="[COMMAND] [FLAGS]",
    examples=(
        ("Answer a few questions to set up a kubeconfig and a cluster", "kubectl oidc-login setup"),
        ("Find out why a context does not work", "kubectl oidc-login doctor --context=prod"),
    ),
)
@options(*STAND_ALONE)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
@click.pass_context
def program(ctx: click.Context, /, **values: Any) -> int:
    """Sign in to Kubernetes with OpenID Connect. kubectl runs this program when it needs a token.

    Without a command, the program signs in the kubeconfig user that has `auth-provider: oidc`, and writes the tokens
    into the kubeconfig.
    """
    if ctx.invoked_subcommand is None:
        return stand_alone(ctx, values)
    before_a_command(ctx)
    return 0


def main(arguments: list[str], call: Call = _NOTHING_KNOWN) -> int:
    """Run the arguments after the program's name, and return the exit status.

    Raises:
        OidcLoginError: The command failed.
    """
    try:
        result: Any = program.main(arguments, prog_name="kubectl oidc-login", standalone_mode=False, obj=call)
    except click.UsageError as error:
        from .azure_kubelogin import AZURE_KUBELOGIN, names_azure_kubelogin

        unknown = getattr(error, "option_name", "") or next(iter(arguments), "")
        if names_azure_kubelogin([unknown]):
            raise UsageError(
                f"{unknown} belongs to {AZURE_KUBELOGIN}, another program",
                "use that program for this kubeconfig user; `kubectl oidc-login setup` writes a user that starts this one",
                topic="azure-kubelogin",
            ) from None
        hint = getattr(error, "hint", f"see `{_command_of(error, arguments)} --help`")
        raise UsageError(error.format_message().rstrip("."), hint) from None
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort:
        return 130
    return result if isinstance(result, int) else 0


def _command_of(error: click.UsageError, arguments: list[str]) -> str:
    """Return the command with the usage error. click does not set it if an option lacks its value."""
    if error.ctx:
        return error.ctx.command_path
    named = next((word for word in arguments if word in COMMANDS), "")
    return f"kubectl oidc-login {named}".rstrip()
