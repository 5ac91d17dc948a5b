"""The table's flags as options of click, which every command but a good `get-token` reads them with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from kubectl_oidc import csv_text
from kubectl_oidc.cli.strict_command import StrictCommand
from kubectl_oidc.text import sanitize

from .flags import GET_TOKEN
from .kinds import COMMAS, EACH, SECONDS, SWITCH
from .types import Unsaid
from .variables import DEFAULT, OF_VARIABLE, TYPED, key, variable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .flag import Flag
    from .kinds import Kind
    from .types import ValueType

Command = TypeVar("Command", bound="Callable[..., Any]")

_SOURCES = {
    ParameterSource.COMMANDLINE: TYPED,
    ParameterSource.ENVIRONMENT: OF_VARIABLE,
    ParameterSource.DEFAULT: DEFAULT,
}


class _Boolean(click.types.BoolParamType):
    """A boolean as click reads it, with an error that names the two usual values."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        """Return the value; ``yes``, ``no``, ``on``, ``off``, ``1`` and ``0`` are accepted too."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{sanitize(value, limit=40)!r} is neither true nor false", param, ctx)


class Option(click.Option):
    """An option that a row of the table made.

    Args:
        flag: The row.
    """

    def __init__(self, *args: Any, flag: Flag, **kwargs: Any) -> None:
        self.flag = flag
        super().__init__(*args, **kwargs)

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Return how an error names the option: with its variable only if the value comes from that."""
        of_variable = ctx is not None and source(ctx, self.name or "") == OF_VARIABLE
        return super().get_error_hint(ctx) if of_variable else click.Parameter.get_error_hint(self, ctx)


class Switch(Option):
    """A switch that also accepts ``=true`` and ``=false``, as kubelogin's do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(type=_Boolean(), is_flag=False, flag_value="true", default=False, metavar="")
        super().__init__(*args, **kwargs)


class _Repeatable(Option):
    """An option that may be given several times; its variable is read as one use of it is."""

    def value_from_envvar(self, ctx: click.Context) -> Any:
        text = self.resolve_envvar_value(ctx)
        return None if text is None else (text,)


class _CommaSeparated(_Repeatable):
    """An option whose uses have one value each, as in kubelogin; in its variable commas stand between the values."""

    def value_from_envvar(self, ctx: click.Context) -> Any:
        text = self.resolve_envvar_value(ctx)
        return None if text is None else tuple(csv_text.read_list(str(self.envvar), [text]))


class _Type(click.ParamType[Any]):
    def __init__(self, value_type: ValueType) -> None:
        self.name, self._type = value_type.name, value_type

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value; a default is one already."""
        found = self._type.read(value) if isinstance(value, str) else value
        if found is None:
            self.fail(self._type.fault.format(repr(sanitize(value, limit=40))), param, ctx)
        return found


def options(*table: Flag) -> Callable[[Command], Command]:
    """Return a decorator that gives a command these options, in this order in its help."""

    def add(command: Command) -> Command:
        for flag in reversed(table):
            command = _option(flag, command)
        return command

    return add


def _option(flag: Flag, command: Command) -> Command:
    settings: dict[str, Any] = {
        "cls": Option,
        "flag": flag,
        "help": flag.help or None,
        "hidden": flag.hidden,
        **_of_kind(flag.kind),
    }
    if flag.ignored:
        settings["expose_value"] = False
    elif flag.has_variable:
        settings |= {"envvar": variable(flag.name), "show_envvar": True}  # an error names it
    if flag.default is not None:
        settings["default"] = flag.default
    if flag.excludes:
        settings["callback"] = _overruled_by(flag.excludes)
    names = (flag.short, flag.name) if flag.short else (flag.name,)
    return click.option(*names, **settings)(command)


def _of_kind(kind: Kind) -> dict[str, Any]:
    settings = dict(kind.settings)
    if kind is SWITCH:
        settings["cls"] = Switch
    if kind.type:
        settings["type"] = _Type(kind.type)
    if kind.choices:
        settings["type"] = click.Choice(kind.choices)
    if kind is SECONDS:
        settings["callback"] = _unsaid
    if kind.uses in {EACH, COMMAS}:
        settings |= {"multiple": True, "cls": _Repeatable if kind.uses == EACH else _CommaSeparated}
    if kind.completes:
        settings["shell_complete"] = _completion(kind.completes)
    return settings


def _completion(what: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """Return what completes a value: ``file``, ``dir``, or the kubeconfig's ``contexts`` or ``users``."""

    def complete(ctx: click.Context, _param: click.Parameter, unfinished: str) -> list[Any]:
        if what in {"file", "dir"}:
            return [CompletionItem(unfinished, type=what)]
        import os

        from kubectl_oidc.kubeconfig import read_kubeconfig

        known: Mapping[str, object] = getattr(read_kubeconfig(ctx.params.get("kubeconfig"), os.environ), what)
        return [name for name in known if name.startswith(unfinished)]

    return complete


def _overruled_by(rival: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Return a callback for an option that says the same as another: the one on the command line overrules the variable.

    If both come from one place, both are kept, and `conflicts` refuses them.
    """

    def value(ctx: click.Context, param: click.Parameter, given: Any) -> Any:
        overruled = (source(ctx, param.name or ""), source(ctx, key(rival))) == (OF_VARIABLE, TYPED)
        return None if overruled else given

    return value


def _unsaid(ctx: click.Context, param: click.Parameter, value: int) -> int:
    """Return an option's value, as `Unsaid` if nobody gave it."""
    return Unsaid(value) if source(ctx, param.name or "") == DEFAULT else value


def source(ctx: click.Context, name: str) -> str:
    """Return where the value of an option comes from (`variables.TYPED` and so on).

    It is empty if the command does not have the option, or got its value in another way, such as an answer to a question.
    """
    found = ctx.get_parameter_source(name)
    return _SOURCES.get(found, "") if found else ""


def current_sources() -> dict[str, str]:
    """Return where the values of the command that runs come from, by the options' names; nothing if none runs."""
    ctx = click.get_current_context(silent=True)
    return {name: source(ctx, name) for name in ctx.params} if ctx else {}


@click.command("get-token", cls=StrictCommand)
@options(*GET_TOKEN)
def _only_parsed(**_values: object) -> None:
    """Stand for `get-token` where its arguments are read, and nothing is run."""


def parsed(args: list[str]) -> click.Context:
    """Return what arguments of `get-token` say, and where each value comes from.

    ``--help`` is unknown here, because it would be answered on standard output.

    Raises:
        click.ClickException: `get-token` refuses them.
    """
    return _only_parsed.make_context("kubectl oidc-login get-token", args, help_option_names=[])
