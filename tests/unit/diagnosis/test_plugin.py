"""The program that kubectl finds, and its version."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.diagnosis.plugin import check_plugin, find_command
from kubectl_oidc.kubeconfig import Entry
from kubectl_oidc.system.installation import BUNDLE, LAUNCHER
from kubectl_oidc.version import __version__
from tests.unit.diagnosis.doctor_run import QUOTE, doctor_run, executable, result_of, with_exec

if TYPE_CHECKING:
    from pathlib import Path


def test_a_command_is_found_as_kubectl_finds_it(tmp_path: Path) -> None:
    """A bare name on PATH; a path with the system's separator relative to the kubeconfig's directory."""
    there = executable(tmp_path / "bin" / "plugin")
    user = Entry("oidc", {}, tmp_path / "config")
    assert find_command("plugin", user, {"PATH": str(there.parent)}) == str(there)
    assert find_command(f"bin{os.sep}plugin", user, {"PATH": ""}) == str(there)
    assert find_command("plugin", user, {"PATH": str(tmp_path)}) is None
    assert find_command(str(there), None, {"PATH": ""}) == str(there)


@pytest.mark.parametrize(
    ("says", "named"),
    [
        (f"echo {QUOTE}kubectl-oidc 0.0.1 (Python){QUOTE}", "0.0.1"),
        ("echo kubectl-oidc_login version v1.36", "v1.36"),
        ("exit 1", "nothing"),
    ],
)
def test_the_version_of_the_program_that_kubectl_finds_is_checked(
    tmp_path: Path, says: str, named: str
) -> None:
    """Another version, another program, or no output."""
    executable(tmp_path / "kubectl-oidc_login", says)
    found = result_of(check_plugin(doctor_run(environ={"PATH": str(tmp_path)})))
    assert (found.status, found.topic) == ("warning", "plugin")
    assert named in found.message


def test_path_is_no_remedy_for_another_program_at_a_path_of_its_own(tmp_path: Path) -> None:
    other = executable(tmp_path / "other" / "kubectl-oidc_login", "echo 0.0.1")
    own = executable(tmp_path / "bin" / "kubectl-oidc_login", "echo 0.0.1")
    environ = {"PATH": str(own.parent)}
    found = result_of(check_plugin(doctor_run(what=with_exec(command=str(other)), environ=environ)))
    assert (found.status, found.topic) == ("warning", "plugin")
    assert str(other) in found.message
    assert "`command`" in found.hint
    assert str(own) in found.hint
    assert "PATH" not in found.hint


@pytest.mark.parametrize(
    ("how", "shown"), [(BUNDLE, f" ({BUNDLE})"), (LAUNCHER, f" ({LAUNCHER})"), ("x", "")]
)
def test_how_the_program_that_kubectl_finds_was_installed_is_shown(
    tmp_path: Path, how: str, shown: str
) -> None:
    """As that program's own `version` says it."""
    says = f"echo {QUOTE}kubectl-oidc {__version__} (Python 3.14.6, Linux x86_64, {how}){QUOTE}"
    program = executable(tmp_path / "kubectl-oidc_login", says)
    said = check_plugin(doctor_run(environ={"PATH": str(tmp_path)}))
    assert isinstance(said, str)
    assert said.startswith(f"{program}, ")
    assert said.endswith(f" {__version__}{shown}")


@pytest.mark.parametrize(
    ("command", "on_path"),
    [("/nowhere/kubectl-oidc_login", False), ("./nowhere-login", False), ("nowhere-login", True)],
)
def test_path_is_named_only_where_kubectl_looks_there(command: str, *, on_path: bool) -> None:
    """A path of its own is not looked up on PATH: the user's `command` is wrong."""
    found = result_of(check_plugin(doctor_run(what=with_exec(command=command), environ={"PATH": ""})))
    assert (found.status, found.topic) == ("problem", "plugin")
    assert command in found.message
    assert ("PATH" in found.hint, "`command`" in found.hint) == (on_path, not on_path)
