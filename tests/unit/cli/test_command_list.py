"""The list of commands: each can be imported, and a mistyped name gets the closest ones."""

from __future__ import annotations

import importlib

import click
import pytest

from kubectl_oidc.cli.command_list import COMMANDS, no_such_command
from kubectl_oidc.cli.program import program


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_its_module(name: str) -> None:
    """The module has a click command with this name."""
    module, _, _ = COMMANDS[name]
    command = getattr(importlib.import_module(f"kubectl_oidc.cli.commands.{module}"), name.replace("-", "_"))
    assert isinstance(command, click.Command)
    assert command.name == name


@pytest.mark.parametrize(
    ("typed", "near"), [("stauts", "status"), ("get-tokn", "get-token"), ("logn", "login"), ("xyzzy", "")]
)
def test_a_mistyped_name_gets_the_closest(typed: str, near: str) -> None:
    """The error has the mistyped name and similar commands."""
    message = no_such_command(typed, click.Context(program)).message
    assert repr(typed) in message
    named = sorted((name for name in COMMANDS if name in message), key=message.index)
    assert named[:1] == ([near] if near else [])
