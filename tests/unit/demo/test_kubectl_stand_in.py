"""The demo's own `kubectl get pods` does what kubectl does."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.demo import kubectl_stand_in
from kubectl_oidc.demo.sandbox import USER, CommandResult, Sandbox
from kubectl_oidc.errors import DemoError
from tests import parts
from tests.sessions import posix_only
from tests.topics import about

if TYPE_CHECKING:
    from kubectl_oidc.demo.authority import Authority
    from tests.demo_cluster import Cluster


def kubeconfig(sandbox: Sandbox, cluster: Cluster, authority: Authority, *, user: str = USER) -> None:
    """Write the kubeconfig as setup does, with recognisable arguments."""
    authority.write(sandbox.authority_file)
    stanza = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "kubectl",
        "args": ["get-token", "a b"],
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "c",
                "cluster": {"server": cluster.url, "certificate-authority": str(sandbox.authority_file)},
            }
        ],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": user}}],
        "current-context": "c",
        "users": [{"name": user, "user": {"exec": stanza}}],
    }
    Path(sandbox.environ["KUBECONFIG"]).write_text(json.dumps(config), encoding="utf-8")


def plugin(sandbox: Sandbox, script: str) -> Path:
    """Replace the plugin by a shell script."""
    sandbox.plugin = sandbox.directory / "plugin"
    sandbox.plugin.write_text(f"#!/bin/sh\n{script}\n")
    sandbox.plugin.chmod(0o700)
    return sandbox.plugin


def credential(token: str) -> str:
    """Return the script of a plugin that prints this token."""
    return f"echo {shlex.quote(json.dumps({'kind': 'ExecCredential', 'status': {'token': token}}))}"


def kubectl(sandbox: Sandbox, cluster: Cluster, token: str) -> CommandResult:
    """Run a real kubectl with the same token."""
    program = sandbox.kubectl or str(parts.TOOLS / "kubectl")
    if not Path(program).exists():
        parts.missing("kubectl is not installed (tools/install-test-parts fetches it where it may)")
    command = [program, f"--server={cluster.url}", f"--token={token}", "get", "pods", "--all-namespaces"]
    command.append(f"--certificate-authority={sandbox.authority_file}")
    environ = {**sandbox.environ, "KUBECONFIG": os.devnull}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    return CommandResult(done.returncode, done.stdout, done.stderr)


@posix_only
@pytest.mark.parametrize("groups", [["eks-admins"], []], ids=["allowed", "forbidden"])
def test_the_stand_in_prints_what_kubectl_prints(
    sandbox: Sandbox, cluster: Cluster, authority: Authority, groups: list[str]
) -> None:
    """The pods, or that they are forbidden: the same status, output and error."""
    kubeconfig(sandbox, cluster, authority)
    token = cluster.issuer.token({"groups": groups})
    plugin(sandbox, credential(token))
    ran = kubectl_stand_in.get_pods(sandbox)
    assert ran == kubectl(sandbox, cluster, token)
    assert (ran.status, ran.out.count("Running")) == ((0, 8) if groups else (1, 0))


@posix_only
def test_the_plugin_is_called_as_kubectl_calls_it(
    sandbox: Sandbox, cluster: Cluster, authority: Authority
) -> None:
    """With the arguments of the exec section, ``KUBERNETES_EXEC_INFO`` and no terminal."""
    kubeconfig(sandbox, cluster, authority)
    noted = 'printf "%s\\n" "$PWD" "$KUBERNETES_EXEC_INFO" "$(cat)" "$@" > noted'
    plugin(sandbox, f"{noted}\n{credential(cluster.issuer.token())}")
    assert kubectl_stand_in.get_pods(sandbox).status == 0
    place, info, typed, *arguments = (sandbox.directory / "noted").read_text().splitlines()
    assert (place, typed, arguments) == (str(sandbox.directory), "", ["get-token", "a b"])
    assert json.loads(info) == {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "spec": {"interactive": False},
    }


@posix_only
def test_the_error_of_a_failed_plugin_is_shown(
    sandbox: Sandbox, cluster: Cluster, authority: Authority
) -> None:
    """The API is not asked."""
    kubeconfig(sandbox, cluster, authority)
    plugin(sandbox, "echo 'error: nobody is signed in' >&2; exit 1")
    assert kubectl_stand_in.get_pods(sandbox) == CommandResult(1, "", "error: nobody is signed in\n")


def test_a_kubeconfig_without_the_user_is_a_demo_error(
    sandbox: Sandbox, cluster: Cluster, authority: Authority
) -> None:
    """Because setup has written nothing."""
    kubeconfig(sandbox, cluster, authority, user="other")
    with pytest.raises(DemoError, check=about("demo", "kubeconfig", "user oidc")):
        kubectl_stand_in.get_pods(sandbox)
