"""The stanza's checks where the installed program cannot show them, and kubectl's policy for plugins, case by case."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.diagnosis.exec_stanza import (
    check_api_version,
    check_command,
    check_interactive_mode,
    check_other_credentials,
    check_plugin,
    find,
)
from kubectl_oidc.diagnosis.plugin_policy import check_plugin_policy
from kubectl_oidc.kubeconfig import Entry
from tests.patient import chosen, patient, seen

if TYPE_CHECKING:
    from pathlib import Path

V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"


def with_exec(**exec_: Any) -> Any:
    return chosen({"exec": exec_})


def test_flags_have_no_stanza() -> None:
    """Nothing to look at."""
    for check in (check_api_version, check_interactive_mode, check_command, check_other_credentials):
        assert seen(check(patient()))[0] == "skipped"


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        (V1, "ok"),
        (V1BETA1, "ok"),
        (None, "problem"),
        ("client.authentication.k8s.io/v1alpha1", "problem"),
    ],
)
def test_the_version_is_one_that_kubectl_takes(version: str | None, kind: str) -> None:
    assert seen(check_api_version(patient(what=with_exec(apiVersion=version))))[0] == kind


def test_v1_is_good_for_kubectl_and_says_who_needs_another() -> None:
    """No warning, because it works for most; the row names those for whom it does not, and the command that changes it."""
    shown = " ".join(str(one) for one in check_api_version(patient(what=with_exec(apiVersion=V1))))
    assert "Java" in shown
    assert "v1beta1" in shown
    assert "convert" in shown


@pytest.mark.parametrize(
    ("version", "mode", "grant", "kind"),
    [
        (V1, "IfAvailable", "auto", "ok"),
        (V1, "Never", "auto", "ok"),
        (V1, "Never", "password", "warning"),
        (V1, "Always", "auto", "warning"),
        (V1, None, "auto", "problem"),
        (V1BETA1, None, "auto", "ok"),
        (V1BETA1, "Sometimes", "auto", "problem"),
    ],
)
def test_the_mode_lets_background_programs_in(version: str, mode: str | None, grant: str, kind: str) -> None:
    """v1 must name one; what asks at the terminal must have it."""
    what = with_exec(apiVersion=version, interactiveMode=mode)
    assert seen(check_interactive_mode(patient(what=what, grant=grant)))[0] == kind


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("kubectl-oidc_login", "ok"),
        (r"C:\bin\kubectl-oidc_login.EXE", "ok"),
        ("/usr/bin/kubectl", "warning"),
        ("kubelogin", "warning"),
    ],
)
def test_the_command_is_this_program_itself(command: str, kind: str) -> None:
    assert seen(check_command(patient(what=with_exec(command=command))))[0] == kind


@pytest.mark.parametrize(
    ("user", "kind", "words"),
    [
        ({}, "ok", "none"),
        ({"token": "SECRET"}, "problem", "never asks"),
        ({"username": "me"}, "problem", "never asks"),
        ({"auth-provider": {"name": "oidc"}}, "problem", "refuses both"),
        ({"client-certificate-data": "SECRET"}, "warning", "client certificate"),
        ({"as": "root"}, "warning", "acts as root"),
    ],
)
def test_nothing_else_takes_the_plugins_place(user: dict[str, Any], kind: str, words: str) -> None:
    found = seen(check_other_credentials(patient(what=chosen({"exec": {}, **user}))))
    assert found[0] == kind
    assert words in found[1]
    assert "SECRET" not in "".join(found)


def executable(path: Path, says: str = "") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o700)
    return path


def test_a_command_is_found_as_kubectl_finds_it(tmp_path: Path) -> None:
    """A bare name on PATH; a path with a slash from the kubeconfig's directory."""
    there = executable(tmp_path / "bin" / "plugin")
    user = Entry("oidc", {}, tmp_path / "config")
    assert find("plugin", user, {"PATH": str(there.parent)}) == str(there)
    assert find("bin/plugin", user, {"PATH": ""}) == str(there)
    assert find("plugin", user, {"PATH": str(tmp_path)}) is None
    assert find(str(there), None, {"PATH": ""}) == str(there)


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("echo kubectl-oidc 0.0.1 '(Python)'", "is another version of this program"),
        ("echo kubectl-oidc_login version v1.36", "is not this program"),
        ("exit 1", "says nothing"),
    ],
)
def test_what_kubectl_finds_is_asked_who_it_is(tmp_path: Path, says: str, words: str) -> None:
    """Another version, another program, one that says nothing."""
    executable(tmp_path / "kubectl-oidc_login", says)
    kind, message, _ = seen(check_plugin(patient(environ={"PATH": str(tmp_path)})))
    assert kind == "warning"
    assert words in message


POLICIES: list[tuple[dict[str, Any] | str, str, str]] = [
    ({}, "ok", "every plugin is allowed by"),
    ({"credentialPluginPolicy": "AllowAll"}, "ok", "every plugin"),
    ({"credentialPluginPolicy": "DenyAll"}, "problem", "forbids"),
    ({"credentialPluginPolicy": "Sometimes"}, "problem", "the policy Sometimes"),
    (
        {"credentialPluginPolicy": "AllowAll", "credentialPluginAllowlist": [{"name": "a"}]},
        "problem",
        "refuses",
    ),
    ({"credentialPluginPolicy": "Allowlist"}, "problem", "not among them"),
    (
        {"credentialPluginPolicy": "Allowlist", "credentialPluginAllowlist": [{"name": "other"}]},
        "problem",
        "not among",
    ),
    ({"credentialPluginPolicy": "Allowlist", "credentialPluginAllowlist": [{}, "x"]}, "problem", "not among"),
    (
        {"credentialPluginPolicy": "Allowlist", "credentialPluginAllowlist": [{"name": "plugin"}]},
        "ok",
        "on the list",
    ),
    (
        {"credentialPluginPolicy": "Allowlist", "credentialPluginAllowlist": [{"command": "plugin"}]},
        "ok",
        "on the",
    ),
    (
        {"credentialPluginPolicy": "Allowlist", "credentialPluginAllowlist": [{"command": "BIN/plugin"}]},
        "ok",
        "on the list",
    ),
    ("kind: [", "problem", "cannot be read"),
]


@pytest.mark.parametrize(("preferences", "kind", "words"), POLICIES)
def test_kubectls_policy_for_plugins(
    tmp_path: Path, preferences: dict[str, Any] | str, kind: str, words: str
) -> None:
    """By the command's words, or by the file that both names lead to; ``name`` in 1.35, ``command`` since."""
    there = executable(tmp_path / "bin" / "plugin")
    text = preferences if isinstance(preferences, str) else json.dumps(preferences)
    (tmp_path / "kuberc").write_text(text.replace("BIN", str(there.parent)))
    environ = {"KUBERC": str(tmp_path / "kuberc"), "PATH": str(there.parent)}
    found = seen(check_plugin_policy(patient(what=with_exec(command="plugin"), environ=environ)))
    assert found[0] == kind
    assert words in found[1]


@pytest.mark.parametrize("environ", [{"KUBERC": "off"}, {"KUBECTL_KUBERC": "false"}])
def test_preferences_that_are_off_are_not_looked_at(environ: dict[str, str]) -> None:
    assert (
        seen(check_plugin_policy(patient(what=with_exec(command="plugin"), environ=environ)))[0] == "skipped"
    )


def test_without_preferences_every_plugin_is_allowed(tmp_path: Path) -> None:
    found = seen(
        check_plugin_policy(patient(what=with_exec(command="x"), environ={"KUBERC": str(tmp_path / "no")}))
    )
    assert found[0] == "ok"
