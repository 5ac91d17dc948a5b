"""The page docs/mutants.md, written by the run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from bench.result import table

from .explained import EVERY
from .targets import PACKAGE, ROOT, TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .explained import Explanation

PAGE: Final = ROOT / "docs" / "mutants.md"
_HEAD = ("module", "mutants", "killed", "timed out", "explained", "left")

TEXT = """\
# Mutants

<!-- Written by `make mutants`; change tools/mutants/page.py instead. -->

A test that passes says little as long as nobody knows whether it would fail. So each statement of the code that decides
whom to believe (ID token, key set, provider, loopback server, grants) is broken in every small way that the operators of
[mutmut](https://mutmut.readthedocs.io) know, one break at a time: a comparison or a condition turned, a number one higher, a
string misspelt, an argument or a value None or left out. Ours are added: a call or a `raise` left out, nothing returned, a
bare condition turned round. A break that no unit test of that module notices is a *survivor*.

Left alone are types, imports, decorators, docstrings, what runs on Windows alone, and the wording of sentences for people and
of the log, but not whether there is one.

## Figures

{figures}

*Killed*: a test fails. *Timed out*: a test does not end in time, which is a failure too. *Explained*: it survives, and the
reason stands below. *Left*: it survives and is not explained, and `make mutants` fails. A module without a row has not been tried to its end.

## What survives, and why

{reasons}

## Running it

`make mutants` takes {long}; `make mutants ARGS=jws` tries one module, `ARGS=jws:_decoded` one function. It writes the rows of
whole modules into this page, and fails when something survives that `tools/mutants/explained.toml` does not explain, or
does not survive any more though it is explained there. It is no part of `make check`.
"""
_LONG = "about an hour on two idle cores"


class Row(NamedTuple):
    """What became of the mutants of one module."""

    mutants: int
    killed: int
    timed_out: int
    explained: int
    left: int


def rows_of(page: str) -> dict[str, Row]:
    """Return the rows of a page that was written before, by module.

    Args:
        page: Its text.
    """
    pattern = re.compile(rf"^\| `{PACKAGE}/(\S+)\.py` +\|" + r" +(\d+) \|" * 5 + "$", re.MULTILINE)
    return {module: Row(*map(int, numbers)) for module, *numbers in pattern.findall(page)}


def page_of(rows: Mapping[str, Row], explained: Iterable[Explanation]) -> str:
    """Return the page.

    Args:
        rows: The rows by module; the order is that of ``TARGETS``.
        explained: All explanations.
    """
    known = [(module, rows[module]) for module in TARGETS if module in rows]
    total = Row(*(sum(numbers) for numbers in zip(*(row for _, row in known), strict=True)))
    cells = [[f"`{PACKAGE}/{module}.py`", *map(str, row)] for module, row in known]
    figures = table([_HEAD, *cells, ["all", *map(str, total)]])
    return TEXT.format(figures=figures, reasons=_reasons(explained), long=_LONG)


def _reasons(explained: Iterable[Explanation]) -> str:
    by_module: dict[str, list[str]] = {}
    for explanation in explained:
        where = f"`{explanation.function}`" if explanation.function else "constants"
        count = "all of it" if EVERY in explanation.changes else len(explanation.changes)
        line = f"- {where} ({count}): {explanation.reason}"
        by_module.setdefault(explanation.module, []).append(line)
    parts = [
        "\n".join([f"### `{module}`", "", *by_module[module]]) for module in TARGETS if module in by_module
    ]
    return "\n\n".join(parts)
