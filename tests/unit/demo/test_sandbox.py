"""Where the demo plays: its directory and environment, and the kubectl that it makes itself where there is none."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.demo import kubectl_stand_in
from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.sandbox import USER, CommandResult, Sandbox
from kubectl_oidc.errors import DemoError
from kubectl_oidc.kubeconfig import read
from kubectl_oidc.sessions.lock_directory import lock_paths
from kubectl_oidc.sessions.stores import index
from tests import parts
from tests.demo_cluster import serving
from tests.sessions import posix_only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.demo_cluster import Cluster

SESSION = "0" * 32


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def cluster(authority: Authority) -> Iterator[Cluster]:
    with serving(authority) as running:
        yield running


@pytest.fixture
def stage() -> Iterator[Sandbox]:
    """Have a stage on which no browser opens."""
    parts.plugin()
    with Sandbox(opens_browser=False) as entered:
        yield entered


# The directory and the environment


def test_the_directory_is_the_persons_own_and_goes_with_the_demo() -> None:
    """Nobody else looks into it while it is there, and nothing of it stays."""
    parts.plugin()
    with Sandbox(opens_browser=False) as stage:
        assert stat.S_IMODE(stage.directory.stat().st_mode) == 0o700
        stage.write_kubeconfig("https://127.0.0.1:1")
        (stage.directory / "cache").mkdir()
    assert not stage.directory.exists()


def test_what_the_commands_keep_lies_in_the_directory(stage: Sandbox) -> None:
    """Kubeconfig, caches and runtime directory are the demo's; HOME and the rest of the environment stay."""
    for name in ("KUBECONFIG", "KUBECACHEDIR", "XDG_RUNTIME_DIR"):
        assert Path(stage.environ[name]).is_relative_to(stage.directory)
    assert stage.environ["HOME"] == os.environ["HOME"]
    assert stage.environ["LANG"] == os.environ["LANG"]
    assert stage.environ["PATH"].split(os.pathsep)[0] == str(parts.plugin().parent)


def test_a_browser_keeps_the_runtime_directory() -> None:
    """A browser that is opened finds its desktop there."""
    parts.plugin()
    with Sandbox(opens_browser=True) as stage:
        assert stage.environ["XDG_RUNTIME_DIR"] == os.environ["XDG_RUNTIME_DIR"]


def test_what_would_lead_elsewhere_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's own flags in variables, and what another kubectl said, are not the demo's."""
    parts.plugin()
    monkeypatch.setenv("KUBECONFIG", "/somewhere/config")
    monkeypatch.setenv("KUBECTL_OIDC_ISSUER_URL", "https://other.example.com")
    monkeypatch.setenv("KUBERNETES_EXEC_INFO", "{}")
    with Sandbox(opens_browser=False) as stage:
        assert stage.environ["KUBECONFIG"] == str(stage.directory / "kubeconfig")
        assert not {name for name in stage.environ if name.startswith(("KUBECTL_OIDC_", "KUBERNETES_"))}


def test_lock_files_outside_the_directory_go_too() -> None:
    """With a browser the locks are in the person's runtime directory; the demo's sessions leave none there."""
    parts.plugin()
    with Sandbox(opens_browser=True) as stage:
        cache = Path(stage.changed["KUBECACHEDIR"]) / "oidc-login"
        index.write(cache, entry())
        lock, *_ = map(Path, lock_paths(SESSION, "none", cache))
        lock.touch()
        other = lock.with_name(f"{'1' * 32}.lock")
        other.touch()
        assert not lock.is_relative_to(stage.directory)
    assert not lock.exists()
    assert other.exists(), "another session's lock is not the demo's"


def entry() -> index.Entry:
    """Return what the index knows of a session of the demo's."""
    return index.Entry(
        session_id=SESSION,
        issuer="https://127.0.0.1:1",
        client_id="demo",
        scopes=("openid",),
        name="",
        person="alice@example.com",
        storage="disk",
        credential="disk",
        generation=1,
        signed_in_at=1,
        refreshed_at=1,
        expiry=2,
        renewable=False,
        in_flight=0,
        host=index.hostname(),
    )


def test_the_kubeconfig_names_the_cluster_and_no_user_yet(stage: Sandbox) -> None:
    """What an administrator hands to everybody; setup adds the user."""
    stage.write_kubeconfig("https://127.0.0.1:8443")
    config = read(None, stage.environ)
    cluster = config.clusters[config.context_cluster()]
    assert cluster.value["server"] == "https://127.0.0.1:8443"
    assert cluster.value["certificate-authority"] == str(stage.authority_file)
    assert config.users == {}


# Commands


@posix_only
def test_a_shell_takes_the_assignments(stage: Sandbox) -> None:
    """``--keep`` prints lines that give another terminal the same environment."""
    script = "\n".join([*stage.assignments(), "exec env -0"])
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=20, check=True)
    environ = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    assert {name: environ[name] for name in stage.changed} == stage.changed


@posix_only
def test_the_path_of_the_other_terminal_stays(stage: Sandbox) -> None:
    """The program's directory stands before what is there."""
    script = "\n".join(["PATH=/elsewhere", *stage.assignments(), 'echo "$PATH"'])
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == f"{stage.plugin.parent}:/elsewhere\n"


def test_a_command_runs_in_the_directory_and_its_environment(stage: Sandbox) -> None:
    """Its status and what it wrote come back; this program is the one that is installed here."""
    ran = stage.run(["kubectl-oidc_login", "version"])
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.strip()
    ran = stage.run(["kubectl-oidc_login", "no-such-command"])
    assert ran.status != 0
    assert "no-such-command" in ran.err


def test_a_command_that_cannot_be_started_is_an_error_of_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no kubectl nothing else is run in its place."""
    parts.plugin()
    monkeypatch.setenv("PATH", str(tmp_path))
    with Sandbox(opens_browser=False) as stage:
        assert stage.kubectl is None
        assert stage.words("purge") == ["kubectl-oidc_login", "purge"]
        with pytest.raises(DemoError, match="kubectl cannot be run: FileNotFoundError"):
            stage.run(["kubectl", "version"])


@posix_only
def test_with_a_kubectl_its_plugins_are_called_by_way_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As people type it: ``kubectl oidc-login``."""
    parts.plugin()
    kubectl = tmp_path / "kubectl"
    kubectl.write_text('#!/bin/sh\necho "$KUBECONFIG $PWD $*"\n')
    kubectl.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with Sandbox(opens_browser=False) as stage:
        words = stage.words("purge")
        assert words == ["kubectl", "oidc-login", "purge"]
        assert stage.run(words) == CommandResult(
            0, f"{stage.environ['KUBECONFIG']} {stage.directory} oidc-login purge\n", ""
        )


@posix_only
def test_words_are_joined_and_shown_as_a_shell_reads_them() -> None:
    """A value of --browser-command, and a line that can be copied."""
    words = ["program", "--cookies", "/a place/it's", '"$HOME"', "ü"]
    assert shlex.split(Sandbox.joined(words)) == words
    assert shlex.split(Sandbox.shown(words)) == words


# kubectl get pods without a kubectl


def kubeconfig(stage: Sandbox, cluster: Cluster, authority: Authority, *, user: str = USER) -> None:
    """Write the kubeconfig as setup leaves it, with a stanza whose words a test can look at."""
    authority.write(stage.authority_file)
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
                "cluster": {"server": cluster.url, "certificate-authority": str(stage.authority_file)},
            }
        ],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": user}}],
        "current-context": "c",
        "users": [{"name": user, "user": {"exec": stanza}}],
    }
    Path(stage.environ["KUBECONFIG"]).write_text(json.dumps(config), encoding="utf-8")


def plugin(stage: Sandbox, script: str) -> Path:
    """Put a shell script in the plugin's place."""
    stage.plugin = stage.directory / "plugin"
    stage.plugin.write_text(f"#!/bin/sh\n{script}\n")
    stage.plugin.chmod(0o700)
    return stage.plugin


def credential(token: str) -> str:
    """Return the script of a plugin that has this token."""
    return f"echo {shlex.quote(json.dumps({'kind': 'ExecCredential', 'status': {'token': token}}))}"


def kubectl(stage: Sandbox, cluster: Cluster, token: str) -> CommandResult:
    """Run a real kubectl with the same token."""
    program = stage.kubectl or str(parts.TOOLS / "kubectl")
    if not Path(program).exists():
        parts.missing("kubectl is not installed (tools/install-test-parts fetches it where it may)")
    command = [program, f"--server={cluster.url}", f"--token={token}", "get", "pods", "--all-namespaces"]
    command.append(f"--certificate-authority={stage.authority_file}")
    environ = {**stage.environ, "KUBECONFIG": os.devnull}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    return CommandResult(done.returncode, done.stdout, done.stderr)


@posix_only
@pytest.mark.parametrize("groups", [["eks-admins"], []], ids=["allowed", "forbidden"])
def test_the_demos_own_kubectl_prints_what_kubectl_prints(
    stage: Sandbox, cluster: Cluster, authority: Authority, groups: list[str]
) -> None:
    """The pods, or that they are forbidden: status, output and error, letter for letter."""
    kubeconfig(stage, cluster, authority)
    token = cluster.issuer.token({"groups": groups})
    plugin(stage, credential(token))
    ran = kubectl_stand_in.get_pods(stage)
    assert ran == kubectl(stage, cluster, token)
    assert (ran.status, ran.out.count("Running")) == ((0, 8) if groups else (1, 0))


@posix_only
def test_the_plugin_is_called_as_kubectl_calls_it(
    stage: Sandbox, cluster: Cluster, authority: Authority
) -> None:
    """With the stanza's arguments, ``KUBERNETES_EXEC_INFO`` and no terminal, in the demo's directory."""
    kubeconfig(stage, cluster, authority)
    noted = 'printf "%s\\n" "$PWD" "$KUBERNETES_EXEC_INFO" "$(cat)" "$@" > noted'
    plugin(stage, f"{noted}\n{credential(cluster.issuer.token())}")
    assert kubectl_stand_in.get_pods(stage).status == 0
    place, info, typed, *arguments = (stage.directory / "noted").read_text().splitlines()
    assert (place, typed, arguments) == (str(stage.directory), "", ["get-token", "a b"])
    assert json.loads(info) == {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "spec": {"interactive": False},
    }


@posix_only
def test_a_plugin_that_fails_says_why(stage: Sandbox, cluster: Cluster, authority: Authority) -> None:
    """Its standard error is what the person reads; the API is not asked."""
    kubeconfig(stage, cluster, authority)
    plugin(stage, "echo 'error: nobody is signed in' >&2; exit 1")
    assert kubectl_stand_in.get_pods(stage) == CommandResult(1, "", "error: nobody is signed in\n")


def test_a_kubeconfig_without_the_user_is_an_error_of_the_demo(
    stage: Sandbox, cluster: Cluster, authority: Authority
) -> None:
    """Where setup has written nothing there is nobody to be."""
    kubeconfig(stage, cluster, authority, user="other")
    with pytest.raises(DemoError, match="the kubeconfig has no user oidc"):
        kubectl_stand_in.get_pods(stage)
