"""A kubeconfig's text as a mapping: numbers as they are written, lists checked as kubectl checks them."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.text import sanitize


class _WordsAsWritten(SafeConstructor):
    """Numbers and dates stay the words that stand in the file: a cluster may be called 0123 or 1e3."""


for _tag in ("int", "float", "timestamp"):
    _WordsAsWritten.add_constructor(f"tag:yaml.org,2002:{_tag}", SafeConstructor.construct_yaml_str)


# The library says most things with errors of its own, and a few, such as `!!bool word`, with Python's.
_NOT_YAML = (YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
_MOST_VALUES = 1_000_000
_UNDER_WAY = 0


def reader() -> YAML:
    """Return the one YAML reader for kubeconfigs."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _WordsAsWritten
    return yaml


def load(text: str, where: str) -> dict[str, Any]:
    """Return what a kubeconfig says.

    Args:
        text: The file's text.
        where: The file's name, for errors.

    Returns:
        The mapping; empty for an empty file. Its clusters, contexts and users are lists of mappings, if they are there.

    Raises:
        KubeconfigError: It is not YAML, or not a kubeconfig.
    """
    try:
        data = reader().load(text.removeprefix("\ufeff"))
        _size(data, {})
    except _NOT_YAML as error:
        raise KubeconfigError(
            f"{where} is not valid YAML{_place(error)}",
            "correct the file (`kubectl config view` shows the same error); it was not changed",
        ) from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise KubeconfigError(
            f"{where} is not a kubeconfig: it holds no mapping",
            "check that --kubeconfig or KUBECONFIG names a kubeconfig; the file was not changed",
        )
    for key in ("clusters", "contexts", "users"):
        _check_named(data.get(key), key, where)
    return data


def _size(value: object, known: dict[int, int]) -> int:
    """Return how many values stand in ``value``, what an alias names counted each time.

    Args:
        value: What was read.
        known: The sizes of what was looked at, by identity.

    Raises:
        ValueError: There are too many, it holds itself, or it is nothing that JSON has: kubectl reads a kubeconfig as JSON.
    """
    if isinstance(value, str):
        value.encode()  # half a character, which YAML can name, is none
    if value is None or isinstance(value, str | bool):
        return 1
    if id(value) in known:
        if known[id(value)] == _UNDER_WAY:
            raise ValueError("it holds itself")
        return known[id(value)]
    known[id(value)] = _UNDER_WAY
    if type(value) is dict and all(isinstance(key, str | bool | None) for key in value):
        size = 1 + sum(_size(item, known) for item in value.values())
    elif type(value) is list:
        size = 1 + sum(_size(item, known) for item in value)
    else:
        raise ValueError("it holds what JSON does not have")
    if size > _MOST_VALUES:
        raise ValueError("its aliases make too much of it")
    known[id(value)] = size
    return size


def _check_named(items: object, key: str, where: str) -> None:
    """Refuse what kubectl refuses: a list that is none, and a name that stands in it twice."""
    if items is None:
        return
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise KubeconfigError(
            f"{where} is not a kubeconfig: {key!r} is not a list of mappings",
            "correct the file (`kubectl config view` shows the same error); it was not changed",
        )
    names = [item.get("name") for item in items]
    for name in names:
        if names.count(name) > 1:
            raise KubeconfigError(
                f"{where} has more than one entry named {sanitize(name)!r} in {key!r}",
                "remove one of them; kubectl refuses such a file too; it was not changed",
            )


def _place(error: Exception) -> str:
    """Say where and why, without the line itself: it may hold a credential."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return ""
    return f": line {error.problem_mark.line + 1}: {sanitize(str(error.problem).splitlines()[0], limit=80)}"
