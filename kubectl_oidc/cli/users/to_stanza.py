"""Turn the command line of `setup` into the arguments of ``get-token`` that a kubeconfig user gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.core import ParameterSource

from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.cli.options.variables import variable
from kubectl_oidc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import click

    from kubectl_oidc.cli.options.flag import Flag
    from kubectl_oidc.kubeconfig import Arg


_READ_AGAIN = (ParameterSource.ENVIRONMENT, ParameterSource.DEFAULT_MAP)
"""The sources that get-token reads again: variables and settings files."""


def stanza_args(ctx: click.Context, flags: Sequence[Flag] = FLAGS) -> Iterator[Arg]:
    """Return the arguments with which get-token makes the same request, in the order of the table.

    Raises:
        UsageError: A value cannot be written into a kubeconfig.
    """
    for flag, of_variable in _given(ctx, flags):
        if of_variable:
            continue  # get-token reads the variable or file again, and a flag would override one that changes
        for arg in flag.kind.kept(flag.name, ctx.params[flag.key]):
            try:
                arg.with_secret().encode()
            except UnicodeEncodeError:
                raise UsageError(
                    f"the value of {flag.name} is not UTF-8 text", "write it in UTF-8, as a kubeconfig is"
                ) from None
            yield arg


def variables_not_written(ctx: click.Context) -> Iterator[str]:
    """Return the variables whose flags are not written, because get-token reads the variables itself."""
    for flag, of_variable in _given(ctx, FLAGS):
        if of_variable and ctx.get_parameter_source(flag.key) is ParameterSource.ENVIRONMENT:
            yield variable(flag.name)


def _given(ctx: click.Context, flags: Sequence[Flag]) -> Iterator[tuple[Flag, bool]]:
    """Return the flags that have a value, and whether only a variable or a settings file gives it; a required flag is always written."""
    for flag in flags:
        source = ctx.get_parameter_source(flag.key)
        if source not in {None, ParameterSource.DEFAULT} and ctx.params[flag.key] not in {"", None}:
            yield flag, source in _READ_AGAIN and not flag.required
