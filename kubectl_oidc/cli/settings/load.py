"""Load the settings files: the user's own, and the machine's."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.errors import SettingsError
from kubectl_oidc.fast_path import known_command
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.system.account_home import account_home
from kubectl_oidc.system.toml_file import TomlFile, read_toml
from kubectl_oidc.text import sanitize

from .default_values import DEFAULTS, ISSUER, Layer, flags_of_commands, read_layers, unknown
from .rules import MEANINGS, RULES, Rules, read_rules, support_link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.cli.options.flag import Flag

_ROOT = 0


UNUSED_TABLE_HINT = "write the issuer of the section exactly like --oidc-issuer-url"


class Settings(NamedTuple):
    """What both files say.

    Attributes:
        user: The defaults of the user's file by issuer; those for every issuer under an empty text.
        machine: Those of the machine's file.
        rules: The rules; None without a machine's file.
    """

    user: dict[str, Layer]
    machine: dict[str, Layer]
    rules: Rules | None

    def layers(self, issuer: str) -> Iterator[Layer]:
        """Return the tables with defaults for an issuer, the strongest first."""
        for one in (self.user, self.machine):
            for name in dict.fromkeys((issuer, "")):
                if name in one:
                    yield one[name]

    def issuer(self) -> str:
        """Return the default issuer; empty if there is none."""
        found = (layer.values.get("oidc_issuer_url") for layer in self.layers(""))
        return next((issuer for issuer in found if issuer), "")

    def unused_table(self, issuer: str) -> str:
        """Return a sentence about a table of nearly this issuer, whose values are not used; empty if there is none."""
        for file in (self.user, self.machine):
            for name, layer in file.items():
                if name != issuer and issuer and name.rstrip("/").lower() == issuer.rstrip("/").lower():
                    return f"{layer.file.where(layer.tables)} is not used: the issuer is {sanitize(issuer)}"
        return ""

    def named_issuers(self) -> frozenset[str]:
        """Return every issuer that one of the files names, as default or with a table of its own."""
        files = (self.user, self.machine)
        defaults = (file[""].values.get("oidc_issuer_url") for file in files if "" in file)
        return frozenset({*self.user, *self.machine, *filter(None, defaults)} - {""})


def load() -> Settings:
    """Return what both files say now.

    Raises:
        SettingsError: One of them is wrong. A wrong file is never ignored.
    """
    return _load(*known_command.settings_files(), known_command.settings_state())


@lru_cache(1)
def _load(user: str, machine: str, _state: str) -> Settings:
    rules, of_machine = load_machine(machine)
    return Settings(load_user(user), of_machine, rules)


def load_user(path: str) -> dict[str, Layer]:
    """Return the defaults of the user's file; none without one.

    Raises:
        SettingsError: It is wrong.
    """
    file = _read_own(path)
    if file is None:
        return {}
    if RULES in file.data:
        machine = known_command.settings_files()[1]
        raise file.error(
            (RULES,),
            "belongs in the machine's file",
            f"remove it, or write it to {machine} as an administrator",
        )
    _check_tables(file, (DEFAULTS, ISSUER))
    return read_layers(file)


def load_machine(path: str) -> tuple[Rules | None, dict[str, Layer]]:
    """Return the rules and the defaults of the machine's file; none without one.

    Raises:
        SettingsError: It is wrong, or the program is older than it allows.
    """
    file = read_toml(path, {_ROOT}, machine=True)
    if file is None:
        return None, {}
    rules = read_rules(file)
    _check_tables(file, (DEFAULTS, ISSUER, RULES))
    return rules, read_layers(file)


def _read_own(path: str) -> TomlFile | None:
    if not path:
        return None
    try:
        os.stat(path)  # noqa: PTH116 - of a text
    except PermissionError:
        return None  # HOME is another user's, whose files say nothing here
    except (OSError, ValueError):
        pass  # `read_toml` says why
    owners = {_ROOT}
    if sys.platform != "win32":
        owners.add(os.geteuid())
    return read_toml(path, owners, machine=False)


def is_moved() -> bool:
    """Return whether a variable has moved the user's file, as one in an exec section can: it is not in the account's home."""
    path, home = known_command.settings_files()[0], account_home()
    if home is None:
        return True
    usual = home / "AppData" / "Roaming" if sys.platform == "win32" else home / ".config"
    return Path(path).resolve() != (usual / known_command.SETTINGS).resolve()


def defaults_of_commands() -> dict[str, Any]:
    """Return the defaults of the flags that are not those of a sign-in, by the names of `variables.key`.

    Raises:
        SettingsError: A settings file is wrong.
    """
    return {flag.key: layer.values[flag.key] for flag, layer in layers_of_commands()}


def layers_of_commands() -> Iterator[tuple[Flag, Layer]]:
    """Yield each such flag that a file sets, and the table that does."""
    if not known_command.settings_state():
        return
    layers = [*load().layers("")]
    for flag in flags_of_commands():
        for layer in layers:
            if flag.key in layer.values:
                yield flag, layer
                break


def link_for_support() -> str:
    """Return the support link of the machine's file; empty if it has none or cannot be read."""
    if not known_command.settings_state():
        return ""
    try:
        file = read_toml(known_command.settings_files()[1], {_ROOT}, machine=True)
    except SettingsError:
        return ""
    return support_link(file) if file else ""


def _check_tables(file: TomlFile, known: tuple[str, ...]) -> None:
    for name, value in file.data.items():
        if name in known:
            continue
        if isinstance(value, dict | list):
            raise unknown(file, (name,), known, "a section of this file")
        raise _outside(file, name, known)


def _outside(file: TomlFile, key: str, sections: tuple[str, ...]) -> SettingsError:
    """Return the error of a key that is in no section of a file, with the flag or rule that was probably intended."""
    from difflib import get_close_matches

    flags = [flag.name.removeprefix("--") for flag in (*FLAGS, *flags_of_commands()) if not flag.hidden]
    near = get_close_matches(key.lstrip("-"), [*flags, *(MEANINGS if RULES in sections else ())], 1)
    more = "" if key in near else f"; did you mean {near[0]}?" if near else ", or remove it"
    listed = " or ".join('[issuer."URL"]' if name == ISSUER else f"[{name}]" for name in sections)
    return file.error((key,), "is outside any section", f"move it below {listed}{more}")
