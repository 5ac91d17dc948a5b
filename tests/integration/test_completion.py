"""Completion: what a real kubectl and real shells offer next on the command line."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import click
import pytest

from kubectl_oidc.cli.command import Command
from kubectl_oidc.cli.command_list import COMMANDS
from kubectl_oidc.cli.program import program
from tests import parts
from tests.plugin import run_plugin

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here


@pytest.fixture(autouse=True)
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have both programs on PATH, as an installation has."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(parts.plugin().parent), os.environ["PATH"]]))


def said(*command: str) -> list[str]:
    """Run a program and return the lines that it prints."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def kubectl(*words: str) -> list[str]:
    """Return what kubectl answers its own completion scripts for ``kubectl oidc-login …``."""
    return said(parts.program("kubectl"), "__complete", "oidc-login", *words)


STORAGES = ["auto", "keyring", "kernel", "disk", "none"]


def test_kubectl_completes_commands_with_their_meaning() -> None:
    """The first word is a command."""
    *candidates, directive = kubectl("")
    names = [line.partition("\t")[0] for line in candidates]
    assert {"get-token", "setup", "purge", "clean", "version", "completion", "help"} <= set(names)
    assert all(line.partition("\t")[2] for line in candidates)
    assert directive == ":4"
    assert [line.partition("\t")[0] for line in kubectl("ver")] == ["version", ":4"]


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["get-token", "--token-cache-storage", ""], STORAGES),
        (["get-token", "--token-cache-storage=k"], ["keyring", "kernel"]),
        (["setup", "--oidc-pkce-method", "S"], ["S256"]),
        (["completion", ""], ["bash", "zsh", "fish", "powershell"]),
        (["help", "get"], ["get-token"]),
        (["get-token", "--oidc-issuer-url", ""], []),
    ],
)
def test_kubectl_completes_values(words: list[str], values: list[str]) -> None:
    """A flag's choices, with and without =, and a command's; nothing where anything may stand."""
    assert kubectl(*words) == [*values, ":4"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--context", ""], ["prod", "stage"]),
        (["--context=st"], ["stage"]),
        (["--user", "a"], ["ada"]),
        (["--kubeconfig=no-such", "--user", "a"], None),
    ],
)
def test_names_of_the_kubeconfig_are_completed(words: list[str], names: list[str] | None, home: Path) -> None:
    """In stand-alone mode; a kubeconfig that cannot be read offers nothing."""
    (home / ".kube").mkdir()
    contexts = [{"name": name, "context": {"cluster": "c", "user": "ada"}} for name in ("prod", "stage")]
    config = {"contexts": contexts, "users": [{"name": name, "user": {}} for name in ("ada", "bob")]}
    (home / ".kube" / "config").write_text(json.dumps(config))
    program = parts.plugin().with_name("kubectl_complete-oidc_login")
    assert said(str(program), *words) == ([":1"] if names is None else [*names, ":4"])


@pytest.mark.parametrize(
    ("words", "directive"),
    [
        (["get-token", "--certificate-authority", ""], ":0"),
        (["get-token", "--oidc-client-secret-file=~/"], ":0"),
        (["get-token", "--token-cache-dir", "x"], ":16"),
    ],
)
def test_kubectl_leaves_files_to_the_shell(words: list[str], directive: str) -> None:
    """In cobra's words: 0 completes files, 16 directories."""
    assert kubectl(*words) == [directive]


def test_flags_are_completed_once_and_hidden_ones_never() -> None:
    """A flag that stands there already is not offered again unless it is repeatable."""
    flags = [
        line.partition("\t")[0] for line in kubectl("get-token", "--session=x", "--oidc-extra-scope=a", "--")
    ]
    assert "--oidc-issuer-url" in flags
    assert "--oidc-extra-scope" in flags
    assert "--session" not in flags
    assert "--oidc-use-pkce" not in flags


def test_words_that_make_no_sense_end_in_nothing_worse() -> None:
    """No traceback into a shell that waits for candidates."""
    program = parts.plugin().with_name("kubectl_complete-oidc_login")
    for words in ((), ("get-token", "--no-such", ""), ("--", "x"), ("get-token", "\udcff")):
        done = subprocess.run([program, *words], capture_output=True, timeout=30, check=False)
        assert (done.returncode, done.stderr) == (0, b""), words
        assert done.stdout.splitlines()[-1].startswith(b":")


# The scripts


@pytest.fixture
def script(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Write the script of the shell that the test names."""
    shell = request.node.get_closest_marker("parametrize") and request.getfixturevalue("shell")
    done = run_plugin("completion", str(shell))
    assert (done.returncode, done.stderr) == (0, "")
    path = tmp_path / "script"
    path.write_text(done.stdout)
    return path


def bash(script: Path, *words: str) -> list[str]:
    """Return what bash offers; the words are split as bash splits them, at = and :."""
    quoted = " ".join(f"'{word}'" for word in words)
    return said(
        parts.program("bash"),
        "--norc",
        "-c",
        f"source {script}; COMP_WORDS=(kubectl-oidc_login {quoted}); COMP_CWORD={len(words)}; "
        'complete -p kubectl-oidc_login >/dev/null && _kubectl_oidc_login 2>/dev/null; printf "%s\\n" "${COMPREPLY[@]}"',
    )


def zsh(script: Path, *words: str) -> list[str]:
    """Return what zsh is told to offer; its completion system itself needs a terminal."""
    quoted = " ".join(f"'{word}'" for word in words)
    return said(
        parts.program("zsh"),
        "-f",
        "-c",
        'compdef() { : }; compset() { : }; _files() { print -l files "$@" }; _describe() { print -l -- "${(@P)2}" };'
        f"source {script}; words=(kubectl-oidc_login {quoted}); CURRENT={len(words) + 1}; PREFIX='{words[-1]}'; _kubectl_oidc_login",
    )


def fish(script: Path, *words: str) -> list[str]:
    """Return what fish offers."""
    line = " ".join(["kubectl-oidc_login", *words])
    return said(parts.program("fish"), "--no-config", "-c", f"source {script}; complete -C '{line}'")


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}


@pytest.mark.parametrize("shell", SHELLS)
def test_shells_complete_the_program_by_its_own_name(shell: str, script: Path) -> None:
    """Commands and flags; descriptions where the shell shows them."""
    offered = SHELLS[shell](script, "get-token", "--token")
    assert [line.replace("\t", ":").partition(":")[0] for line in offered] == [
        "--token-cache-dir",
        "--token-cache-storage",
    ]
    assert "version" in SHELLS[shell](script, "ver")[0]


@pytest.mark.parametrize(
    ("shell", "words", "offered"),
    [
        ("bash", ("get-token", "--token-cache-storage", "=", "k"), ["keyring", "kernel"]),
        ("bash", ("get-token", "--token-cache-storage", "="), STORAGES),
        (
            "bash",
            ("get-token", "--listen-address", "=", "a", ":", "1", "--token-cache-storage", "d"),
            ["disk"],
        ),
        ("zsh", ("get-token", "--token-cache-storage=k"), ["keyring", "kernel"]),
        (
            "fish",
            ("get-token", "--token-cache-storage=k"),
            ["--token-cache-storage=keyring", "--token-cache-storage=kernel"],
        ),
    ],
)
def test_shells_complete_what_stands_behind_an_equals_sign(
    shell: str, words: tuple[str, ...], offered: list[str], script: Path
) -> None:
    """Each in the way it replaces the word: bash and zsh the value, fish the whole."""
    assert sorted(SHELLS[shell](script, *words)) == sorted(offered)


@pytest.mark.parametrize("shell", SHELLS)
def test_shells_complete_files_themselves(shell: str, script: Path) -> None:
    """Behind a flag that wants one."""
    (script.parent / "work" / "authority.pem").touch()
    offered = SHELLS[shell](script, "get-token", "--certificate-authority", "auth")
    assert offered == (["files"] if shell == "zsh" else ["authority.pem"])


@pytest.mark.parametrize("shell", ["powershell"])
def test_the_script_of_powershell_asks_the_same_program(shell: str, script: Path) -> None:
    """There is no PowerShell here to run it in."""
    assert shell
    text = script.read_text()
    assert "Register-ArgumentCompleter -Native -CommandName 'kubectl-oidc_login'" in text
    assert "kubectl_complete-oidc_login @words" in text


def test_the_version_is_a_flag_too() -> None:
    """As in kubelogin; klog's flags may stand behind."""
    expected = run_plugin("version").stdout
    assert expected.startswith("kubectl-oidc ")
    assert run_plugin("--version").stdout == run_plugin("version", "-v", "1").stdout == expected
    assert run_plugin("completion", "bash", "-v=1").stdout == run_plugin("completion", "bash").stdout


def test_the_help_has_a_line_for_each_shell() -> None:
    """As they are typed."""
    lines = [line.strip() for line in run_plugin("completion", "--help").stdout.splitlines()]
    assert "source <(kubectl-oidc_login completion bash)" in lines
    assert "kubectl-oidc_login completion fish | source" in lines


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_completes_the_flag_that_shows_every_flag(command: str) -> None:
    """The program itself does too."""
    offered = kubectl(*command.split(), "--hel")
    assert [line.partition("\t")[0] for line in offered] == ["--help", "--help-all", ":4"]


@pytest.mark.parametrize("name", ["version", "help", "status", "config", "clean"])
def test_an_example_that_needs_no_provider_works_as_it_is_typed(name: str) -> None:
    """By kubectl, in a shell; that each other one is accepted, the unit tests show."""
    assert parts.program("kubectl")
    command = program.get_command(click.Context(program), name)
    assert isinstance(command, Command)
    for _, line in command.examples:
        if "--context=" not in line:
            said(parts.program("bash"), "--norc", "-c", line)


def test_help_is_what_the_flag_says() -> None:
    """As a command, which kubelogin has too."""
    assert run_plugin("help").stdout == run_plugin("--help").stdout
    assert run_plugin("help", "get-token").stdout == run_plugin("get-token", "--help").stdout
    assert run_plugin("help", "nonsense").returncode == 2
