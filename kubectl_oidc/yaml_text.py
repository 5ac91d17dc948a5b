"""YAML and JSON as text that people read and paste: kubeconfig stanzas and Kubernetes manifests.

Written so that YAML 1.1 (kubectl, Go) and YAML 1.2 readers agree: whatever one of them could take for a number,
a truth value, a date or null is quoted.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TypeGuard

# A word that no YAML version reads as anything but a string: it begins with a letter, `/`, `_` or `--`.
_PLAIN = re.compile(r"(?:[A-Za-z_/]|--[A-Za-z])(?:[A-Za-z0-9_./@+=,%~;?!&*-]|:(?=[A-Za-z0-9_./@+=,%~-]))*")
# Lines that may stand as they are, such as a certificate in PEM or YAML in YAML; the text ends with one newline.
_LITERAL = re.compile(r"[!-~][ -~]*\n(?:[ -~]*[!-~]\n)+")
# Words that YAML 1.1 or 1.2 read as a truth value or as null.
_TAKEN = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Cs", "Co", "Zl", "Zp"})
_ASCII_END = 0x7F
_BMP_END = 0xFFFF


def scalar(value: object) -> str:
    """Return ``value`` as one YAML scalar on one line.

    Args:
        value: A string, number, truth value or None.

    Returns:
        A plain word where no reader can mistake it, else a double-quoted string with every character escaped
        that a terminal would not show.
    """
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _TAKEN:
        return value
    return "".join(_escaped(c) for c in json.dumps(value, ensure_ascii=False))


def _escaped(char: str) -> str:
    if ord(char) < _ASCII_END or unicodedata.category(char) not in _UNSEEN:
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= _BMP_END else f"\\U{ord(char):08x}"


def block(value: object, indent: int = 0) -> str:
    """Return ``value`` in block style, as kubectl writes it.

    Args:
        value: Mappings, sequences and scalars.
        indent: The column of the first level, in spaces; the first line is not indented.

    Returns:
        The text without a newline at its end.
    """
    margin = "\n" + " " * indent
    if isinstance(value, Mapping) and value:
        return margin.join(entry(str(key), item, indent) for key, item in value.items())
    if _is_list(value) and value:
        return margin.join(f"- {block(item, indent + 2)}" for item in value)
    if indent and isinstance(value, str) and _LITERAL.fullmatch(value):
        return f"|{margin}{margin.join(value.splitlines())}"
    return flow(value) if _is_list(value) or isinstance(value, Mapping) else scalar(value)


def entry(key: str, value: object, indent: int = 0) -> str:
    """Return ``key: value`` in block style; lists begin in the column of their key, as kubectl writes them.

    Args:
        key: The key.
        value: Mappings, sequences and scalars.
        indent: The column of the key; the first line is not indented.

    Returns:
        The text without a newline at its end.
    """
    if isinstance(value, Mapping) and value:
        return f"{scalar(key)}:\n{' ' * (indent + 2)}{block(value, indent + 2)}"
    if _is_list(value) and value:
        return f"{scalar(key)}:\n{' ' * indent}{block(value, indent)}"
    return f"{scalar(key)}: {block(value, indent + 2)}"


def flow(value: object) -> str:
    """Return ``value`` on one line as JSON, which is YAML's flow style too."""
    return json.dumps(value, ensure_ascii=False)


def indented(value: object) -> str:
    """Return ``value`` as JSON of several lines, which every YAML reader reads as the same."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    # Beyond the BMP JSON knows pairs of escapes alone, which YAML does not put together.
    return "".join(_escaped(char) if ord(char) <= _BMP_END else char for char in text)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str)
