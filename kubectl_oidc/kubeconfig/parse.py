"""Parse a kubeconfig's text: numbers stay text, and lists are checked as kubectl checks them."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.text import sanitize


class _TextConstructor(SafeConstructor):
    """Numbers and dates stay text as written: a cluster may be called 0123 or 1e3."""


for _tag in ("int", "float", "timestamp"):
    _TextConstructor.add_constructor(f"tag:yaml.org,2002:{_tag}", SafeConstructor.construct_yaml_str)


# The library raises its own errors for most faults, and Python's for a few, such as `!!bool word`.
_NOT_YAML = (YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
_MOST_VALUES = 1_000_000
_BEING_COUNTED = 0


def yaml_reader() -> YAML:
    """Return a YAML parser for kubeconfigs."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _TextConstructor
    return yaml


def parse_kubeconfig(text: str, where: str) -> dict[str, Any]:
    """Return a kubeconfig as a mapping; empty for an empty file.

    Its clusters, contexts and users are lists of mappings, if they are present.

    Raises:
        KubeconfigError: It is not YAML, or not a kubeconfig.
    """
    try:
        data = yaml_reader().load(text.removeprefix("\ufeff"))
        _count_values(data, {})
    except _NOT_YAML as error:
        raise KubeconfigError(
            f"{where} is not valid YAML{_place(error)}",
            "correct the file: `kubectl config view` shows the same error. The file has not changed",
        ) from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise KubeconfigError(
            f"{where} is not a kubeconfig: it is not a mapping",
            "check --kubeconfig or KUBECONFIG. The file has not changed",
        )
    for key in ("clusters", "contexts", "users"):
        _check_entries(data.get(key), key, where)
    return data


def _count_values(value: object, known: dict[int, int]) -> int:
    """Return the number of values in ``value``; those of an alias count each time. ``known`` has sizes by identity.

    Raises:
        ValueError: It has too many values, contains itself, or is not JSON: kubectl reads a kubeconfig as JSON.
    """
    if isinstance(value, str):
        value.encode()  # raises for half a surrogate pair, which YAML can name
    if value is None or isinstance(value, str | bool):
        return 1
    if id(value) in known:
        if known[id(value)] == _BEING_COUNTED:
            raise ValueError("it contains itself")
        return known[id(value)]
    known[id(value)] = _BEING_COUNTED
    if type(value) is dict and all(isinstance(key, str | bool | None) for key in value):
        size = 1 + sum(_count_values(item, known) for item in value.values())
    elif type(value) is list:
        size = 1 + sum(_count_values(item, known) for item in value)
    else:
        raise ValueError("it has a value that JSON does not allow")
    if size > _MOST_VALUES:
        raise ValueError("its aliases make it too large")
    known[id(value)] = size
    return size


def _check_entries(items: object, key: str, where: str) -> None:
    """Raise if this is not a list of mappings, or a name is in it twice: kubectl rejects both."""
    if items is None:
        return
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise KubeconfigError(
            f"{where} is not a kubeconfig: {key!r} is not a list of mappings",
            "correct the file: `kubectl config view` shows the same error. The file has not changed",
        )
    names = [item.get("name") for item in items]
    for name in names:
        if names.count(name) > 1:
            raise KubeconfigError(
                f"{where} has more than one entry named {sanitize(name)!r} in {key!r}",
                "remove one of them, because kubectl rejects such a file too. The file has not changed",
            )


def _place(error: Exception) -> str:
    """Return the line number and the reason, without the line itself: it may hold a credential."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return ""
    return f": line {error.problem_mark.line + 1}: {sanitize(str(error.problem).splitlines()[0], limit=80)}"
