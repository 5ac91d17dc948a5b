"""What flags are worth in the end: the command line, else the variable, the user's file, the machine's file, the default.

A rule of the machine's file comes before all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kubectl_oidc.cli.options.flag_values import FlagValues
from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.cli.options.to_request import token_request
from kubectl_oidc.cli.options.variables import DEFAULT, OF_VARIABLE, TYPED, key, variable
from kubectl_oidc.errors import UsageError
from kubectl_oidc.fast_path.known_command import settings_files, settings_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.cli.options.flag import Flag
    from kubectl_oidc.cli.options.variables import Source
    from kubectl_oidc.errors import PolicyError

    from .load import Settings
    from .rules import Rules

_GIVEN = (TYPED, OF_VARIABLE)
_STORAGE, _ISSUER = "token_cache_storage", "oidc_issuer_url"


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
            return token_request(self.values)._replace(refusal=self.refusal)
        except UsageError as error:
            for flag in FLAGS:
                source = self.sources.get(flag.key, DEFAULT)
                if not isinstance(source, str) and flag.name in error.message:
                    error.message += f"; {source} gives {flag.name}"
            raise


def effective(
    values: dict[str, Any], sources: Mapping[str, Source], *, in_exec_section: bool = False
) -> Effective:
    """Return the flags' values with those of the settings files.

    Args:
        values: The values by the names of `variables.key`; those that a command lacks are absent.
        sources: Where they come from. One without a source counts as typed.
        in_exec_section: Whether the arguments and variables may be those of a kubeconfig.

    Raises:
        SettingsError: A settings file is wrong.
    """
    state = settings_state()
    if not state:
        return Effective(values, sources)
    from .load import load

    settings = load()
    merged, origin = dict(values), dict(sources)
    issuer = values.get(_ISSUER) if sources.get(_ISSUER) != DEFAULT else settings.issuer()
    for flag in FLAGS:
        if (
            flag.key in merged
            and origin.get(flag.key) == DEFAULT
            and not _is_overruled(flag, values, sources)
        ):
            _apply(flag, settings, issuer or "", merged, origin)
    _drop_what_is_not_asked(values, merged, origin)
    refusal = None
    if settings.rules:
        refusal = _refusal(
            settings.rules, FlagValues(merged, sources=origin), in_exec_section=in_exec_section
        )
        if settings.rules.storage and _STORAGE in merged:
            merged[_STORAGE], origin[_STORAGE] = (
                settings.rules.storage,
                settings.rules.place("token-cache-storage"),
            )
    return Effective(merged, origin, refusal, state)


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


def _apply(
    flag: Flag, settings: Settings, issuer: str, merged: dict[str, Any], origin: dict[str, Source]
) -> None:
    for layer in settings.layers(issuer):
        if flag.key in layer.values:
            merged[flag.key], origin[flag.key] = layer.values[flag.key], layer.place(flag)
            return


def _is_overruled(flag: Flag, values: Mapping[str, Any], sources: Mapping[str, Source]) -> bool:
    """Return whether a flag is given that says the same in another way."""
    rival = key(flag.excludes) if flag.excludes else ""
    return bool(rival and values.get(rival) and sources.get(rival) in _GIVEN)


def _drop_what_is_not_asked(
    before: Mapping[str, Any], merged: dict[str, Any], origin: dict[str, Source]
) -> None:
    """Take back the defaults of files that this grant has no use for, and that `conflicts` would refuse."""
    given = FlagValues(merged, sources=origin)
    for flag in FLAGS:
        useless = (flag.parameter and not given.authorizes()) or (
            flag.person and given.grant() == "client-credentials"
        )
        if useless and not isinstance(origin.get(flag.key, DEFAULT), str):
            merged[flag.key], origin[flag.key] = before[flag.key], DEFAULT


def _refusal(rules: Rules, given: FlagValues, *, in_exec_section: bool) -> PolicyError | None:
    """Return why the rules forbid a sign-in with these values; None if they do not."""
    from kubectl_oidc.errors import PolicyError
    from kubectl_oidc.text import sanitize

    issuer = given.value("--oidc-issuer-url")
    if issuer and rules.allowed_issuers and issuer not in rules.allowed_issuers:
        return PolicyError(
            f"{rules.place('allowed-issuers')} does not allow to sign in at {sanitize(issuer)}",
            f"allowed: {', '.join(map(sanitize, rules.allowed_issuers[:5]))}; do not use a kubeconfig that you do not know",
        )
    for flag in rules.forbidden if in_exec_section else ():
        by = _forbidden_source(given, flag)
        if by:
            return PolicyError(
                f"{rules.place('forbidden-in-exec-section')} does not allow an exec section to set {flag}, and {by} does",
                f"remove it there; if you need it, write it to your own settings file {sanitize(settings_files()[0])}",
            )
    return None


def _forbidden_source(given: FlagValues, flag: str) -> str:
    """Return what sets a flag that exec sections may not set, and could be in one; empty if nothing does."""
    from kubectl_oidc.system.toml_file import Place

    from .load import is_moved

    source = given.source(flag)
    if not given.value(flag) or source == DEFAULT:
        return ""
    if source == TYPED:
        return "an argument"
    if source == OF_VARIABLE:
        return variable(flag)
    is_own = isinstance(source, Place) and source.file.path == settings_files()[0]
    return f"{source}, to which a variable leads," if is_own and is_moved() else ""
