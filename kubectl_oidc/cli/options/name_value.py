"""``NAME=VALUE`` in one word of the command line, read as kubelogin's flags (the Go library pflag) read it.

A word with one ``=`` is one pair, commas in its value included. A word with more is a line of CSV (RFC 4180), one pair a
field: ``a=1,b=2``, or ``"a=1,2=3"`` for a value that has both a comma and an ``=``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def parse_name_values(flag: str, given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the names and values, the last value of each name.

    Raises:
        UsageError: A pair has no name or no ``=``.
    """
    return tuple(dict(each(flag, given)).items())


def each(flag: str, given: Sequence[str], form: str = "NAME=VALUE") -> Iterator[tuple[str, str]]:
    """Return all names and values in their order.

    Args:
        given: The flag's values, one a use of it.
        form: What a pair looks like, for the error.

    Raises:
        UsageError: A pair has no name or no ``=``. The error does not repeat it: it may be a secret.
    """
    for text in (field for word in given for field in _fields(word)):
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(
                f"{flag}: expected {form}, but a value has no name or no =", f"write {flag}={form}"
            )
        yield name.strip(), value


def format_name_value(name: str, value: str) -> str:
    """Return the word that `parse_name_values` reads as exactly this pair."""
    word = f"{name}={value}"
    if word.count("=") == 1 or not any(char in word for char in ',"\r\n'):
        return word
    return '"' + word.replace('"', '""') + '"'


def _fields(word: str) -> list[str]:
    """Return the pairs in a word; an empty one if it is not a line of CSV."""
    if word.count("=") == 1:
        if not word.startswith('"'):
            return [word]
        return [word[1:-1] if word.endswith('"') else ""]
    import csv  # seldom needed

    try:
        return [field for row in csv.reader([word], strict=True) for field in row if field.strip()]
    except csv.Error:
        return [""]
