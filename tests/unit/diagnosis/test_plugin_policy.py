"""The policy for credential plugins in kubectl's preferences."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.diagnosis.plugin_policy import check_plugin_policy
from tests.unit.diagnosis.doctor_run import doctor_run, executable, result_of, with_exec

if TYPE_CHECKING:
    from pathlib import Path


def allow_list(*entries: object) -> dict[str, object]:
    return {"credentialPluginPolicy": "Allowlist", "credentialPluginAllowlist": list(entries)}


POLICIES: list[tuple[dict[str, Any] | str, str, str]] = [
    ({}, "ok", "kuberc"),
    ({"credentialPluginPolicy": "AllowAll"}, "ok", "kuberc"),
    ({"credentialPluginPolicy": "DenyAll"}, "problem", "DenyAll"),
    ({"credentialPluginPolicy": "Sometimes"}, "problem", "Sometimes"),
    ({**allow_list({"name": "a"}), "credentialPluginPolicy": "AllowAll"}, "problem", "Allowlist"),
    ({"credentialPluginPolicy": "Allowlist"}, "problem", "plugin"),
    (allow_list({"name": "other"}), "problem", "plugin"),
    (allow_list({}, "x"), "problem", "plugin"),
    (allow_list({"name": "plugin"}), "ok", "plugin"),
    (allow_list({"command": "plugin"}), "ok", "plugin"),
    (allow_list({"command": "BIN/plugin"}), "ok", "plugin"),
    ("kind: [", "problem", "kuberc"),
]


@pytest.mark.parametrize(("preferences", "status", "named"), POLICIES)
def test_each_plugin_policy_allows_or_forbids_the_plugin(
    tmp_path: Path, preferences: dict[str, Any] | str, status: str, named: str
) -> None:
    """An entry matches by its text or by its path; its field is ``name`` in 1.35, ``command`` since."""
    there = executable(tmp_path / "bin" / "plugin")
    text = preferences if isinstance(preferences, str) else json.dumps(preferences)
    (tmp_path / "kuberc").write_text(text.replace("BIN", there.parent.as_posix()))
    environ = {"KUBERC": str(tmp_path / "kuberc"), "PATH": str(there.parent)}
    found = result_of(check_plugin_policy(doctor_run(what=with_exec(command="plugin"), environ=environ)))
    assert (found.status, found.topic) == (status, "" if status == "ok" else "plugin-policy")
    assert named in found.message


@pytest.mark.parametrize("environ", [{"KUBERC": "off"}, {"KUBECTL_KUBERC": "false"}])
def test_preferences_that_are_off_are_not_read(environ: dict[str, str]) -> None:
    assert (
        result_of(check_plugin_policy(doctor_run(what=with_exec(command="plugin"), environ=environ)))[0]
        == "skipped"
    )


def test_without_preferences_every_plugin_is_allowed(tmp_path: Path) -> None:
    found = result_of(
        check_plugin_policy(doctor_run(what=with_exec(command="x"), environ={"KUBERC": str(tmp_path / "no")}))
    )
    assert found[0] == "ok"
