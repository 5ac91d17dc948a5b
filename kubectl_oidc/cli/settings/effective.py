"""What flags are worth in the end: the command line, else the variable, the user's file, the machine's file, the default.

A rule of the machine's file comes before all of them.
"""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.cli.options.to_request import token_request
from kubectl_oidc.cli.options.variables import DEFAULT, TYPED
from kubectl_oidc.errors import UsageError
from kubectl_oidc.fast_path.known_command import settings_state
from kubectl_oidc.named_tuple import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.cli.options.variables import Source
    from kubectl_oidc.errors import PolicyError

_ISSUER = "oidc_issuer_url"


class Effective(NamedTuple):
    """The flags' values with those of the settings files.

    Attributes:
        values: The values, by the names of `variables.key`.
        sources: Where they come from.
        refusal: Why a rule forbids to sign in with them; None if none does.
        state: The state of the files from before they were read; empty if there are none.
    """

    values: dict[str, Any]
    sources: Mapping[str, Source]
    refusal: PolicyError | None = None
    state: str = ""

    def request(self) -> SignInRequest:
        """Return the request with these values. A refused one raises its error when somebody would be signed in.

        Raises:
            UsageError: As for `token_request`; it names the lines of the files that the value comes from.
        """
        try:
            request = token_request(self.values)._replace(refusal=self.refusal)
        except UsageError as error:
            for flag in FLAGS:
                source = self.sources.get(flag.key, DEFAULT)
                if not isinstance(source, str) and flag.name in error.message:
                    from .default_values import as_key

                    error.message += f"; {source} gives {flag.name}"
                    error.hint = as_key(error.hint, flag)
            raise
        if not self.state:
            return request
        from .load import link_for_support

        return request._replace(support_link=link_for_support())


def effective(
    values: dict[str, Any],
    sources: Mapping[str, Source],
    *,
    in_exec_section: bool = False,
    instead: Mapping[str, Any] = MappingProxyType({}),
) -> Effective:
    """Return the flags' values with those of the settings files.

    Args:
        values: The values by the names of `variables.key`; those that a command lacks are absent.
        sources: Where they come from. One without a source counts as typed.
        in_exec_section: Whether the arguments and variables may be those of a kubeconfig.
        instead: The values that a person typed to replace those of the kubeconfig.

    Raises:
        SettingsError: A settings file is wrong.
    """
    state = settings_state()
    # kubectl sets the variable for every command that an exec section starts, after the section's own variables.
    by_kubectl = "KUBERNETES_EXEC_INFO" in os.environ
    if instead and (by_kubectl or not state):  # a command line in an exec section is not a person's
        values, sources = {**values, **instead}, {**sources, **dict.fromkeys(instead, TYPED)}
        instead = {}
    if not state:
        return Effective(values, sources)
    from .merge import merge

    merged = merge(values, sources, in_exec_section=in_exec_section or by_kubectl, instead=instead)
    return Effective(*merged, state)


def apply_to(ctx: click.Context) -> Effective:
    """Set the values of the settings files as parameters of a command line, once its issuer is known; also return all values.

    Raises:
        SettingsError: A settings file is wrong.
    """
    from click.core import ParameterSource

    from kubectl_oidc.cli.options.click_options import current_sources

    given = effective(ctx.params, current_sources())
    if given.values.get(_ISSUER):
        for name, source in given.sources.items():
            if not isinstance(source, str):
                ctx.params[name] = given.values[name]
                ctx.set_parameter_source(name, ParameterSource.DEFAULT_MAP)
    return given
