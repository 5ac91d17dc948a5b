"""A wrong flag gets a hint with the right one, in every command; no hint names a hidden flag."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest

from kubectl_oidc.cli.command_list import COMMANDS
from kubectl_oidc.cli.no_such_flag import no_such_flag
from kubectl_oidc.cli.options.click_options import Option
from kubectl_oidc.cli.program import main, program
from kubectl_oidc.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (["version", "--json"], ["-o json"]),
        (["status", "--wide"], ["-o wide"]),
        (["whoami", "--wide"], []),
        (["config", "--yaml"], ["-o yaml"]),
        (["token", "--shwo"], ["--show"]),
        (["exec", "--contxt=prod"], ["--context"]),
        (["purge", "--issuer=x"], ["--oidc-issuer-url"]),
        (["purge", "--force"], ["--yes"]),
        (["get-token", "--force"], ["--force-refresh"]),
        (["setup", "--scopes=email"], ["--oidc-extra-scope"]),
        (["login", "--device-code"], ["--grant-type=device-code"]),
        (["doctor", "-y"], ["--yes"]),
        (["version", "--hlp"], ["--help"]),
        (["--verison"], ["--version"]),
        (["get-token", "--logtostder"], []),
        (["token", "--oidc-pkce-metho=no"], []),
        (["get-token", "--nonsense"], []),
    ],
)
def test_the_hint_names_the_flag_that_was_probably_intended(words: list[str], flags: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        main(words)
    assert words[-1].partition("=")[0] in caught.value.message
    proposed, _, see = caught.value.hint.partition("`")
    assert len(re.findall(r"(?<!\S)--?\w[\w-]*", proposed)) == len(flags)
    assert all(re.search(rf"(?<!\S){re.escape(flag)}(?![\w=-])", proposed) for flag in flags)
    assert see.endswith(" --help`")


@pytest.mark.parametrize(
    ("words", "named"), [(["login", "--all"], ["logout", "purge"]), (["token", "--fix"], ["doctor"])]
)
def test_the_hint_names_the_commands_that_have_the_flag(words: list[str], named: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        main(words)
    assert [name for name in COMMANDS if f"{name} " in caught.value.hint.partition("`")[0]] == sorted(named)


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (["setup", "ekss"], ["--cluster-type=eks"]),
        (["status", "json", "wide"], ["--output=json", "--output=wide"]),
        (["purge", "all"], ["--all"]),
        (["login", "prod"], ["--context=prod"]),
        (["doctor", "oidc"], ["--user=oidc"]),
        (["convert", "get-token"], []),
        (["help", "setup", "x"], []),
        (["completion", "bash", "x"], []),
    ],
)
def test_an_argument_that_is_too_many_gets_a_hint_with_the_flag(
    words: list[str], flags: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a flag's values, a context, a user, or the flag's name."""
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(
        "contexts: [{name: prod, context: {user: oidc}}]\nusers: [{name: oidc, user: {}}]\n"
    )
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    with pytest.raises(UsageError) as caught:
        main(words)
    assert words[0] in caught.value.message
    assert words[-1] in caught.value.message
    proposed, _, see = caught.value.hint.rpartition(f"`kubectl oidc-login {words[0]} --help`")
    assert re.findall(r"--[\w=-]+", proposed) == flags
    assert see == ""


def test_every_command_refuses_an_argument_that_it_does_not_have() -> None:
    for name in COMMANDS:
        most = ["bash"] if name == "completion" else ["setup"] if name == "help" else []
        if name != "exec":  # which has a program's arguments
            with pytest.raises(UsageError) as caught:
                main([name, *most, "kumquat"])
            assert "kumquat" in caught.value.message, name
            assert f"{name} --help`" in caught.value.hint, name


def test_a_flag_that_is_not_needed_is_to_be_left_out() -> None:
    """`status` lists every session."""
    with pytest.raises(UsageError) as caught:
        main(["status", "--all"])
    assert "status" in caught.value.hint


@pytest.mark.parametrize("name", COMMANDS)
def test_no_hint_names_a_hidden_flag(name: str) -> None:
    """Each hidden flag, mistyped by one letter, leads to a flag that the help shows, or to the help."""
    root = click.Context(program, info_name="kubectl oidc-login", help_option_names=["-h", "--help"])
    command = program.get_command(root, name)
    assert command is not None
    ctx = click.Context(command, root, name)
    options = [param for param in command.params if isinstance(param, Option)]
    hidden = {opt for param in options if param.hidden for opt in param.opts}
    for flag in hidden:
        words = set(re.findall(r"-[\w-]+", no_such_flag(f"{flag}x", ctx).hint))
        assert not words & hidden
