"""The docstrings of public things as Markdown, for the prose linter: Vale itself finds no sentences in Python."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

_SECTION = re.compile(r"^(?:Args|Attributes|Raises|Returns|Yields):$")
_ENTRY = re.compile(r"^ {4}(?=[\w*][\w, *.]*: )")


def docstrings(source: str) -> str:
    """Return a module's docstrings, each line where it is in the module, and all other lines empty.

    Headings of sections are left out, and what is below them becomes a list.

    Args:
        source: The module's text.
    """
    lines = [""] * (source.count("\n") + 1)
    for node in _public(ast.parse(source)):
        text = ast.get_docstring(node)
        if text is None:
            continue
        for number, line in enumerate(text.splitlines(), node.body[0].lineno - 1):
            lines[number] = "" if _SECTION.match(line) else _ENTRY.sub("- ", line)
    return "\n".join(lines)


def _public(node: _Documented) -> Iterator[_Documented]:
    yield node
    for inner in node.body:
        if isinstance(inner, _Documented) and not inner.name.startswith("_"):
            yield from _public(inner)
