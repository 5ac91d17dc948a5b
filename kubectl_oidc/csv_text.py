"""Parse flags that accept a list, as kubelogin does (the Go library pflag): each use of the flag is a line of CSV (RFC 4180).

Quotes that YAML leaves in an argument (``--oidc-extra-scope="email"``) are not part of the value. ``"a,b",c`` has the two values
``a,b`` and ``c``. As in Go, a quote inside an unquoted field is an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubectl_oidc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\Z)')


def read_list(flag: str, given: Sequence[str]) -> list[str]:
    """Return the values in order, without surrounding white space and without empty ones.

    Args:
        flag: The flag or variable, for the error.
        given: One line of CSV for each use of the flag.

    Raises:
        UsageError: A quote is not closed, or is in the middle of a value.
    """
    return [value for text in given for field in _fields(flag, text) if (value := field.strip())]


def quote_value(value: str) -> str:
    """Return the value as one CSV field. `read_list` parses it."""
    return '"' + value.replace('"', '""') + '"' if any(char in value for char in ',"\r\n') else value


def _fields(flag: str, text: str) -> list[str]:
    found, position = [], 0
    while True:
        field = _FIELD.match(text, position)
        if field is None:
            raise UsageError(
                f"{flag}: a quote is not closed, or is inside a value",
                'write a,b or "a","b"; write a quote inside quotes twice',
            )
        quoted, bare, end = field.groups()
        found.append(bare if quoted is None else quoted.replace('""', '"'))
        if not end:
            return found
        position = field.end()
