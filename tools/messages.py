"""Write docs/messages.md: every sentence that the program can say to a person, with its hint.

`python -m tools.messages` (part of `make pages`) writes it from the source, and a test holds the page against the source: a
message that is new or has changed shows in the diff of the page, where somebody reads it once aloud before it is merged.

Sentences are found as what they are, strings with words in them, so that none is left out because of how it comes to the
person. Those that stand in one call (an error's message and its hint) stand in one row. What a person never reads is left
out: docstrings, help (it is on the page of the commands), regular expressions, names.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kubectl_oidc"
PAGE = ROOT / "docs" / "messages.md"

INTRODUCTION = """---
search:
  exclude: true
---

# Messages

<!-- Written by `make pages` from the source; a new message is read aloud once before it is merged. -->

Every sentence that the program can say, by the module that says it. The words in braces say what is filled in. The second column is the
hint, if there is one. A line that begins with `error:` ends the program with status 1, or 2 where
the command line is at fault ([exit statuses](reference.md)); [troubleshooting](troubleshooting.md) explains each kind.
"""
LOG = "What `-v` shows"

_SENTENCE = re.compile(r"[A-Za-z]{2}[^\s]*[\s]+[^\s]*[A-Za-z{…]")
_OF_TEXT = frozenset(
    {"absolute", "get", "lower", "partition", "replace", "reveal", "rstrip", "splitlines", "strip"}
)
_NOT_SAID = frozenset(
    {"said_by_provider", "compile", "TypeVar", "getLogger", "Template", "sub", "fullmatch", "match", "search"}
)
_NOT_WORDS = frozenset({"help", "examples", "metavar", "envvar", "subcommand_metavar"})
_LOGS = frozenset({"info"})


class Row(NamedTuple):
    """What is said at one place.

    Attributes:
        sentences: The message, its hint, or more.
        logged: Whether only -v shows it.
    """

    sentences: tuple[str, ...]
    logged: bool


def rows_of(source: str) -> list[Row]:
    """Return what a module can say, in the order of its source, each once.

    Args:
        source: The module's source.
    """
    return list(dict.fromkeys(row for row in _rows(ast.parse(source)) if row.sentences))


def _rows(node: ast.AST) -> Iterator[Row]:
    for child in ast.iter_child_nodes(node):
        if _is_silent(node, child):
            continue
        if isinstance(child, ast.Call):
            said = tuple(_said_in(child))
            if said:
                yield Row(said, logged=_name_of(child) in _LOGS)
            yield from (row for row in _rows(child) if not set(row.sentences) <= set(said))
        elif text := _text(child):
            yield Row((text,), logged=False)
        else:
            yield from _rows(child)


def _said_in(call: ast.Call) -> Iterator[str]:
    """Return the sentences among a call's arguments."""
    for argument in (*call.args, *(pair.value for pair in call.keywords if pair.arg not in _NOT_WORDS)):
        text = _text(argument)
        if text:
            yield text


def _is_silent(parent: ast.AST, child: ast.AST) -> bool:
    """Return whether a node says nothing: a docstring, an annotation, a help text, a regular expression."""
    if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
        return True  # docstrings, and words under an attribute
    for_developers = isinstance(child, ast.FunctionDef) and child.name == "__repr__"
    if for_developers or (isinstance(child, ast.Call) and _name_of(child) in _NOT_SAID):
        return True
    if isinstance(parent, ast.keyword) and parent.arg in _NOT_WORDS:
        return True
    if isinstance(parent, ast.FunctionDef | ast.arg | ast.AnnAssign) and child in (
        getattr(parent, "returns", None),
        getattr(parent, "annotation", None),
    ):
        return True
    if isinstance(parent, ast.FunctionDef | ast.ClassDef) and child in parent.decorator_list:
        return not isinstance(child, ast.Call) or _name_of(child) in {"command", "option"}
    return isinstance(child, ast.Dict) and _has_help(child)


def _has_help(node: ast.Dict) -> bool:
    """Tell whether these are the settings of an option, whose help the page of the commands shows."""
    keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
    return bool(keys & {"help", "metavar"})


def _name_of(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _text(node: ast.AST) -> str:
    """Return the sentence that an expression is; empty where it is none."""
    text = _words(node)
    return " ".join(text.split()) if text and _SENTENCE.search(re.sub(r"{[^}]*}", "x", text)) else ""


def words_of(node: ast.AST) -> str:
    """Return an expression's words in one line; braces stand for what is filled in, also for all of them."""
    return " ".join((_words(node) or _filled(node)).split())


def _words(node: ast.AST) -> str:
    """Return an expression's words, with braces where something is filled in; empty where it has none of its own."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=values):
            return "".join(_words(value) or _filled(value) for value in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            both = (_words(left), _words(right))
            return (
                "".join(words or _filled(side) for words, side in zip(both, (left, right), strict=True))
                if any(both)
                else ""
            )
        case ast.IfExp(body=body, orelse=orelse):
            both = (_words(body), _words(orelse))
            return " | ".join(words or "…" for words in both) if any(both) else ""
        case ast.FormattedValue(value=ast.IfExp() as value):
            return f"[{words}]" if (words := _words(value)) else ""
    return ""


def _filled(node: ast.AST) -> str:
    """Return a placeholder that says what is filled in."""
    return f"{{{_label(node).strip('_') or '…'}}}"


def _label(node: ast.AST) -> str:
    """Return the name of a value: of the variable, attribute or function that it comes from; empty if it has none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return "type" if node.attr in {"__name__", "__qualname__"} else node.attr
    return next(filter(None, map(_label, _sources(node))), "")


def _sources(node: ast.AST) -> list[ast.AST]:
    """Return the parts of an expression that may name its value, the best first."""
    if isinstance(node, ast.Call):
        return _sources_of_call(node)
    if isinstance(node, ast.FormattedValue | ast.Subscript):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return [node.generators[0].iter]
    return node.values if isinstance(node, ast.BoolOp) else []  # type: ignore[return-value]


def _sources_of_call(call: ast.Call) -> list[ast.AST]:
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr in _OF_TEXT:
        return [function.value]
    several = _name_of(call) in {"join", "map"}  # of a list: map(sanitize, names)
    return [*(call.args[-1:] if several else call.args[:1]), function]


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    logged: list[str] = []
    for path in sorted(PACKAGE.rglob("*.py")):
        rows = rows_of(path.read_text(encoding="utf-8"))
        said = [row for row in rows if not row.logged]
        logged += [_cells(row) for row in rows if row.logged]
        if said:
            name = path.relative_to(PACKAGE).with_suffix("").as_posix()
            parts.append(f"## {name}\n\n| says | and |\n|---|---|\n" + "\n".join(map(_cells, said)) + "\n")
    parts.append(f"## {LOG}\n\n| says | and |\n|---|---|\n" + "\n".join(dict.fromkeys(logged)) + "\n")
    return "\n".join(parts)


def _cells(row: Row) -> str:
    first, *others = (sentence.replace("|", "\\|").replace("<", "&lt;") for sentence in row.sentences)
    return f"| {first} | {'; '.join(others)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
