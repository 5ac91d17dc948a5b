"""Turn the command line of `setup` into the arguments of ``get-token`` that a kubeconfig user gets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click.core import ParameterSource

from kubectl_oidc import csv_text
from kubectl_oidc.cli.options import name_value
from kubectl_oidc.cli.options.shared import IDENTITY, SIGN_IN
from kubectl_oidc.errors import UsageError
from kubectl_oidc.kubeconfig import Arg
from kubectl_oidc.secret import Secret
from kubectl_oidc.times import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

    from kubectl_oidc.authentication.request import SignInRequest


def stanza_args(ctx: click.Context, request: SignInRequest) -> Iterator[Arg]:
    """Return the arguments with which get-token makes the same request.

    Args:
        ctx: The command line: which options were given, in the order of the table.
        request: The request that was parsed from it.

    Raises:
        UsageError: A value cannot be written into a kubeconfig.
    """
    for option, source in _given(ctx):
        name, flag = option.name or "", option.opts[0]
        if source is ParameterSource.ENVIRONMENT and name not in _WHO:
            continue  # get-token reads the variable again, and a flag would override a variable that changes
        for arg in _args(name, flag, ctx.params[name], request):
            try:
                arg.whole().encode()
            except UnicodeEncodeError:
                raise UsageError(
                    f"the value of {flag} is not UTF-8 text", "write it in UTF-8, as a kubeconfig is"
                ) from None
            yield arg


def variables_not_written(ctx: click.Context) -> Iterator[str]:
    """Return the variables whose flags are not written, because get-token reads the variables itself."""
    for option, source in _given(ctx):
        if source is ParameterSource.ENVIRONMENT and option.name not in _WHO:
            yield str(option.envvar)


def _given(ctx: click.Context) -> Iterator[tuple[click.Parameter, ParameterSource]]:
    """Return the options of get-token that were given, in the order of the table, each with its source."""
    shared = {names[0] for names, _ in (*IDENTITY, *SIGN_IN)}
    for option in ctx.command.params:
        name = option.name or ""
        source = ctx.get_parameter_source(name)
        if option.opts[0] not in shared or source in (None, ParameterSource.DEFAULT):
            continue
        if ctx.params[name] not in ("", None):
            yield option, source


_WHO = frozenset({"oidc_issuer_url", "oidc_client_id"})
"""Parameters that a kubeconfig user must have, so they are written even if they come from a variable."""

_PATHS = frozenset(
    {
        *("token_cache_dir", "oidc_client_secret_file", "oidc_client_assertion_key"),
        *("oidc_client_certificate", "oidc_client_key", "local_server_cert", "local_server_key"),
    }
)


def _args(name: str, flag: str, value: Any, request: SignInRequest) -> Iterator[Arg]:
    match name:
        case "oidc_client_secret" | "password":
            yield Arg(flag, Secret(value))
        case "oidc_extra_scope":
            yield from (Arg(flag, csv_text.write(scope)) for scope in request.scopes if scope != "openid")
        case "oidc_request_header":
            yield from (_header(*pair) for pair in request.request_headers)
        case "oidc_auth_request_extra_params" | "expect_claim":
            given = request.extra_params if name.startswith("oidc") else request.account.expect_claims
            yield from (Arg(flag, name_value.format_name_value(*pair)) for pair in given)
        case "min_ttl" | "max_age":
            yield Arg(flag, written(value))
        case "certificate_authority":
            yield from (Arg(flag, _absolute(path)) for path in value if path)
        case _ if name in _PATHS:
            yield Arg(flag, _absolute(value))
        case _ if isinstance(value, bool):
            yield Arg(flag, None if value else "false")
        case _ if isinstance(value, tuple):
            yield from (Arg(flag, str(item)) for item in value)
        case _:
            yield Arg(flag, str(value))


def _header(name: str, value: str) -> Arg:
    arg, word = Arg.header(name, value), name_value.format_name_value(name, value)
    return replace(arg, value=Secret(word) if arg.secret else word)


def _absolute(path: str) -> str:
    """Return an absolute path, or one that starts with ``~``, which get-token expands."""
    return path if path.startswith("~") else str(Path(path).absolute())
