"""Defaults for flags in a settings file: each key is a flag's name, each value is checked like the flag's."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from kubectl_oidc.cli.options.arguments import read_uses
from kubectl_oidc.cli.options.flags import FLAGS, KEEP_PROVIDER_SESSION, LOG_FORMAT, VERBOSE
from kubectl_oidc.cli.options.kinds import DIR, FILE, FILES, ONE, SECRET, SWITCH
from kubectl_oidc.cli.options.types import FRACTION, LEVEL, SECONDS
from kubectl_oidc.errors import OidcLoginError, SettingsError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.system.toml_file import Place
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import check_issuer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from kubectl_oidc.cli.options.flag import Flag
    from kubectl_oidc.system.toml_file import TomlFile

DEFAULTS, ISSUER = "defaults", "issuer"
"""The tables of a file: defaults for every issuer, and for one."""

_ISSUER_FLAG = "oidc-issuer-url"
SENT_TO_THE_ISSUER = (
    "--oidc-client-secret-file",
    "--oidc-client-assertion-file",
    "--oidc-client-assertion-github-audience",
    "--oidc-request-header",
)
"""The flags with secrets that every issuer would be sent, one of a stranger's kubeconfig, too."""

_FEW = 5  # names that a hint lists

_NUMBERS = {SECONDS: "a number", LEVEL: "a number", FRACTION: 'a number or "off"'}


class Layer(NamedTuple):
    """The defaults in one table of a file.

    Attributes:
        file: The file.
        tables: The names of the table and of those that it is in.
        values: The values by the names of `variables.key`, as the command line would give them.
    """

    file: TomlFile
    tables: tuple[str, ...]
    values: dict[str, Any]

    def place(self, flag: Flag) -> Place:
        """Return where a flag's default is given."""
        return Place(self.file, (*self.tables, _name(flag)))


def flags_of_commands() -> tuple[Flag, ...]:
    """Return the flags that are not those of a sign-in and that may have a default in a file: of the log, of `logout` and of `setup`.

    Those that say what a command acts on, does or prints are not among them: a file cannot answer a question with yes.
    """
    from kubectl_oidc.cli.options.setup import CLUSTER, KUBECONFIG

    acts_on = {"--kubeconfig", "--user", "--output-dir"}
    setup = (flag for flag in (*CLUSTER, *KUBECONFIG) if flag.has_variable and flag.name not in acts_on)
    return (VERBOSE, LOG_FORMAT, KEEP_PROVIDER_SESSION, *setup)


def read_layers(file: TomlFile, flags: Iterable[Flag] = FLAGS) -> dict[str, Layer]:
    """Return the defaults of a file by issuer; those for every issuer under an empty text.

    Raises:
        SettingsError: A key is unknown, or a value is wrong.
    """
    rows = {_name(flag): flag for flag in flags}
    layers = {"": Layer(file, (DEFAULTS,), dict(_values(file, (DEFAULTS,), rows)))}
    del rows[_ISSUER_FLAG]
    for issuer in table(file, (ISSUER,)):
        keys = (ISSUER, issuer)
        try:
            check_issuer(issuer)
        except OidcLoginError as error:
            raise file.error(keys, f"is not an issuer URL: {error.message}", error.hint) from None
        layers[issuer] = Layer(file, keys, dict(_values(file, keys, rows)))
    return layers


def table(file: TomlFile, keys: tuple[str, ...]) -> dict[str, Any]:
    """Return a table of a file; empty if it has none.

    Raises:
        SettingsError: It is not a table.
    """
    found: Any = file.data
    for key in keys:
        found = found.get(key, {})
    if not isinstance(found, dict):
        raise file.error(
            keys, f"is {_kind(found)}, not a section", f"write [{'.'.join(keys)}] and the keys below it"
        )
    return found


def unknown(file: TomlFile, keys: tuple[str, ...], known: Collection[str], what: str) -> SettingsError:
    """Return the error of a key that is not known, with the closest match."""
    from difflib import get_close_matches

    near = get_close_matches(keys[-1].lstrip("-"), known, 1)
    listed = ", ".join(known) if len(known) <= _FEW else "the names of flags, without their dashes"
    hint = f"did you mean {near[0]}?" if near else f"correct or remove it; known: {listed}"
    return file.error(keys, f"is not {what}", hint)


def texts(file: TomlFile, keys: tuple[str, ...], value: Any) -> tuple[str, ...]:
    """Return a list of texts.

    Raises:
        SettingsError: It is something else.
    """
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed) or not listed:
        raise file.error(keys, f"is {_kind(value)}, not a list of strings", 'write ["ONE", "TWO"]')
    return tuple(listed)


def text(file: TomlFile, keys: tuple[str, ...], value: Any) -> str:
    """Return a text that is not empty.

    Raises:
        SettingsError: It is something else.
    """
    if not isinstance(value, str) or not value:
        raise file.error(keys, f"is {_kind(value)}, not a string", "write it in quotes")
    return value


def _name(flag: Flag) -> str:
    return flag.name.removeprefix("--")


def _values(file: TomlFile, keys: tuple[str, ...], rows: Mapping[str, Flag]) -> Iterator[tuple[str, Any]]:
    """Return the flags that a table has defaults for, by their keys, and their values."""
    more: dict[str, Flag] = {}
    for name, value in table(file, keys).items():
        flag = rows.get(name)
        if flag is None and keys == (DEFAULTS,):
            more = more or {_name(one): one for one in flags_of_commands()}
            flag = more.get(name)
        if flag is None:
            raise unknown(file, (*keys, name), (*rows, *more), "a flag that this file can set")
        yield flag.key, _checked(file, (*keys, name), flag, value)


def _checked(file: TomlFile, keys: tuple[str, ...], flag: Flag, given: Any) -> Any:
    """Return a value as the command line would give it, if the flag accepts it."""
    if flag.kind is SECRET:
        raise file.error(
            keys,
            "is a secret, which a settings file cannot have",
            "use oidc-client-secret-file, or the variable",
        )
    if flag.name in SENT_TO_THE_ISSUER and keys[0] == DEFAULTS:
        raise file.error(
            keys,
            "would be sent to every issuer that a kubeconfig names",
            'move it below [issuer."URL"] of its issuer',
        )
    try:
        value = read_uses(flag.kind, _uses(file, keys, flag, given))
        flag.understood(value)
    except ValueError:
        choices, fault = flag.kind.choices, flag.kind.type.fault if flag.kind.type else ""
        why = fault.format("which") if fault else f"not one of {', '.join(choices)}"
        hint = f"write one of {', '.join(choices)}" if choices else "correct the value or remove it"
        raise file.error(keys, f"is {_kind(given)}, {why}", hint) from None
    except SettingsError:
        raise
    except OidcLoginError as error:
        message = as_key(error.message, flag)
        raise SettingsError(f"{file.where(keys)}: {message}", as_key(error.hint, flag)) from None
    if flag.kind in {FILE, FILES, DIR}:
        _check_paths(file, keys, value)
    return value


def as_key(words: str, flag: Flag) -> str:
    """Return words about a flag as words about its key: ``--name=VALUE`` becomes ``name = "VALUE"``."""
    with_value = re.sub(rf"{flag.name}=([^\s,;`]+)", rf'{_name(flag)} = "\1"', words)
    return with_value.replace(flag.name, _name(flag))


def _uses(file: TomlFile, keys: tuple[str, ...], flag: Flag, given: Any) -> tuple[str, ...]:
    """Return what a value would be on the command line, one text a use of the flag."""
    if flag.kind is SWITCH:
        if not isinstance(given, bool):
            raise file.error(
                keys, f"is {_kind(given)}, not true or false", "write true or false, without quotes"
            )
        return (str(given),)
    if flag.kind.uses != ONE:
        return texts(file, keys, given)
    if flag.kind.type in _NUMBERS:
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        if not is_number and given != "off":
            raise file.error(
                keys, f"is {_kind(given)}, not {_NUMBERS[flag.kind.type]}", "write the number without quotes"
            )
        return (str(given),)
    return (text(file, keys, given),)


def _check_paths(file: TomlFile, keys: tuple[str, ...], value: Any) -> None:
    """Refuse a relative path: it would mean another file in each working directory."""
    for path in value if isinstance(value, tuple) else (value,):
        if not (path.startswith("~") or os.path.isabs(path)):  # noqa: PTH117 - of a text
            raise file.error(
                keys,
                f"is the relative path {sanitize(path)}",
                "write an absolute path, or one that begins with ~/",
            )


def _kind(value: Any) -> str:
    """Return what a value is, for a message; a text or number is shown."""
    if isinstance(value, str | int | float):
        return sanitize(repr(value) if isinstance(value, str) else str(value).lower(), limit=60) or "empty"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a section"
    return "a date or a time"
