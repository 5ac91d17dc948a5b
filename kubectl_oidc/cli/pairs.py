"""``NAME=VALUE`` in one word of the command line, read as kubelogin's flags (the Go library pflag) read it.

A word with one ``=`` is one pair, commas in its value included. A word with more is a line of CSV (RFC 4180), one pair a
field: ``a=1,b=2``, or ``"a=1,2=3"`` for a value that has both a comma and an ``=``.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from kubectl_oidc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def read(flag: str, given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the names and values, the last value of each name.

    Args:
        flag: The flag that they were given to, for the error; a value may be a secret and is not repeated.
        given: Its values, one a use of the flag.

    Raises:
        UsageError: A pair has no name or no ``=``.
    """
    pairs: dict[str, str] = {}
    for text in (field for word in given for field in _fields(flag, word)):
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise _malformed(flag)
        pairs[name.strip()] = value
    return tuple(pairs.items())


def write(name: str, value: str) -> str:
    """Return the word that ``read`` takes for this pair and no other."""
    word = f"{name}={value}"
    if word.count("=") == 1 or not any(char in word for char in ',"\r\n'):
        return word
    return '"' + word.replace('"', '""') + '"'


def _fields(flag: str, word: str) -> list[str]:
    if word.count("=") == 1:
        quoted = len(word) > 1 and word[0] == word[-1] == '"'
        return [word[1:-1] if quoted else word]
    try:
        return [field for row in csv.reader([word]) for field in row if field.strip()]
    except csv.Error:
        raise _malformed(flag) from None


def _malformed(flag: str) -> UsageError:
    return UsageError(f"{flag} wants NAME=VALUE, and a value has no name or no =", f"write {flag}=NAME=VALUE")
