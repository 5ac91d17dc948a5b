"""kubectl's lock on a kubeconfig, which a crash left behind."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.diagnosis import Finding
from kubectl_oidc.diagnosis.kubeconfig_lock import STALE_SECONDS, check_kubeconfig_lock
from kubectl_oidc.errors import KubeconfigError
from tests.topics import about
from tests.unit.diagnosis.doctor_run import chosen, doctor_run, result_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def make_lock(lock: Path, age: float) -> None:
    lock.touch()
    os.utime(lock, (time.time() - age, time.time() - age))


def repair_of(kubeconfig: Path) -> Callable[[], None]:
    (found,) = check_kubeconfig_lock(doctor_run(what=chosen({}, path=kubeconfig)))
    assert isinstance(found, Finding)
    assert (found.severity, found.topic) == ("warning", "kubeconfig")
    assert found.repair
    assert found.repair.act
    return found.repair.act


@pytest.mark.parametrize("age", [None, -600, 0, STALE_SECONDS - 5])
def test_a_young_lock_is_left_alone(tmp_path: Path, age: float | None) -> None:
    """So is none, and one from the future."""
    if age is not None:
        make_lock(tmp_path / "config.lock", age)
    run = doctor_run(what=chosen({}, path=tmp_path / "config"))
    assert result_of(check_kubeconfig_lock(run)).status == "ok"


def test_a_stale_lock_is_removed(tmp_path: Path) -> None:
    """If it is gone by then, all is well."""
    lock = tmp_path / "config.lock"
    make_lock(lock, 600)
    act = repair_of(tmp_path / "config")
    act()
    assert not lock.exists()
    act()


@pytest.mark.parametrize("age", [0, 300])
@pytest.mark.parametrize("same_file", [True, False])
def test_a_lock_that_another_program_made_meanwhile_stays(
    tmp_path: Path, age: float, *, same_file: bool
) -> None:
    """Between the check and the answer of the user the old lock was removed and a kubectl made its own."""
    lock = tmp_path / "config.lock"
    make_lock(lock, 600)
    act = repair_of(tmp_path / "config")
    if not same_file:
        lock.rename(tmp_path / "old")  # whose inode is not used again
    make_lock(lock, age)
    with pytest.raises(KubeconfigError, check=about("kubeconfig", str(lock), "doctor --fix")):
        act()
    assert lock.exists()


def test_a_lock_of_the_same_time_in_another_file_stays(tmp_path: Path) -> None:
    """The inode counts as well."""
    lock = tmp_path / "config.lock"
    make_lock(lock, 600)
    act, status = repair_of(tmp_path / "config"), lock.stat()
    lock.rename(tmp_path / "old")
    lock.touch()
    os.utime(lock, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(KubeconfigError):
        act()
    assert lock.exists()
