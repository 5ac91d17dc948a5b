"""The rules of the machine's settings file: they come before every flag, variable and default."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.errors import OidcLoginError, PolicyError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.sessions.stores import CHOICES
from kubectl_oidc.system.toml_file import Place
from kubectl_oidc.urls import check_issuer
from kubectl_oidc.version import __version__

from .default_values import table, text, texts, unknown

if TYPE_CHECKING:
    from kubectl_oidc.system.toml_file import TomlFile

RULES = "rules"
ALLOWED_ISSUERS, FORBIDDEN, STORAGE = "allowed-issuers", "forbidden-in-exec-section", "token-cache-storage"
MINIMUM_VERSION, SUPPORT_LINK = "minimum-version", "support-link"
MEANINGS = {
    ALLOWED_ISSUERS: "A list of issuer URLs. Nobody can sign in at another issuer. Each must be the exact value of `--oidc-issuer-url`.",
    FORBIDDEN: "A list of flags, such as `browser-command`. No exec section may set them, neither by an argument nor by a variable.",
    STORAGE: "The storage that is used. It wins over the flag.",
    MINIMUM_VERSION: "The oldest version that may sign in. An older program only asks for an update.",
    SUPPORT_LINK: "A URL (`https:`, `http:` or `mailto:`) that every error shows.",
}
"""Each rule, and what it means, for the reference."""

_VERSION = re.compile(r"\d{1,9}(\.\d{1,9}){0,3}")


class Rules(NamedTuple):
    """The rules; an empty one has no effect.

    Attributes:
        file: The file that has them.
        allowed_issuers: The only issuers at which anybody may sign in.
        forbidden: The flags that exec sections may not set, with their dashes.
        storage: The value that `--token-cache-storage` has, whatever anybody says.
        minimum_version: The oldest version of this program that may be used.
        support_link: What every error shows.
    """

    file: TomlFile
    allowed_issuers: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    storage: str = ""
    minimum_version: str = ""
    support_link: str = ""

    def place(self, rule: str) -> Place:
        """Return where a rule is given."""
        return Place(self.file, (RULES, rule))


def read_rules(file: TomlFile) -> Rules:
    """Return the rules of the machine's file.

    Raises:
        PolicyError: This program is older than the rules allow. That is said before anything else of a newer file.
        SettingsError: A rule is unknown, or a value is wrong.
    """
    given = table(file, (RULES,))
    if MINIMUM_VERSION in given:
        _check_version(file, given[MINIMUM_VERSION])
    for name in given:
        if name not in MEANINGS:
            raise unknown(file, (RULES, name), MEANINGS, "a rule")
    return Rules(
        file,
        allowed_issuers=_issuers(file, given),
        forbidden=_flags(file, given),
        storage=_storage(file, given),
        minimum_version=given.get(MINIMUM_VERSION, ""),
        support_link=_link(file, given),
    )


def support_link(file: TomlFile) -> str:
    """Return the support link of a file that may be wrong elsewhere; empty if it has none."""
    rules = file.data.get(RULES)
    link = rules.get(SUPPORT_LINK) if isinstance(rules, dict) else None
    return link if isinstance(link, str) and _is_link(link) else ""


def _check_version(file: TomlFile, value: Any) -> None:
    keys = (RULES, MINIMUM_VERSION)
    least = text(file, keys, value)
    if not _VERSION.fullmatch(least):
        raise file.error(keys, "is not a version", "write a version such as 1.1.0")
    if _numbers(__version__) < _numbers(least):
        raise PolicyError(
            f"this is version {__version__} of the program, and {file.where(keys)} requires {least} or later",
            "install a newer version, the way your company provides it",
        )


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with, without zeros at its end."""
    found = _VERSION.match(version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _issuers(file: TomlFile, given: dict[str, Any]) -> tuple[str, ...]:
    if ALLOWED_ISSUERS not in given:
        return ()
    keys = (RULES, ALLOWED_ISSUERS)
    issuers = texts(file, keys, given[ALLOWED_ISSUERS])
    for issuer in issuers:
        try:
            check_issuer(issuer)
        except OidcLoginError as error:
            raise file.error(keys, f"has an invalid issuer: {error.message}", error.hint) from None
    return issuers


def _flags(file: TomlFile, given: dict[str, Any]) -> tuple[str, ...]:
    if FORBIDDEN not in given:
        return ()
    keys, known = (RULES, FORBIDDEN), {flag.name.removeprefix("--") for flag in FLAGS}
    names = [name.removeprefix("--") for name in texts(file, keys, given[FORBIDDEN])]
    for name in names:
        if name not in known:
            error = unknown(file, (*keys, name), known, "a flag of get-token")
            error.message = f"{file.where(keys)}: {FORBIDDEN}: {error.message.partition(': ')[2]}"
            raise error
    return tuple(f"--{name}" for name in names)


def _storage(file: TomlFile, given: dict[str, Any]) -> str:
    value = given.get(STORAGE, "")
    if STORAGE in given and value not in CHOICES:
        raise file.error((RULES, STORAGE), "is not a storage", f"write one of {', '.join(CHOICES)}")
    return str(value)


def _link(file: TomlFile, given: dict[str, Any]) -> str:
    if SUPPORT_LINK not in given:
        return ""
    keys = (RULES, SUPPORT_LINK)
    link = text(file, keys, given[SUPPORT_LINK])
    if not _is_link(link):
        raise file.error(keys, "is not a URL", "write an https:, http: or mailto: URL")
    return link


def _is_link(link: str) -> bool:
    return link.startswith(("https://", "http://", "mailto:")) and link.isprintable() and " " not in link
