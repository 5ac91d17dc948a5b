"""Environment variables for the options: the flag decides, else its variable, else the default.

``--token-cache-dir`` is ``KUBECTL_OIDC_TOKEN_CACHE_DIR``, and ``--oidc-issuer-url`` is ``KUBECTL_OIDC_ISSUER_URL``: the
flag's name in capitals, and ``oidc`` once. An empty variable is none. They are part of what the hot half knows a command
by (``hot/words.py``), so that a changed one is a command that it does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from kubectl_oidc import csv_text
from kubectl_oidc.fast_path.known_command import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    Callback = Callable[[click.Context, click.Parameter, Any], Any]


LISTS = frozenset({"--oidc-extra-scope", "--oidc-token-exchange-scope", "--listen-address"})
"""The repeatable flags of which each use is a list; each use of the others is one value, as in kubelogin."""


TYPED_ONLY: dict[str, Any] = {"envvar": None, "show_envvar": False}
"""The settings of an option that has no variable: nothing that destroys, writes or skips a question may come from one."""


def variable(flag: str) -> str:
    """Return the name of a flag's variable.

    Args:
        flag: The flag, with its dashes.
    """
    return VARIABLES + flag.removeprefix("--").removeprefix("oidc-").replace("-", "_").upper()


def completed(names: tuple[str, ...], settings: dict[str, Any]) -> dict[str, Any]:
    """Return an option's settings with its variable, and with what a shell completes it with.

    Args:
        names: The option's names.
        settings: What click is told of it.
    """
    if settings.get("expose_value") is False:
        return settings  # without effect, wherever it comes from
    flag = next(name for name in names if name.startswith("--"))
    more: dict[str, Any] = {"envvar": variable(flag), "show_envvar": True}
    if settings.get("multiple"):
        more["cls"] = Pairs if "=" in settings.get("metavar", "") else Repeatable
    kind = {"FILE": "file", "DIR": "dir"}.get(settings.get("metavar", ""))
    if kind:
        more["shell_complete"] = lambda _ctx, _param, incomplete: [CompletionItem(incomplete, type=kind)]
    return {**more, **settings}


class Repeatable(click.Option):
    """An option that may be given several times; in its variable commas stand between the values."""

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return the values in the variable, or None."""
        text = self.resolve_envvar_value(ctx)
        if text is None:
            return None
        return (text,) if self.opts[0] in LISTS else tuple(csv_text.read(str(self.envvar), [text]))


class Pairs(Repeatable):
    """A repeatable option of NAME=VALUE, whose variable is read as one use of the flag is."""

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return the variable as one value, or None."""
        text = self.resolve_envvar_value(ctx)
        return None if text is None else (text,)


def overruled_by(rival: str) -> Callback:
    """Return a callback for an option that says the same as another: the one on the command line overrules the variable.

    Where both come from one place both are kept, and whoever uses them refuses them.

    Args:
        rival: The other option's name, as click spells it.
    """

    def value(ctx: click.Context, param: click.Parameter, given: Any) -> Any:
        own, other = (ctx.get_parameter_source(name) for name in (param.name or "", rival))
        overruled = own is ParameterSource.ENVIRONMENT and other is ParameterSource.COMMANDLINE
        return None if overruled else given

    return value
