"""Set one value in a kubeconfig's text, and keep every other byte: comments, order, quotes, big numbers.

The YAML parser's events say where each node begins and ends; the new value is put there. The result is parsed again and
compared with the expected one. So a construct that this module does not understand, such as an alias or a misplaced merge key,
ends in an error and not in a damaged file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.text import sanitize
from kubectl_oidc.yaml_text import one_line_json, yaml_block, yaml_entry

from .parse import parse_kubeconfig
from .yaml_tree import Node, parse_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_HEAD = {"apiVersion": "v1", "kind": "Config"}  # of a new file; kubectl assumes it if it is missing
_CURRENT = "current-context"
_COMMANDS = {
    "users": "set-credentials",
    "clusters": "set-cluster",
    "contexts": "set-context",
    _CURRENT: "use-context",
}


def set_user(text: str, name: str, user: Mapping[str, object], where: str) -> str:
    """Return a kubeconfig's text with one user added or replaced, and everything else unchanged.

    Args:
        user: The new ``user:`` mapping. If only one key differs from the old one, only that key is rewritten.

    Raises:
        KubeconfigError: The text cannot be parsed, or the user cannot be set without changing other things.
    """
    return set_entry(text, "users", name, user, where)


def set_entry(text: str, kind: str, name: str, value: Mapping[str, object], where: str) -> str:
    """Return a kubeconfig's text with one entry of ``kind`` (users, clusters, contexts) added or replaced, as `set_user` does it.

    Raises:
        KubeconfigError: As for `set_user`.
    """
    data = parse_kubeconfig(text, where)
    wanted = {**_HEAD, **data, kind: _with_entry(data.get(kind) or [], kind, name, value)}
    return _checked(
        text,
        lambda body: _edited(body, kind, name, value, data),
        wanted,
        kind,
        name,
        where,
    )


def set_current_context(text: str, name: str, where: str) -> str:
    """Return a kubeconfig's text with its current context set, and everything else unchanged.

    Raises:
        KubeconfigError: As for `set_user`.
    """

    def edited(body: str) -> str:
        root = parse_tree(body)
        if root is None:
            raise NotEditable
        return set_key(body, root, _CURRENT, name)

    wanted = {**_HEAD, **parse_kubeconfig(text, where), _CURRENT: name}
    return _checked(text, edited, wanted, _CURRENT, name, where)


def _checked(
    text: str, edit: Callable[[str], str], wanted: dict[str, Any], kind: str, name: str, where: str
) -> str:
    """Return the edited text if it means what is wanted, and nothing else."""
    try:
        bom = "\ufeff" if text.startswith("\ufeff") else ""
        edited = bom + edit(text.removeprefix("\ufeff"))
        if {**_HEAD, **parse_kubeconfig(edited, where)} == wanted:
            return edited
    except (KubeconfigError, NotEditable, LookupError, TypeError, ValueError):
        pass  # such as a list that is an alias, or a user that is a string
    raise KubeconfigError(
        f"{_singular(kind)} {sanitize(name)!r} cannot be set in {where} without touching other parts of the file",
        f"run the `kubectl config {_COMMANDS[kind]}` command that setup prints, or edit the file. The file has not changed",
    )


class NotEditable(Exception):
    """The text uses YAML in a way that this module cannot edit."""


def _singular(kind: str) -> str:
    return kind.removesuffix("s")


def _with_entry(items: list[Any], kind: str, name: str, value: Mapping[str, object]) -> list[Any]:
    changed = [{**item, _singular(kind): value} if item.get("name") == name else item for item in items]
    return (
        changed if changed != items or _find(items, name) is not None else [*items, _item(kind, name, value)]
    )


def _item(kind: str, name: str, value: Mapping[str, object]) -> dict[str, object]:
    return {"name": name, _singular(kind): value}


def _find(items: list[Any], name: str) -> int | None:
    return next((i for i, item in enumerate(items) if item.get("name") == name), None)


def _edited(text: str, kind: str, name: str, value: Mapping[str, object], data: dict[str, Any]) -> str:
    root = parse_tree(text)
    if root is None or root.kind == "scalar":
        base = text if not text or text.endswith("\n") else text + "\n"
        new = yaml_block({**_HEAD, kind: [_item(kind, name, value)]}) + "\n"
        return base + _with_line_endings_of(text, new)
    items = root.get(kind)
    if items is None or items.empty:
        return set_key(text, root, kind, [_item(kind, name, value)])
    index = _find(data[kind], name)
    if index is None:
        return _append(text, items, _item(kind, name, value))
    key = _singular(kind)
    item = items.children[index]
    old, node = data[kind][index].get(key) or {}, item.get(key)
    differing = [each for each in {**old, **value} if old.get(each) != value.get(each)]
    if node is not None and not node.empty and len(differing) == 1 and differing[0] in value:
        return set_key(text, node, differing[0], value[differing[0]])
    return set_key(text, item, key, value)


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
