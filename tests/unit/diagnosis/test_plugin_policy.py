"""The policy for credential plugins in kubectl's preferences."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.diagnosis.plugin_policy import check_plugin_policy
from tests.unit.diagnosis.doctor_run import chosen, doctor_run, result_of

if TYPE_CHECKING:
    from pathlib import Path


def with_exec(**exec_: Any) -> Any:
    return chosen({"exec": exec_})


def executable(path: Path, says: str = "") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o700)
    return path


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
    found = result_of(check_plugin_policy(doctor_run(what=with_exec(command="plugin"), environ=environ)))
    assert found[0] == kind
    assert words in found[1]


@pytest.mark.parametrize("environ", [{"KUBERC": "off"}, {"KUBECTL_KUBERC": "false"}])
def test_preferences_that_are_off_are_not_looked_at(environ: dict[str, str]) -> None:
    assert (
        result_of(check_plugin_policy(doctor_run(what=with_exec(command="plugin"), environ=environ)))[0]
        == "skipped"
    )


def test_without_preferences_every_plugin_is_allowed(tmp_path: Path) -> None:
    found = result_of(
        check_plugin_policy(doctor_run(what=with_exec(command="x"), environ={"KUBERC": str(tmp_path / "no")}))
    )
    assert found[0] == "ok"
