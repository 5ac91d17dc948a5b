"""Read the arguments of a good `get-token` without click, whose import would be a tenth of a refresh.

Everything that click would refuse, and every way of writing that kubeconfigs do not have, is left to click, which reads the same
table; a test compares both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_oidc import csv_text
from kubectl_oidc.errors import UsageError
from kubectl_oidc.named_tuple import NamedTuple

from .kinds import COMMAS, ONE, SECONDS, SWITCH
from .types import Unsaid, switch_value
from .variables import DEFAULT, OF_VARIABLE, TYPED, key, variable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .flag import Flag
    from .kinds import Kind


class Arguments(NamedTuple):
    """The flags' values and where they come from (`variables.TYPED` and so on), by the names that `variables.key` returns."""

    values: dict[str, Any]
    sources: dict[str, str]


def read(words: Sequence[str], table: Sequence[Flag], environ: Mapping[str, str]) -> Arguments | None:
    """Return what these words say, which are all of the form ``--flag=value``, ``-v=1`` or ``--switch``; None if click must read them.

    Args:
        environ: Where the flags' variables are.
    """
    rows = {name: flag for flag in table for name in (flag.name, flag.short) if name}
    typed: dict[str, list[str]] = {}
    for word in words:
        name, has_value, text = word.partition("=")
        if name not in rows or not (has_value or rows[name].kind is SWITCH):
            return None
        if rows[name].kind is SWITCH and text.startswith("-"):
            return None  # another option, for click
        if not name.startswith("--"):
            text = f"={text}"  # click gives -v=1 this value
        typed.setdefault(rows[name].name, []).append(text if has_value else "true")
    found = Arguments({}, {})
    try:
        for flag in table:
            found.sources[flag.key], value = _value(flag, typed.get(flag.name), environ)
            if not flag.ignored:
                found.values[flag.key] = value
    except (ValueError, UsageError):
        return None
    for flag in table:  # as click_options.overruled_by
        if (
            flag.excludes
            and found.sources[flag.key] == OF_VARIABLE
            and found.sources[key(flag.excludes)] == TYPED
        ):
            found.values[flag.key] = None
    return found


def _value(flag: Flag, typed: Sequence[str] | None, environ: Mapping[str, str]) -> tuple[str, Any]:
    """Return where a flag's value comes from, and the value.

    Raises:
        ValueError: It is malformed.
        UsageError: Its variable is no list.
    """
    if typed:
        return TYPED, read_uses(flag.kind, typed)
    text = environ.get(variable(flag.name), "") if flag.has_variable and not flag.ignored else ""
    if text:
        uses = csv_text.read_list(variable(flag.name), [text]) if flag.kind.uses == COMMAS else [text]
        return OF_VARIABLE, read_uses(flag.kind, uses)
    return DEFAULT, default_value(flag)


def default_value(flag: Flag) -> Any:
    """Return a flag's value where nobody gives one."""
    if flag.kind.uses != ONE:
        return ()
    if flag.kind is SWITCH:
        return False
    return Unsaid(flag.default) if flag.kind is SECONDS else flag.default  # type: ignore[call-overload]


def read_uses(kind: Kind, uses: Sequence[str]) -> Any:
    """Return what the uses of a flag say: the last one, unless each counts."""
    if kind.uses != ONE:
        return tuple(uses)
    value: Any = uses[-1]
    if kind is SWITCH:
        value = switch_value(value)
    elif kind.type:
        value = kind.type.read(value)
    elif kind.choices and value not in kind.choices:
        value = None
    if value is None:
        raise ValueError
    return value
