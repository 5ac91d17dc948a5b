"""What `doctor --fix` does, in which order."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from kubectl_oidc.cli.doctor_repairs import mend
from kubectl_oidc.diagnosis import Finding, Repair, Severity
from kubectl_oidc.diagnosis.kubeconfig_lock import check_kubeconfig_lock
from kubectl_oidc.diagnosis.run import Result, Status
from kubectl_oidc.kubeconfig.read import read_kubeconfig
from tests.unit.diagnosis.doctor_run import chosen, doctor_run

if TYPE_CHECKING:
    from pathlib import Path

KUBECONFIG = """users:
- name: oidc
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: old
"""


def result(repair: Repair) -> Result:
    return Result(name="x", status=Status.PROBLEM, message="x", repair=repair)


def test_a_stale_lock_is_removed_before_the_kubeconfig_is_changed(tmp_path: Path) -> None:
    """Else the change waits for the lock and fails, and the lock is never removed."""
    path = tmp_path / "config"
    path.write_text(KUBECONFIG)
    lock = tmp_path / "config.lock"
    lock.touch()
    os.utime(lock, (1, 1))
    user = read_kubeconfig(str(path), {}).users["oidc"]
    (found,) = check_kubeconfig_lock(doctor_run(what=chosen({}, path=path)))
    assert isinstance(found, Finding)
    assert found.severity is Severity.WARNING
    assert found.repair
    edit = Repair("change the command", edit=partial(dict, command="new"))
    assert mend([result(edit), result(found.repair)], user, yes=True)
    assert not lock.exists()
    assert "command: new" in path.read_text()
