"""The directory and the environment of the demo's commands."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kubectl_oidc.demo.sandbox import CommandResult, Sandbox
from kubectl_oidc.errors import DemoError
from kubectl_oidc.kubeconfig import read_kubeconfig
from kubectl_oidc.sessions.lock_directory import lock_paths
from kubectl_oidc.sessions.stores import index
from tests import parts
from tests.sessions import posix_only
from tests.topics import about

SESSION = "0" * 32


def test_the_directory_is_private_and_is_removed() -> None:
    """Its mode is 0700, and nothing of it stays."""
    parts.plugin()
    with Sandbox(opens_browser=False) as sandbox:
        if sys.platform != "win32":
            assert stat.S_IMODE(sandbox.directory.stat().st_mode) == 0o700
        sandbox.write_kubeconfig("https://127.0.0.1:1")
        (sandbox.directory / "cache").mkdir()
    assert not sandbox.directory.exists()


def test_the_commands_store_everything_in_the_directory(sandbox: Sandbox) -> None:
    """Kubeconfig, caches and runtime directory; HOME and other variables stay."""
    for name in ("KUBECONFIG", "KUBECACHEDIR", "XDG_RUNTIME_DIR"):
        assert Path(sandbox.environ[name]).is_relative_to(sandbox.directory)
    assert sandbox.environ["HOME"] == os.environ["HOME"]
    assert sandbox.environ["LANG"] == os.environ["LANG"]
    assert sandbox.environ["PATH"].split(os.pathsep)[0] == str(parts.plugin().parent)


def test_with_a_browser_the_runtime_directory_stays() -> None:
    """The browser finds its desktop there."""
    parts.plugin()
    with Sandbox(opens_browser=True) as sandbox:
        assert sandbox.environ["XDG_RUNTIME_DIR"] == os.environ["XDG_RUNTIME_DIR"]


def test_variables_that_would_redirect_the_commands_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own flags in variables, and another kubectl's variables."""
    parts.plugin()
    monkeypatch.setenv("KUBECONFIG", "/somewhere/config")
    monkeypatch.setenv("KUBECTL_OIDC_ISSUER_URL", "https://other.example.com")
    monkeypatch.setenv("KUBERNETES_EXEC_INFO", "{}")
    with Sandbox(opens_browser=False) as sandbox:
        assert sandbox.environ["KUBECONFIG"] == str(sandbox.directory / "kubeconfig")
        assert not {name for name in sandbox.environ if name.startswith(("KUBECTL_OIDC_", "KUBERNETES_"))}


def test_lock_files_outside_the_directory_are_removed() -> None:
    """With a browser, locks are in the user's runtime directory."""
    parts.plugin()
    with Sandbox(opens_browser=True) as sandbox:
        cache = Path(sandbox.changed["KUBECACHEDIR"]) / "oidc-login"
        index.write_entry(cache, entry())
        lock, *_ = map(Path, lock_paths(SESSION, "none", cache))
        lock.touch()
        other = lock.with_name(f"{'1' * 32}.lock")
        other.touch()
        assert not lock.is_relative_to(sandbox.directory)
    assert not lock.exists()
    assert other.exists(), "another session's lock is not the demo's"


def entry() -> index.Entry:
    """Return the index entry of a session of the demo."""
    return index.Entry(
        session_id=SESSION,
        host="laptop",
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
    )


def test_the_kubeconfig_has_the_cluster_and_no_user(sandbox: Sandbox) -> None:
    """Setup adds the user."""
    sandbox.write_kubeconfig("https://127.0.0.1:8443")
    config = read_kubeconfig(None, sandbox.environ)
    cluster = config.clusters[config.context_cluster()]
    assert cluster.value["server"] == "https://127.0.0.1:8443"
    assert cluster.value["certificate-authority"] == str(sandbox.authority_file)
    assert config.users == {}


@posix_only
def test_a_shell_accepts_the_assignments(sandbox: Sandbox) -> None:
    """``--keep`` prints lines that set the same environment in another terminal."""
    script = "\n".join([*sandbox.assignments(), "exec env -0"])
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=20, check=True)
    environ = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    assert {name: environ[name] for name in sandbox.changed} == sandbox.changed


@posix_only
def test_the_path_of_the_other_terminal_stays(sandbox: Sandbox) -> None:
    """The program's directory is added before it."""
    script = "\n".join(["PATH=/elsewhere", *sandbox.assignments(), 'echo "$PATH"'])
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == f"{sandbox.plugin.parent}:/elsewhere\n"


def test_a_command_runs_in_the_directory_and_its_environment(sandbox: Sandbox) -> None:
    """Its status and output are returned; the program is this installation."""
    ran = sandbox.run(["kubectl-oidc_login", "version"])
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.strip()
    ran = sandbox.run(["kubectl-oidc_login", "no-such-command"])
    assert ran.status != 0
    assert "no-such-command" in ran.err


def test_a_command_that_cannot_be_started_is_a_demo_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without kubectl nothing else is run instead."""
    parts.plugin()
    monkeypatch.setenv("PATH", str(tmp_path))
    with Sandbox(opens_browser=False) as sandbox:
        assert sandbox.kubectl is None
        assert sandbox.words("purge") == ["kubectl-oidc_login", "purge"]
        with pytest.raises(DemoError, check=about("demo", "kubectl", "FileNotFoundError")):
            sandbox.run(["kubectl", "version"])


@posix_only
def test_with_kubectl_its_plugins_are_called_through_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As people type it: ``kubectl oidc-login``."""
    parts.plugin()
    kubectl = tmp_path / "kubectl"
    kubectl.write_text('#!/bin/sh\necho "$KUBECONFIG $PWD $*"\n')
    kubectl.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with Sandbox(opens_browser=False) as sandbox:
        words = sandbox.words("purge")
        assert words == ["kubectl", "oidc-login", "purge"]
        assert sandbox.run(words) == CommandResult(
            0, f"{sandbox.environ['KUBECONFIG']} {sandbox.directory} oidc-login purge\n", ""
        )


@posix_only
def test_commands_are_quoted_for_the_shell() -> None:
    """As a value of --browser-command, and as a line to copy."""
    words = ["program", "--cookies", "/a place/it's", '"$HOME"', "ü"]
    assert shlex.split(Sandbox.joined(words)) == words
    assert shlex.split(Sandbox.shown(words)) == words
