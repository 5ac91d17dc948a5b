"""Set one value in a kubeconfig's text, and keep every other byte: comments, order, quotes, big numbers.

The YAML parser's events say where each node begins and ends; the new value is put there. The result is parsed again and
compared with the expected one. So a construct that this module does not understand, such as an alias or a misplaced merge key,
ends in an error and not in a damaged file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ruamel.yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.text import sanitize
from kubectl_oidc.yaml_text import one_line_json, yaml_block, yaml_entry

from .parse import parse_kubeconfig, yaml_reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_HEAD = {"apiVersion": "v1", "kind": "Config"}  # of a new file; kubectl assumes it if it is missing


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


def set_user(text: str, name: str, user: Mapping[str, object], where: str) -> str:
    """Return a kubeconfig's text with one user added or replaced, and everything else unchanged.

    Args:
        user: The new ``user:`` mapping. If only one key differs from the old one, only that key is rewritten.

    Raises:
        KubeconfigError: The text cannot be parsed, or the user cannot be set without changing other things.
    """
    data = parse_kubeconfig(text, where)
    wanted = {**_HEAD, **data, "users": _with_user(data.get("users") or [], name, user)}
    try:
        bom = "\ufeff" if text.startswith("\ufeff") else ""
        edited = bom + _edited(text.removeprefix("\ufeff"), name, user, data)
        if {**_HEAD, **parse_kubeconfig(edited, where)} == wanted:
            return edited
    except (KubeconfigError, NotEditable, LookupError, TypeError, ValueError):
        pass  # such as a list that is an alias, or a user that is a string
    raise KubeconfigError(
        f"user {sanitize(name)!r} cannot be set in {where} without touching other parts of the file",
        "run the `kubectl config set-credentials` command that setup prints, or edit the file; it was not changed",
    )


class NotEditable(Exception):
    """The text uses YAML in a way that this module cannot edit."""


def _with_user(users: list[Any], name: str, user: Mapping[str, object]) -> list[Any]:
    changed = [{**item, "user": user} if item.get("name") == name else item for item in users]
    return changed if changed != users or _find(users, name) is not None else [*users, _item(name, user)]


def _item(name: str, user: Mapping[str, object]) -> dict[str, object]:
    return {"name": name, "user": user}


def _find(users: list[Any], name: str) -> int | None:
    return next((i for i, item in enumerate(users) if item.get("name") == name), None)


def _edited(text: str, name: str, user: Mapping[str, object], data: dict[str, Any]) -> str:
    root = parse_tree(text)
    if root is None or root.kind == "scalar":
        base = text if not text or text.endswith("\n") else text + "\n"
        return base + _with_line_endings_of(text, yaml_block({**_HEAD, "users": [_item(name, user)]}) + "\n")
    users = root.get("users")
    if users is None or users.empty:
        return set_key(text, root, "users", [_item(name, user)])
    index = _find(data["users"], name)
    if index is None:
        return _append(text, users, _item(name, user))
    item = users.children[index]
    old, node = data["users"][index].get("user") or {}, item.get("user")
    differing = [key for key in {**old, **user} if old.get(key) != user.get(key)]
    if node is not None and not node.empty and len(differing) == 1 and differing[0] in user:
        return set_key(text, node, differing[0], user[differing[0]])
    return set_key(text, item, "user", user)


def set_key(text: str, mapping: Node, key: str, value: object) -> str:
    """Return ``text`` with ``key`` of ``mapping`` set."""
    if mapping.kind != "mapping":
        raise NotEditable
    found = next(((name, old) for name, old in mapping.pairs() if name.value == key), None)
    if mapping.flow:
        if found:
            return text[: found[1].start] + one_line_json(value) + text[found[1].end :]
        return _insert_in_flow(text, mapping, f"{one_line_json(key)}: {one_line_json(value)}")
    if found:
        name, old = found
        first, newline, rest = yaml_entry(key, value, mapping.column).partition("\n")
        lines = _with_line_endings_of(text, first + _comment(text, name, old) + newline + rest)
        return text[: name.start] + lines + text[_line_end(text, old.end) :]
    at = _line_end(text, mapping.end)
    return (
        text[:at]
        + _with_line_endings_of(text, "\n" + " " * mapping.column + yaml_entry(key, value, mapping.column))
        + text[at:]
    )


def _comment(text: str, name: Node, old: Node) -> str:
    """Return the comment on the line of a key, with a space before it."""
    line_end = _line_end(text, name.end)
    if old.end > line_end and old.start <= line_end:  # a value of several lines that begins here
        return ""
    words = text[old.end if old.end <= line_end else name.end : line_end].lstrip(": ")
    return f" {words}" if words.startswith("#") else ""


def _append(text: str, sequence: Node, value: object) -> str:
    """Return ``text`` with ``value`` after the last item of ``sequence``."""
    if sequence.kind != "sequence":
        raise NotEditable
    if sequence.flow:
        return _insert_in_flow(text, sequence, one_line_json(value))
    at = _line_end(text, sequence.end)
    margin = " " * sequence.column
    return (
        text[:at]
        + _with_line_endings_of(text, f"\n{margin}- {yaml_block(value, sequence.column + 2)}")
        + text[at:]
    )


def _insert_in_flow(text: str, node: Node, words: str) -> str:
    """Return ``text`` with ``words`` as the last element of a flow collection."""
    if not node.children:
        return text[: node.start + 1] + words + text[node.end - 1 :]
    at = node.children[-1].end
    return f"{text[:at]}, {words}{text[at:]}"


def _line_end(text: str, at: int) -> int:
    """Return the end of the line with the last content before ``at``, without the newline."""
    at = len(text[:at].rstrip())
    newline = text.find("\n", at)
    if newline < 0:
        return len(text)
    return newline - 1 if text[newline - 1] == "\r" else newline


def _with_line_endings_of(text: str, new: str) -> str:
    """Return ``new`` with the line endings of ``text``."""
    return new.replace("\n", "\r\n") if "\r\n" in text else new
