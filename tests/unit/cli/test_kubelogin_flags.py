"""Every command and flag of kubelogin is accepted, with its meaning and its default. The data file lists them."""

from __future__ import annotations

import os
import tomllib
from functools import reduce
from pathlib import Path
from typing import Any

import click
import pytest

from kubectl_oidc.cli.options.to_request import token_request
from kubectl_oidc.cli.program import program
from kubectl_oidc.loopback.listen_address import ListenAddress
from kubectl_oidc.secret import Secret
from tests.tokens import CLIENT_ID, ISSUER

DATA = tomllib.loads((Path(__file__).with_name("kubelogin_flags.toml")).read_text(encoding="utf-8"))
CASES = [
    pytest.param(command, row, id=f"{command or 'stand-alone'} {' '.join(row['give'])}")
    for row in DATA["flag"]
    for command in row["commands"]
]
NEEDED = {"oidc_issuer_url": ISSUER, "oidc_client_id": CLIENT_ID}


def parsed(command: str, words: list[str]) -> dict[str, Any]:
    """Return the parameters of a command line."""
    root = click.Context(program, info_name="kubectl oidc-login")
    found = program.get_command(root, command) if command else program
    assert found is not None, f"there is no command {command}"
    return found.make_context(command or "kubectl oidc-login", list(words), help_option_names=[]).params


def field(command: str, words: list[str], name: str) -> object:
    """Return one field of the request, as TOML values."""
    values = parsed(command, words)
    if name == "log":
        return values["v"]
    needed = {key: values.get(key) or value for key, value in NEEDED.items()}
    asked = token_request({**values, **needed})
    return as_toml(reduce(getattr, name.split("."), asked))


def as_toml(value: object) -> object:
    """Return a value as TOML has it."""
    match value:
        case None:
            plain: object = ""
        case Secret():
            plain = value.reveal()
        case bytes():
            plain = value.decode()
        case ListenAddress():
            plain = f"{value.host}:{value.port}"
        case tuple():
            plain = [as_toml(item) for item in value]
        case Path():
            plain = str(value)
        case _:
            plain = value
    return plain


def with_home(value: object) -> object:
    """Return a value of the data file, with variables such as HOME expanded, and a path as this system writes it."""
    if isinstance(value, list):
        return [with_home(item) for item in value]
    if not isinstance(value, str):
        return value
    expanded = os.path.expandvars(value)
    return str(Path(expanded)) if expanded != value or value.startswith("/") else value


@pytest.mark.parametrize("command", DATA["commands"])
def test_every_command_of_kubelogin_exists(command: str) -> None:
    """With the same name."""
    assert program.get_command(click.Context(program), command) is not None


@pytest.mark.parametrize(("command", "row"), CASES)
def test_every_flag_of_kubelogin_is_accepted_with_its_meaning(command: str, row: dict[str, Any]) -> None:
    """On every command that has it in kubelogin; the data file has the expected field."""
    if "field" in row:
        means = field(command, row["give"], row["field"])
        if row["field"] == "notes":  # each begins with the flag's name
            assert isinstance(means, list)
            means = [note.partition(" ")[0] for note in means]
        assert means == with_home(row["means"])
    else:
        parsed(command, row["give"])


@pytest.mark.parametrize(("command", "row"), [case for case in CASES if "default" in case.values[1]])  # type: ignore[operator]
def test_every_default_is_the_documented_one(command: str, row: dict[str, Any]) -> None:
    """The data file says so if it is not kubelogin's."""
    assert field(command, [], row["field"]) == with_home(row["default"])


@pytest.mark.parametrize(("command", "row"), CASES)
def test_an_ignored_flag_has_a_reason(command: str, row: dict[str, Any]) -> None:
    """It changes no parameter. Flags that name a file or a user are tested elsewhere."""
    names = {word.partition("=")[0] for word in row["give"]}
    if "field" in row or names <= {"--token-cache-dir", "--kubeconfig", "--context", "--user"}:
        return
    assert row["why"]
    assert parsed(command, row["give"]) == parsed(command, [])
