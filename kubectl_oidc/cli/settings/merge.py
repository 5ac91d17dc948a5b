"""Merge the values of flags with those of the settings files, and hold them to the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_oidc.cli.options.arguments import default_value
from kubectl_oidc.cli.options.flag_values import FlagValues
from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.cli.options.tls import TLS, TRUST
from kubectl_oidc.cli.options.variables import DEFAULT, OF_VARIABLE, TYPED, key, variable
from kubectl_oidc.errors import PolicyError
from kubectl_oidc.fast_path.known_command import settings_files
from kubectl_oidc.http.tls import SYSTEM_TRUST
from kubectl_oidc.http.trust import describe_trust, trust_identity
from kubectl_oidc.text import sanitize

from .default_values import SENT_TO_THE_ISSUER
from .load import is_moved, load
from .rules import ALLOWED_ISSUERS, FORBIDDEN, STORAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from kubectl_oidc.cli.options.flag import Flag
    from kubectl_oidc.cli.options.variables import Source

    from .load import Settings
    from .rules import Rules

_STORAGE, _ISSUER = "token_cache_storage", "oidc_issuer_url"
_MOST = 5  # issuers that an error names


def merge(
    values: Mapping[str, Any],
    sources: Mapping[str, Source],
    *,
    in_exec_section: bool,
    instead: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Source], PolicyError | None]:
    """Return the values, where they come from, and why a rule forbids to sign in with them.

    Args:
        values: The values by the names of `variables.key`.
        sources: Where they come from.
        in_exec_section: Whether the values may be those of a kubeconfig.
        instead: Values that a person typed. They replace the others, after the rules for exec sections.

    Raises:
        SettingsError: A settings file is wrong.
    """
    settings, merged, origin = load(), dict(values), dict(sources)
    rules, refusal = settings.rules, None
    if rules and in_exec_section:
        refusal = _take_back(rules, merged, origin, _argument_or_variable)
    merged.update(instead)
    origin.update(dict.fromkeys(instead, TYPED))
    _fill_in(settings, merged, origin)
    if rules and in_exec_section:
        moved = _take_back(rules, merged, origin, _moved_file)
        refusal = refusal or moved
    if in_exec_section:
        refusal = refusal or _withhold(merged, origin, typed=instead)
    if rules and rules.storage and _STORAGE in merged:
        merged[_STORAGE], origin[_STORAGE] = rules.storage, rules.place(STORAGE)
    if rules:
        refusal = _other_issuer(rules, merged.get(_ISSUER)) or refusal
    return merged, origin, refusal


def _fill_in(settings: Settings, merged: dict[str, Any], origin: dict[str, Source]) -> None:
    """Give the flags that nobody gives their values in the files."""
    before, sources = dict(merged), dict(origin)
    issuer = before.get(_ISSUER) if sources.get(_ISSUER) != DEFAULT else settings.issuer()
    for flag in FLAGS:
        if sources.get(flag.key) != DEFAULT or _is_overruled(flag, before, sources):
            continue
        for layer in settings.layers(issuer or ""):
            if flag.key in layer.values and flag.key in merged:
                merged[flag.key], origin[flag.key] = layer.values[flag.key], layer.place(flag)
                break
    _drop_what_is_not_asked(merged, origin)


def _is_overruled(flag: Flag, values: Mapping[str, Any], sources: Mapping[str, Source]) -> bool:
    """Return whether a flag is given that says the same in another way."""
    rival = key(flag.excludes) if flag.excludes else ""
    return bool(rival and values.get(rival) and sources.get(rival) in (TYPED, OF_VARIABLE))


def _drop_what_is_not_asked(merged: dict[str, Any], origin: dict[str, Source]) -> None:
    """Take back the defaults of files that this grant has no use for, and that `conflicts` would refuse."""
    given = FlagValues(merged, sources=origin)
    for flag in FLAGS:
        useless = (flag.parameter and not given.authorizes()) or (
            flag.person and given.grant() == "client-credentials"
        )
        if useless and not isinstance(origin.get(flag.key, DEFAULT), str):
            merged[flag.key], origin[flag.key] = default_value(flag), DEFAULT


def _other_issuer(rules: Rules, issuer: str | None) -> PolicyError | None:
    """Return the error of an issuer that the rules do not allow."""
    if not issuer or not rules.allowed_issuers or issuer in rules.allowed_issuers:
        return None
    return PolicyError(
        f"{rules.place(ALLOWED_ISSUERS)} does not allow the issuer {sanitize(issuer)}",
        f"allowed: {', '.join(map(sanitize, rules.allowed_issuers[:_MOST]))}; ask who gave you this kubeconfig",
    )


def _take_back(
    rules: Rules,
    merged: dict[str, Any],
    origin: dict[str, Source],
    setter: Callable[[Flag, Source], str],
) -> PolicyError | None:
    """Take back the values that an exec section may not set, so that no command uses them; return the error of the first one.

    Args:
        setter: Returns what sets a flag, if an exec section can have done it; else an empty text.
    """
    given, refusal = FlagValues(merged, sources=origin), None
    for flag in FLAGS:
        by = (
            setter(flag, given.source(flag.name))
            if flag.name in rules.forbidden and flag.key in merged
            else ""
        )
        if not by:
            continue
        if given.says(flag.name) and refusal is None:
            refusal = PolicyError(
                f"{rules.place(FORBIDDEN)} does not allow an exec section to set {flag.name}, and {by} does",
                f"remove it there, or set it in your own settings file {sanitize(settings_files()[0])}",
            )
        merged[flag.key], origin[flag.key] = default_value(flag), DEFAULT
    return refusal


def _withhold(
    merged: dict[str, Any], origin: dict[str, Source], *, typed: Collection[str]
) -> PolicyError | None:
    """Take back the secrets of settings files if an exec section chooses whom to trust as the provider; return the error.

    Else a kubeconfig that names the right issuer could lead them elsewhere.

    Args:
        typed: The values that a person typed.
    """
    secrets = [
        flag
        for flag in FLAGS
        if flag.name in SENT_TO_THE_ISSUER and not isinstance(origin.get(flag.key, DEFAULT), str)
    ]
    by = _own_trust(FlagValues(merged, sources=origin), typed) if secrets else ""
    if not by:
        return None
    first = secrets[0]
    refusal = PolicyError(
        f"{origin[first.key]} gives {first.name}, which is not sent, because {by}",
        f"remove it from the exec section and the environment, or set certificate-authority in your own settings file {sanitize(settings_files()[0])}",
    )
    for flag in secrets:
        merged[flag.key], origin[flag.key] = default_value(flag), DEFAULT
    return refusal


def _own_trust(given: FlagValues, typed: Collection[str]) -> str:
    """Return, in words, what an exec section can have set that chooses whom to trust; empty if there is nothing."""
    for flag in TLS:
        if flag.name in TRUST and flag.key not in typed and given.says(flag.name):
            source = given.source(flag.name)
            by = _argument_or_variable(flag, source) or _moved_file(flag, source)
            if by:
                return f"{by} sets {flag.name}"
    from_variables = trust_identity(SYSTEM_TRUST)
    return f"the environment sets {describe_trust(from_variables)}" if from_variables else ""


def _argument_or_variable(flag: Flag, source: Source) -> str:
    if source == OF_VARIABLE:
        return variable(flag.name)
    return "an argument" if source == TYPED else ""


def _moved_file(_flag: Flag, source: Source) -> str:
    is_own = not isinstance(source, str) and source.file.path == settings_files()[0]
    return f"{source}, to which a variable leads," if is_own and is_moved() else ""
