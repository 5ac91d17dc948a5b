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
from tests.unit.diagnosis.doctor_run import chosen, doctor_run, result_of, with_exec

V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"


def test_without_a_kubeconfig_user_the_checks_are_skipped() -> None:
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
def test_the_api_version_is_one_that_kubectl_accepts(version: str | None, kind: str) -> None:
    assert result_of(check_api_version(doctor_run(what=with_exec(apiVersion=version))))[0] == kind


def test_v1_is_fine_and_names_the_clients_that_need_v1beta1() -> None:
    """It works for most clients, so it is not a warning."""
    shown = result_of(check_api_version(doctor_run(what=with_exec(apiVersion=V1)))).message
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
def test_the_interactive_mode_allows_background_programs(
    version: str, mode: str | None, grant: str, kind: str
) -> None:
    """v1 requires a mode. A grant that prompts needs the terminal."""
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
def test_the_command_starts_this_program_directly(command: str, kind: str) -> None:
    assert result_of(check_command(doctor_run(what=with_exec(command=command))))[0] == kind


@pytest.mark.parametrize(
    ("user", "status", "named"),
    [
        ({}, "ok", ""),
        ({"token": "SECRET"}, "problem", "token"),
        ({"username": "me"}, "problem", "username"),
        ({"auth-provider": {"name": "oidc"}}, "problem", "auth-provider"),
        ({"as": "root"}, "warning", "root ("),
    ],
)
def test_other_credentials_of_the_user_are_found(user: dict[str, Any], status: str, named: str) -> None:
    found = result_of(check_other_credentials(doctor_run(what=chosen({"exec": {}, **user}))))
    assert (found.status, found.topic) == (status, "" if status == "ok" else "stanza")
    assert named in found.message
    assert "SECRET" not in "".join(found)


def test_a_client_certificate_of_the_user_is_found() -> None:
    """The API server may believe it instead of the token."""
    user = {"exec": {}, "client-certificate-data": "SECRET"}
    found = result_of(check_other_credentials(doctor_run(what=chosen(user))))
    assert (found.status, found.topic) == ("warning", "stanza")
    assert ".client-certificate-data`" in found.hint
    assert "SECRET" not in "".join(found)
