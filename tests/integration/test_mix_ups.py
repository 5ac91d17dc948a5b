"""Other programs that are taken for this one, or for kubectl: named by the installed program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.diagnosis.exec_stanza import STARTS_ITSELF_ENDLESSLY
from tests import parts
from tests.plugin import run_plugin

from .said import topics

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

AZURE = [
    "get-token",
    "--environment",
    "AzurePublicCloud",
    "--server-id",
    "a",
    "--client-id",
    "b",
    "--tenant-id",
    "c",
]


@pytest.mark.parametrize(
    "words",
    [
        AZURE,
        ["get-token", "--login", "devicecode"],
        ["convert-kubeconfig", "-l", "azurecli"],
        ["get-token", "--login=msi"],
    ],
)
def test_azures_kubelogin_is_named(words: list[str]) -> None:
    """By its commands and flags."""
    ended = run_plugin(*words)
    assert (ended.returncode, ended.stdout) == (2, "")
    error, hint = ended.stderr.splitlines()
    assert "Azure's kubelogin" in error
    assert topics(hint) == ["azure-kubelogin"]


def test_our_own_mistakes_are_not_azures() -> None:
    for words in (["get-token", "--oidc-issuer"], ["convrt"]):
        assert "Azure" not in run_plugin(*words).stderr


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """Have a kubeconfig with kubelogin's stanza."""
    path = tmp_path / "config"
    path.write_text(
        """apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {user: oidc, cluster: k}}]
clusters: [{name: k, cluster: {server: "https://k8s.invalid"}}]
users:
- name: oidc
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubectl
      args: [oidc-login, get-token, --oidc-issuer-url=https://idp.invalid, --oidc-client-id=k8s]
"""
    )
    return path


@pytest.fixture
def google(tmp_path: Path) -> Path:
    """Have Google Cloud CLI's directory: kubectl is the dispatcher, and would write down that it was started."""
    directory = tmp_path / "google"
    directory.mkdir()
    for name in ("kubectl", "kubectl.1.30"):
        (directory / name).write_text(f"#!/bin/sh\\necho started >>{tmp_path}/started\\n")
        (directory / name).chmod(0o755)
    return directory


def test_a_dispatcher_that_would_start_itself_is_named(
    kubeconfig: Path, google: Path, tmp_path: Path
) -> None:
    """By convert and doctor, and it is not started for that; with the plugin on PATH nothing is said."""
    env = {"PATH": f"{google}:/usr/bin:/bin"}
    dry = run_plugin("convert", f"--kubeconfig={kubeconfig}", "--dry-run", env=env)
    assert str(google / "kubectl") in dry.stderr
    doctor = run_plugin("doctor", f"--kubeconfig={kubeconfig}", "-o", "json", env=env)
    assert f"{google / 'kubectl'}, " in doctor.stdout
    assert STARTS_ITSELF_ENDLESSLY in doctor.stdout
    assert not (tmp_path / "started").exists()
    (google / "kubectl.1.30").unlink()
    dry = run_plugin("convert", f"--kubeconfig={kubeconfig}", "--dry-run", env=env)
    assert str(google) not in dry.stderr
    with_plugin = {"PATH": f"{google}:{parts.plugin().parent}:/usr/bin:/bin"}
    assert (
        "PATH" not in run_plugin("convert", f"--kubeconfig={kubeconfig}", "--dry-run", env=with_plugin).stderr
    )


def test_a_stanza_of_azures_kubelogin_is_named(kubeconfig: Path) -> None:
    text = kubeconfig.read_text().replace("command: kubectl", "command: kubelogin")
    kubeconfig.write_text(
        text.replace("[oidc-login, get-token,", "[get-token, --environment, AzurePublicCloud,")
    )
    for command in ("doctor", "whoami", "login"):
        said = run_plugin(command, f"--kubeconfig={kubeconfig}")
        assert said.returncode != 0
        assert "Azure's kubelogin" in said.stdout + said.stderr, command
