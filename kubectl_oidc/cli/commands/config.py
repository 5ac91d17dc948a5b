"""``kubectl oidc-login config``: show every flag's value with its source, and check the settings files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.options.click_options import current_sources
from kubectl_oidc.cli.options.environment_defaults import environment_defaults
from kubectl_oidc.cli.options.flags import FLAGS, USER_OPTIONS, log_at
from kubectl_oidc.cli.options.kinds import NUMBERS, ONE, SECRET, SWITCH
from kubectl_oidc.cli.options.variables import DEFAULT, OF_VARIABLE, variable
from kubectl_oidc.cli.output import echo_document, output
from kubectl_oidc.cli.settings.effective import effective
from kubectl_oidc.cli.settings.load import (
    UNUSED_TABLE_HINT,
    layers_of_commands,
    load,
    load_machine,
    load_user,
)
from kubectl_oidc.cli.settings.rules import MEANINGS, RULES
from kubectl_oidc.cli.table import echo_table
from kubectl_oidc.cli.users.from_stanza import effective_stanza, is_own_user, stanza_context, typed_params
from kubectl_oidc.cli.users.selection import ONE_SESSION
from kubectl_oidc.cli.users.sessions_of_users import kubeconfig_or_empty
from kubectl_oidc.cli.users.target import no_user
from kubectl_oidc.errors import KubeconfigError, SettingsError
from kubectl_oidc.fast_path.known_command import settings_files
from kubectl_oidc.kubeconfig.select import select_user
from kubectl_oidc.system.terminal import Terminal
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.cli.options.environment_defaults import Defaults
    from kubectl_oidc.cli.options.flag import Flag
    from kubectl_oidc.cli.options.variables import Source
    from kubectl_oidc.cli.settings.default_values import Layer
    from kubectl_oidc.cli.settings.effective import Effective
    from kubectl_oidc.cli.settings.rules import Rules
    from kubectl_oidc.kubeconfig import Entry

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_NO_HOME = "none, because there is no home directory"
_READ, _ABSENT, _WRONG = "read", "absent", "wrong"


@command(
    "config",
    *USER_OPTIONS,
    output("json", "yaml"),
    *ONE_SESSION,
    examples=(
        ("Show the flags of the current context's user", "kubectl oidc-login config"),
        ("Show those of another context as JSON", "kubectl oidc-login config --context=prod -o json"),
    ),
)
def config(**values: Any) -> int:
    """Show every flag's value and where it comes from, and check the settings files. Secrets are not shown.

    A rule of the machine's settings file always decides. Otherwise the first of these decides: the command line or exec
    section, the variable, your settings file, the machine's settings file, the default.

    The exit status is 1 if a settings file is wrong or a rule forbids the sign-in.
    """
    log_at(values.pop("v"), values.pop("log_format"))
    form = values["output"]
    files, rules, errors = _check_files()
    if errors:
        error, *others = errors
        if form:
            echo_document({"files": files, "rules": [], "flags": [], "refusal": error.message}, form)
            return error.exit_status
        _echo_files(files)
        error.lines = tuple(other.message for other in others)
        raise error
    given, user = _given(values)
    unused = load().unused_table(given.values.get("oidc_issuer_url") or "")
    if unused:
        Terminal().warn(unused, UNUSED_TABLE_HINT)
    shown_rules = list(_rules(rules))
    defaults = environment_defaults(user)
    flags = [
        _flag(flag, given, user, defaults) for flag in FLAGS if flag.key in given.values and not flag.hidden
    ]
    flags += [_default(flag, layer) for flag, layer in layers_of_commands()]
    if form:
        refusal = given.refusal.message if given.refusal else None
        echo_document({"files": files, "rules": shown_rules, "flags": flags, "refusal": refusal}, form)
        return 1 if refusal else 0
    _echo_files(files)
    click.echo()
    if rules:
        echo_table(("RULE", "VALUE", "SOURCE"), [_cells(one, "rule") for one in shown_rules])
        click.echo()
    echo_table(("FLAG", "VALUE", "SOURCE"), [_cells(one, "flag") for one in flags])
    if given.refusal:
        raise given.refusal
    return 0


def _check_files() -> tuple[list[dict[str, Any]], Rules | None, list[SettingsError]]:
    """Return both files and their states, the rules, and what is wrong."""
    user, machine = settings_files()
    files: list[dict[str, Any]] = []
    rules, errors = None, list[SettingsError]()
    for whose, path in (("user", user), ("machine", machine)):
        state = _READ if path and os.path.lexists(path) else _ABSENT
        try:
            if whose == "user":
                load_user(path)
            else:
                rules, _ = load_machine(path)
        except SettingsError as error:
            errors.append(error)
            state = _WRONG
        files.append({"whose": whose, "path": path or None, "state": state})
    return files, rules, errors


def _echo_files(files: list[dict[str, Any]]) -> None:
    rows = [(one["whose"], one["path"] or _NO_HOME, one["state"]) for one in files]
    echo_table(("SETTINGS OF", "FILE", "STATE"), rows)


def _given(values: dict[str, Any]) -> tuple[Effective, Entry | None]:
    """Return the values of the flags, and the kubeconfig user whose exec section they come from."""
    typed = typed_params(click.get_current_context())
    named = values["context"] or values["user"]
    if named or not {"oidc_issuer_url", "oidc_client_id"} <= typed.keys():
        kubeconfig, error = kubeconfig_or_empty(values["kubeconfig"], os.environ)
        if error and named:
            raise error
        chosen = select_user(kubeconfig, context=values["context"], user=values["user"])
        if chosen.user and (named or is_own_user(chosen.user)):
            return effective_stanza(chosen.user, typed), chosen.user
        if named:
            raise no_user(chosen, kubeconfig)
        try:
            if error:
                raise error
            if chosen.user:
                stanza_context(chosen.user)  # which raises what its exec section is instead
            elif kubeconfig.current_context:
                raise no_user(chosen, kubeconfig)
        except KubeconfigError as reason:
            Terminal().warn(f"{reason.message}, so no flag below comes from a kubeconfig user", reason.hint)
    return effective(values, current_sources()), None


def _rules(rules: Rules | None) -> Iterator[dict[str, Any]]:
    given = rules.file.data.get(RULES, {}) if rules else {}
    for name in MEANINGS:
        yield {
            "rule": name,
            "value": given.get(name),
            "source": str(rules.place(name)) if rules and name in given else None,
        }


def _flag(flag: Flag, given: Effective, user: Entry | None, defaults: Defaults) -> dict[str, Any]:
    value, source = given.values[flag.key], _source(flag, given.sources.get(flag.key, DEFAULT), user)
    if source == DEFAULT and flag.key in defaults:
        value, by_variable = defaults[flag.key]
        source = by_variable or source
    return {"flag": flag.name, "value": _value(flag, value), "source": source}


def _default(flag: Flag, layer: Layer) -> dict[str, Any]:
    """Return the row of a flag that is not one of a sign-in, and that a file sets."""
    value = _value(flag, layer.values[flag.key])
    return {"flag": flag.name, "value": value, "source": str(layer.place(flag))}


def _value(flag: Flag, value: Any) -> bool | float | str | list[str] | None:
    """Return a value for ``-o``: a list if the flag is repeatable, None for no value. Secrets are not shown."""
    if flag.kind is SWITCH:
        return bool(value)
    repeatable = flag.kind.uses != ONE
    if value in (None, "", ()):
        return [] if repeatable else None
    if flag.kind is SECRET:
        return "(secret)"
    shown = [str(text) for text in flag.kind.shown(flag.kind.understood(flag.name, value))]
    if repeatable:
        return shown
    text = ",".join(shown)
    return float(text) if flag.kind in NUMBERS and _NUMBER.fullmatch(text) else text


def _source(flag: Flag, source: Source, user: Entry | None) -> str:
    if not isinstance(source, str):
        return str(source)
    if source == OF_VARIABLE:
        return variable(flag.name)
    if source == DEFAULT:
        return DEFAULT
    typed = typed_params(click.get_current_context())
    if user is None or flag.key in typed:
        return "command line"
    return f"user {sanitize(user.name)} in {sanitize(Path(user.path))}"


def _cells(one: dict[str, Any], name: str) -> tuple[str, str, str]:
    value = one["value"]
    words = value if isinstance(value, list) else [] if value is None else [value]
    return one[name], ", ".join(_text(word) for word in words), one["source"] or ""


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).removesuffix(".0")
