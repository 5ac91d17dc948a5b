"""The mutants of one module: mutmut's operators on its whole text, and three of our own.

mutmut itself passes over decorated functions, classes with a decorator (every dataclass) and the constants of a module,
which here are half of what matters; its operators know no such bounds.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

from .mutant import Mutant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import CodeType

    from libcst.metadata import CodeRange

# Types, imports and decorators are no behaviour of a running sign-in; what a type checker alone reads is not run at all.
_PASSED_OVER = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom)
_NAMES_PASSED_OVER = frozenset({"__all__", "__slots__", "TYPE_CHECKING"})
# A call of these without its argument is a TypeError, which any test notices.
_SAFE_CALLS = frozenset({"len", "isinstance"})
# Conditions without an operator that mutmut could turn round.
_BARE = (cst.Name, cst.Attribute, cst.Call, cst.NamedExpr, cst.Subscript)
# Words for people: two words with a space, and nothing of markup or header fields.
_PROSE = re.compile(r"[^<>{}=]*\w[,.:;)]? [\w(][^<>{}=]*")
_SAME_TRUTH = "[-False-]{+None+}"  # no condition tells these apart
_CONTEXT = 60  # characters of the statement that a change is shown with, on each side


class _Place(NamedTuple):
    """The function and the statement that a node is in."""

    function: str
    called: bool  # in a function's body, so that it runs when that is called
    start: int
    end: int


def mutants_of(source: str, file: str) -> list[Mutant]:
    """Return every mutant of a module, in the order of its text.

    Args:
        source: The module's text.
        file: Where that lies.
    """
    wrapper = MetadataWrapper(cst.parse_module(source))
    text = _Text(source, wrapper.resolve(PositionProvider))
    found: list[Mutant] = []
    taken: dict[tuple[str, str], int] = {}
    for node, place in _nodes(wrapper.module, _Place("", False, 0, 0), text):
        for replaced, replacement in _replacements(node):
            mutated, change = text.replaced(replaced, wrapper.module.code_for_node(replacement), place)
            code = _compiled(mutated, file)
            if change is None or _SAME_TRUTH in change or code is None:
                continue
            count = taken[place.function, change] = taken.get((place.function, change), 0) + 1
            name = change if count == 1 else f"{change} #{count}"
            found.append(Mutant(place.function, name, text.lines(place) if place.called else None, code))
    return found


class _Text:
    """A module's text, and where each node lies in it."""

    def __init__(self, source: str, places: Mapping[cst.CSTNode, CodeRange]) -> None:
        self._source = source
        self._places = places
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Return the node's first offset and the one behind its last."""
        place = self._places[node]
        return (
            self._starts[place.start.line - 1] + place.start.column,
            self._starts[place.end.line - 1] + place.end.column,
        )

    def lines(self, place: _Place) -> range:
        """Return the lines of a place, counted from 1."""
        first = self._source.count("\n", 0, place.start) + 1
        return range(first, self._source.count("\n", 0, place.end) + 2)

    def replaced(self, node: cst.CSTNode, code: str, place: _Place) -> tuple[str, str | None]:
        """Return the module with the node's text replaced, and the change; None where nothing changes."""
        start, end = self.span(node)
        before = self._source[place.start : place.end]
        after = self._source[place.start : start] + code + self._source[end : place.end]
        return self._source[:start] + code + self._source[end:], _change(before, after)


def _nodes(node: cst.CSTNode, place: _Place, text: _Text) -> Iterator[tuple[cst.CSTNode, _Place]]:
    """Walk through what is mutated, with the statement and the function that each node is in."""
    if isinstance(node, _PASSED_OVER) or _is_no_behaviour(node):
        return
    if isinstance(
        node, cst.SimpleStatementLine | cst.BaseCompoundStatement | cst.ExceptHandler | cst.Else | cst.Finally
    ):
        place = _head(node, place, text)
    if not isinstance(node, cst.Module):
        yield node, place
    for child in _children(node):
        inner = place
        if isinstance(node, cst.FunctionDef | cst.ClassDef) and child is node.body:
            name = f"{place.function}.{node.name.value}".lstrip(".")
            inner = place._replace(function=name, called=place.called or isinstance(node, cst.FunctionDef))
        yield from _nodes(child, inner, text)


def _head(node: cst.CSTNode, place: _Place, text: _Text) -> _Place:
    """Return the place of a statement; of a compound one the head alone, because its body has statements of its own."""
    start, end = text.span(node)
    body = getattr(node, "body", None)
    return place._replace(start=start, end=text.span(body)[0] if isinstance(body, cst.CSTNode) else end)


def _children(node: cst.CSTNode) -> Sequence[cst.CSTNode]:
    """Return the parts of a node that are walked through: not the words of the log, nor what runs on Windows alone."""
    if _is_log(node):
        return ()
    if isinstance(node, cst.If) and isinstance(node.test, cst.Comparison):
        platform = node.test.left
        if isinstance(platform, cst.Attribute) and platform.attr.value == "platform":
            return [node.orelse] if node.orelse else []
    children: Sequence[cst.CSTNode] = node.children
    return children


def _is_log(node: cst.CSTNode) -> bool:
    """Whether it writes a line of the log: that it does so counts, not at which level and in which words."""
    call = node.value if isinstance(node, cst.Expr) else None
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
        return False
    log = call.func.value
    name = log.attr if isinstance(log, cst.Attribute) else log
    return isinstance(name, cst.Name) and name.value in {"log", "_log"}


def _is_no_behaviour(node: cst.CSTNode) -> bool:
    """Whether it is a docstring, or what only readers and type checkers see."""
    if isinstance(node, cst.If):
        return isinstance(node.test, cst.Name) and node.test.value == "TYPE_CHECKING"
    if not isinstance(node, cst.SimpleStatementLine) or len(node.body) != 1:
        return False
    (statement,) = node.body
    if isinstance(statement, cst.Expr):
        return isinstance(statement.value, cst.BaseString)
    if isinstance(statement, cst.Assign):
        target = statement.targets[0].target
        return isinstance(target, cst.Name) and target.value in _NAMES_PASSED_OVER
    return False


def _replacements(node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """Yield what a node, or its condition, may be replaced by: pairs of the replaced and the replacement."""
    yield from _ours(node)
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in _SAFE_CALLS:
        return
    if isinstance(node, cst.SimpleString) and _PROSE.fullmatch(str(node.raw_value)):
        return
    most = (
        1 if isinstance(node, cst.SimpleString) else None
    )  # of three ways to misspell a string, one is enough
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from ((node, other) for other in islice(operator(node), most))


def _ours(node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """Yield what mutmut does not try: a check left out, an error not raised, nothing returned, a condition turned round."""
    if isinstance(node, cst.Raise) or (isinstance(node, cst.Expr) and isinstance(node.value, cst.Call)):
        yield node, cst.Pass()
    if isinstance(node, cst.Return) and node.value and not _is_none(node.value):
        yield node.value, cst.Name("None")
    if isinstance(node, cst.If | cst.While | cst.IfExp | cst.CompIf) and isinstance(node.test, _BARE):
        yield (
            node.test,
            cst.UnaryOperation(
                cst.Not(), node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
            ),
        )


def _is_none(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Name) and node.value == "None"


def _compiled(source: str, file: str) -> CodeType | None:
    try:
        return compile(source, file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None


def _change(before: str, after: str) -> str | None:
    """Return a statement with its change marked, whitespace made one space; None where only whitespace differs."""
    old, new = (re.findall(r"\w+|\s+|.", " ".join(text.split())) for text in (before, after))
    if old == new:
        return None
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    last = 0
    while last < min(len(old), len(new)) - same and old[-1 - last] == new[-1 - last]:
        last += 1
    left, right = "".join(old[:same]), "".join(old[len(old) - last :])
    if len(left) > _CONTEXT:
        left = f"…{left[-_CONTEXT:]}"
    if len(right) > _CONTEXT:
        right = f"{right[:_CONTEXT]}…"
    removed, added = "".join(old[same : len(old) - last]), "".join(new[same : len(new) - last])
    return left + (f"[-{removed}-]" if removed else "") + (f"{{+{added}+}}" if added else "") + right
