"""An exec section is parsed as get-token itself would parse it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.cli.users.from_stanza import stanza_request
from kubectl_oidc.errors import KubeconfigError, UsageError
from kubectl_oidc.kubeconfig import Entry
from tests.topics import about

if TYPE_CHECKING:
    from tests.settings_files import Machine

ARGS = ["get-token", "--oidc-issuer-url=https://issuer.example.com", "--oidc-client-id", "kubernetes"]


def user(args: object = ARGS, **more: object) -> Entry:
    exec_ = {"command": "kubectl-oidc_login", "args": args, **more}
    return Entry("oidc", {"exec": exec_}, Path("config"))


def test_arguments_are_parsed_as_by_get_token() -> None:
    asked = stanza_request(user([*ARGS, "--oidc-extra-scope=email,groups"]))
    assert (asked.issuer, asked.client_id) == ("https://issuer.example.com", "kubernetes")
    assert asked.scopes == ("openid", "email", "groups")


def test_kubelogins_exec_section_is_parsed_too() -> None:
    assert stanza_request(user(["oidc-login", *ARGS], command="kubectl")).client_id == "kubernetes"


def test_its_variables_are_set_and_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECTL_OIDC_SESSION", "mine")
    env = [
        {"name": "KUBECTL_OIDC_SESSION", "value": "work"},
        {"name": "KUBECACHEDIR", "value": str(tmp_path)},
        *("nonsense", {"name": "A=B", "value": "c"}, {"name": "NUL\0", "value": "d"}),
    ]
    before = os.environ.copy()
    asked = stanza_request(user(env=env))
    assert asked.session_name == "work"
    assert asked.storage.cache_dir == tmp_path / "oidc-login"
    assert os.environ.copy() == before


@pytest.mark.parametrize(
    "value",
    [
        {"token": "x"},
        {"exec": None},
        {"exec": {"command": "aws", "args": ["eks", "get-token"]}},
        {"exec": {"command": "kubectl-oidc_login", "args": ["version"]}},
        {"exec": {"command": "kubectl-oidc_login", "args": "get-token"}},
    ],
)
def test_a_user_of_another_program_is_named(value: dict[str, object]) -> None:
    with pytest.raises(KubeconfigError, match=r"\brobot\b.*\bconfig\b") as failed:
        stanza_request(Entry("robot", value, Path("config")))
    assert failed.value.topic == "stanza"


@pytest.mark.parametrize(
    "command", ["kubectl-oidc-login", "/opt/bin/kubectl_oidc_login", "kubectl-oidc_logon"]
)
def test_a_mistyped_command_gets_the_right_one(command: str) -> None:
    """Of a program that nobody resembles only the command is named."""
    with pytest.raises(KubeconfigError, check=about("stanza", command, "kubectl-oidc_login")):
        stanza_request(user(command=command))
    with pytest.raises(KubeconfigError, check=about("stanza", "aws")) as caught:
        stanza_request(user(command="aws"))
    assert "kubectl-oidc_login" not in caught.value.hint


def test_arguments_that_get_token_rejects_are_an_error() -> None:
    with pytest.raises(KubeconfigError, match=r"\boidc\b.*\bconfig\b.*--no-such-flag") as failed:
        stanza_request(user([*ARGS, "--no-such-flag"]))
    assert failed.value.topic == "usage"
    with pytest.raises(UsageError, match="--oidc-client-id"):
        stanza_request(user(ARGS[:2]))


@pytest.mark.parametrize(
    ("word", "flag"),
    [("--oidc-isuer-url=x", "--oidc-issuer-url"), ("--one_outpu", "`kubectl oidc-login get-token --help`")],
)
def test_a_mistyped_flag_among_the_arguments_gets_the_right_one(word: str, flag: str) -> None:
    """A hidden flag is not proposed, such as `--one_output`."""
    with pytest.raises(KubeconfigError) as failed:
        stanza_request(user([*ARGS, word]))
    assert flag in failed.value.hint
    assert "--one_output" not in failed.value.hint + failed.value.message.replace(word, "")


def test_help_among_the_arguments_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KubeconfigError):
        stanza_request(user([*ARGS, "--help"]))
    assert capsys.readouterr().out == ""


FORBIDDEN = """[rules]
allowed-issuers = ["https://issuer.example.com"]
forbidden-in-exec-section = ["browser-command", "insecure-skip-tls-verify"]
"""


@pytest.mark.parametrize(
    "instead",
    [
        {"context": "x"},
        {"user": "oidc", "kubeconfig": "/x"},
        {"oidc_extra_scope": ("email",)},
        {"browser_command": "firefox"},
    ],
)
def test_what_a_person_types_does_not_bring_back_what_a_rule_takes_from_the_exec_section(
    machine: Machine, instead: dict[str, object]
) -> None:
    """Also if it selects the user and is no flag of the session; a typed flag itself counts."""
    machine.has(FORBIDDEN)
    section = user([*ARGS, "--browser-command=evil", "--insecure-skip-tls-verify"])
    asked = stanza_request(section, instead)
    assert asked.refusal is not None
    assert asked.browser.command == instead.get("browser_command")
    assert not asked.tls.insecure
    assert asked.scopes == ("openid", *instead.get("oidc_extra_scope", ()))  # type: ignore[misc]


def test_a_typed_issuer_gets_its_own_defaults_and_is_held_to_the_rule(machine: Machine) -> None:
    """Not those of the exec section's issuer."""
    other = "https://other.example.com"
    machine.has(
        f'{FORBIDDEN}[issuer."{other}"]\nlogin-hint = "ada"\n[issuer."{ARGS[1][18:]}"]\nprompt = "login"\n'
    )
    asked = stanza_request(user(), {"oidc_issuer_url": other})
    assert asked.refusal is not None
    assert (asked.account.login_hint, asked.account.prompt) == ("ada", "")
    assert stanza_request(user()).account.prompt == "login"


def test_what_kubectl_starts_types_nothing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its command line is an exec section's."""
    machine.has(FORBIDDEN)
    monkeypatch.setenv("KUBERNETES_EXEC_INFO", "{}")
    asked = stanza_request(user(), {"browser_command": "evil"})
    assert asked.refusal is not None
    assert asked.browser.command is None
