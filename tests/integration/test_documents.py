"""The documents of ``-o json`` have the fields that docs/stability.md promises; tests/stable.toml lists them."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.kubeconfig.parse import parse_kubeconfig
from tests.parts import REPOSITORY

from .kubeconfigs import write_kubeconfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

PROMISED: dict[str, dict[str, str]] = tomllib.loads(
    (REPOSITORY / "tests" / "stable.toml").read_text(encoding="utf-8")
)["documents"]
KINDS = {
    str: "string",
    bool: "boolean",
    list: "list",
    dict: "object",
    int: "number",
    float: "number",
    type(None): "null",
}


def fields(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Find each field of a document, and the kind of its value; what is in a token is not ours."""
    if isinstance(value, dict) and path != "claims":
        for name, part in value.items():
            below = f"{path}.{name}" if path else name
            yield below, KINDS[type(part)]
            yield from fields(part, below)
    elif isinstance(value, list):
        for part in value:
            yield from fields(part, f"{path}[]")


@pytest.mark.parametrize("command", PROMISED)
def test_the_documents_have_the_fields_that_are_promised(signed_in: Laptop, command: str) -> None:
    """None has gone or is of another kind, and none is there that the list does not have; YAML says the same."""
    write_kubeconfig({"oidc": signed_in.words()[1:]}, {"production": "oidc"}, current="production")
    ended = signed_in.run(command, "-o", "json")
    document = json.loads(ended.stdout)
    promised = PROMISED[command]

    found: dict[str, set[str]] = {}
    for name, kind in fields(document):
        found.setdefault(name, set()).add(kind)
    assert found.keys() == promised.keys()
    for name, kinds in found.items():
        assert kinds <= set(promised[name].replace("?", " null").split()), name
    assert fields_of_yaml(signed_in, command) == found.keys()


def fields_of_yaml(laptop: Laptop, command: str) -> set[str]:
    return {name for name, _ in fields(parse_kubeconfig(laptop.run(command, "-o", "yaml").stdout, command))}
