"""Environment variables for the options: the flag decides, else its variable, else the default.

``--token-cache-dir`` is ``KUBECTL_OIDC_TOKEN_CACHE_DIR``, and ``--oidc-issuer-url`` is ``KUBECTL_OIDC_ISSUER_URL``: the
flag's name in capitals, and ``oidc`` once. An empty variable counts as none. A command is known by them too
(``fast_path/known_command.py``), so that it is another command if one of them changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from kubectl_oidc import csv_text
from kubectl_oidc.fast_path.known_command import VARIABLE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    Callback = Callable[[click.Context, click.Parameter, Any], Any]


def key(flag: str) -> str:
    """Return the name of a flag, which has its dashes, among the values that click gives."""
    return flag.removeprefix("--").replace("-", "_")


def variable(flag: str) -> str:
    """Return the name of a flag's variable."""
    return VARIABLE_PREFIX + flag.removeprefix("--").removeprefix("oidc-").replace("-", "_").upper()


class Repeatable(click.Option):
    """An option that may be given several times; its variable is read as one use of it is."""

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return the variable as one value, or None."""
        text = self.resolve_envvar_value(ctx)
        return None if text is None else (text,)


class CommaSeparated(Repeatable):
    """An option whose uses have one value each, as in kubelogin; in its variable commas stand between the values."""

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return the values in the variable, or None."""
        text = self.resolve_envvar_value(ctx)
        return None if text is None else tuple(csv_text.read_list(str(self.envvar), [text]))


def overruled_by(rival: str) -> Callback:
    """Return a callback for an option that says the same as another: the one on the command line overrules the variable.

    If both come from one place, both are kept, and `conflicts` refuses them.
    """

    def value(ctx: click.Context, param: click.Parameter, given: Any) -> Any:
        own, other = (ctx.get_parameter_source(name) for name in (param.name or "", key(rival)))
        overruled = own is ParameterSource.ENVIRONMENT and other is ParameterSource.COMMANDLINE
        return None if overruled else given

    return value
