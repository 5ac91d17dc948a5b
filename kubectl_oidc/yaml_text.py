"""Write YAML and JSON that people read and paste: kubeconfig users and Kubernetes manifests.

YAML 1.1 parsers (kubectl, Go) and YAML 1.2 parsers must agree. So every string is quoted that one of them would read as a
number, boolean, date or null.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TypeGuard

# Text that every YAML version reads as a string: it begins with a letter, `/`, `_` or `--`.
_PLAIN = re.compile(r"(?:[A-Za-z_/]|--[A-Za-z])(?:[A-Za-z0-9_./@+=,%~;?!&*-]|:(?=[A-Za-z0-9_./@+=,%~-]))*")
# Lines that need no quotes in a literal block (a PEM certificate, YAML in YAML). The text ends with one newline.
_LITERAL = re.compile(r"[!-~][ -~]*\n(?:[ -~]*[!-~]\n)+")
# Words that YAML 1.1 or 1.2 read as a boolean or null.
_RESERVED = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Cs", "Co", "Zl", "Zp"})
_ASCII_END = 0x7F
_BMP_END = 0xFFFF


def scalar(value: object) -> str:
    """Return a string, number, boolean or None as a YAML scalar on one line.

    A string is double-quoted if a parser could read it as something else. Invisible characters are escaped.
    """
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    return "".join(_escaped(c) for c in json.dumps(value, ensure_ascii=False))


def _escaped(char: str) -> str:
    if ord(char) < _ASCII_END or unicodedata.category(char) not in _INVISIBLE:
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= _BMP_END else f"\\U{ord(char):08x}"


def yaml_block(value: object, indent: int = 0) -> str:
    """Return ``value`` in block style, as kubectl writes it, without a newline at the end.

    Args:
        value: Mappings, sequences and scalars.
        indent: The column of the first level, in spaces. The first line is not indented.
    """
    margin = "\n" + " " * indent
    if isinstance(value, Mapping) and value:
        return margin.join(yaml_entry(str(key), item, indent) for key, item in value.items())
    if _is_list(value) and value:
        return margin.join(f"- {yaml_block(item, indent + 2)}" for item in value)
    if indent and isinstance(value, str) and _LITERAL.fullmatch(value):
        return f"|{margin}{margin.join(value.splitlines())}"
    return one_line_json(value) if _is_list(value) or isinstance(value, Mapping) else scalar(value)


def yaml_entry(key: str, value: object, indent: int = 0) -> str:
    """Return ``key: value`` in block style, without a newline at the end. A list begins in the column of its key, as in kubectl.

    Args:
        value: Mappings, sequences and scalars.
        indent: The column of the key. The first line is not indented.
    """
    if isinstance(value, Mapping) and value:
        return f"{scalar(key)}:\n{' ' * (indent + 2)}{yaml_block(value, indent + 2)}"
    if _is_list(value) and value:
        return f"{scalar(key)}:\n{' ' * indent}{yaml_block(value, indent)}"
    return f"{scalar(key)}: {yaml_block(value, indent + 2)}"


def one_line_json(value: object) -> str:
    """Return ``value`` as JSON on one line, which is also YAML's flow style."""
    return json.dumps(value, ensure_ascii=False)


def indented_json(value: object) -> str:
    """Return ``value`` as JSON on several lines. YAML parsers read it as the same value."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    # JSON escapes characters beyond the BMP as pairs, which YAML does not combine.
    return "".join(_escaped(char) if ord(char) <= _BMP_END else char for char in text)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str)
