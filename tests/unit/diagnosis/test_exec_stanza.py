"""The fields of the exec section, where the integration tests do not cover them."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_oidc.diagnosis.exec_stanza import (
    check_api_version,
    check_command,
    check_interactive_mode,
    check_other_credentials,
)
from tests.unit.diagnosis.doctor_run import chosen, doctor_run, result_of

V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"


def with_exec(**exec_: Any) -> Any:
    return chosen({"exec": exec_})


def test_flags_have_no_stanza() -> None:
    """Nothing to look at."""
    for check in (check_api_version, check_interactive_mode, check_command, check_other_credentials):
        assert result_of(check(doctor_run()))[0] == "skipped"


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
    assert result_of(check_api_version(doctor_run(what=with_exec(apiVersion=version))))[0] == kind


def test_v1_is_good_for_kubectl_and_says_who_needs_another() -> None:
    """No warning, because it works for most; the row names those for whom it does not, and the command that changes it."""
    shown = " ".join(str(one) for one in check_api_version(doctor_run(what=with_exec(apiVersion=V1))))
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
    assert result_of(check_interactive_mode(doctor_run(what=what, grant=grant)))[0] == kind


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
    assert result_of(check_command(doctor_run(what=with_exec(command=command))))[0] == kind


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
    found = result_of(check_other_credentials(doctor_run(what=chosen({"exec": {}, **user}))))
    assert found[0] == kind
    assert words in found[1]
    assert "SECRET" not in "".join(found)
