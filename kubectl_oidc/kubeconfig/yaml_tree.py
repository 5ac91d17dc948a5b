"""Where each node of a YAML text begins and ends, by the parser's events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ruamel.yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from .parse import yaml_reader

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Node:
    """A YAML node; its content is from offset ``start`` to ``end`` in the text."""

    kind: Literal["scalar", "alias", "sequence", "mapping"]
    start: int
    end: int
    column: int
    flow: bool = False
    value: str = ""
    children: list[Node] = field(default_factory=list)  # of a mapping: key, value, key, value …

    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """Return a mapping's keys and values."""
        return zip(self.children[::2], self.children[1::2], strict=True)

    def get(self, key: str) -> Node | None:
        """Return the value of a mapping's key, or None."""
        return next((value for name, value in self.pairs() if name.value == key), None)

    @property
    def empty(self) -> bool:
        """Whether the node can be replaced without a loss: null, {} or []."""
        if self.kind == "scalar":
            return self.value in ("", "~", "null", "Null", "NULL")
        return self.kind != "alias" and not self.children


def parse_tree(text: str) -> Node | None:
    """Return the root node of the only document in ``text``; None if it is empty."""
    roots: list[Node] = []
    open_: list[Node] = []
    for event in yaml_reader().parse(text):
        node = _node(event)
        if node is not None:
            (open_[-1].children if open_ else roots).append(node)
            if node.kind in ("sequence", "mapping"):
                open_.append(node)
        elif isinstance(event, SequenceEndEvent | MappingEndEvent):
            _close(open_.pop(), event, text)
    return roots[0] if roots else None


def _node(event: Event) -> Node | None:
    start, end, column = event.start_mark.index, event.end_mark.index, event.start_mark.column
    match event:
        case ScalarEvent():
            return Node("scalar", start, end, column, value=event.value)
        case AliasEvent():
            return Node("alias", start, end, column)
        case SequenceStartEvent():
            return Node("sequence", start, end, column, flow=bool(event.flow_style))
        case MappingStartEvent():
            return Node("mapping", start, end, column, flow=bool(event.flow_style))
    return None


def _close(node: Node, event: Event, text: str) -> None:
    if node.kind == "mapping":
        for name, value in node.pairs():
            # The parser puts an empty value after the comments that follow.
            if value.start == value.end:
                value.start = value.end = text.find(":", name.end) + 1
    if node.flow:
        node.end = event.end_mark.index
    elif node.children:
        # A block ends where its last leaf ends: the event's own mark is after the comments that follow.
        node.end = node.children[-1].end
        if node.kind == "mapping":  # an anchor may be before it
            node.column = node.children[0].column
