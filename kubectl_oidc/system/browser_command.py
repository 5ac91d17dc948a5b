"""Parse --browser-command and the variable BROWSER into argument lists, and put the URL into one."""

from __future__ import annotations

import contextlib
import shlex
from typing import TYPE_CHECKING

from kubectl_oidc.errors import UsageError
from kubectl_oidc.text import json_quoted

from .programs import find_program

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL = "%s"


def parse_command(command: str, environ: Mapping[str, str], platform: str) -> tuple[str, ...]:
    """Return the argument list of --browser-command: the path of a program, or words split like a shell does.

    Raises:
        UsageError: The command has an unclosed quote, or no word.
    """
    # A path with spaces is accepted unquoted, as in kubelogin.
    if find_program(command, environ):
        return (command,)
    try:
        words = _split(command, platform)
    except ValueError:
        words = []
    if not words:
        raise UsageError(
            f"--browser-command {json_quoted(command)} cannot be split into words",
            "close its quotes; the program adds the address as the last argument",
        )
    return tuple(words)


def parse_variable(value: str, environ: Mapping[str, str], platform: str) -> tuple[tuple[str, ...], ...]:
    """Return the argument lists in ``BROWSER``: entries with the system's path separator, ``%s`` for the URL.

    Entries that cannot be split, or that would pass the URL to a shell, are left out.
    """
    commands = []
    for entry in value.split(";" if platform == "win32" else ":"):
        words: list[str] = [entry] if entry and find_program(entry, environ) else []
        with contextlib.suppress(ValueError):
            words = words or _split(entry.strip().removesuffix("&"), platform)
        if words and _url_stays_an_argument(words):
            commands.append(tuple(words))
    return tuple(commands)


def with_url(words: tuple[str, ...], url: str) -> list[str]:
    """Return the argument list with the URL instead of ``%s``, or at the end."""
    placed = [word.replace(_URL, url) if _is_placeholder(word) else word for word in words]
    return placed if placed != list(words) else [*placed, url]


def _split(command: str, platform: str) -> list[str]:
    if platform != "win32":
        return shlex.split(command)
    # On Windows, backslashes separate directories. Only quotes keep words together.
    lexer = shlex.shlex(command, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.escape, lexer.commenters, lexer.quotes = True, "", "", '"'
    return list(lexer)


def _url_stays_an_argument(words: list[str]) -> bool:
    """Return whether no shell reads the URL, as it would in ``sh -c 'firefox %s'``."""
    return _URL not in words[0] and all(_is_placeholder(word) for word in words[1:] if _URL in word)


def _is_placeholder(word: str) -> bool:
    """Return whether ``word`` is ``%s``, or an option's value as in ``--url=%s``."""
    return word == _URL or (word.startswith("-") and word.find(f"={_URL}") == len(word) - len(_URL) - 1)
