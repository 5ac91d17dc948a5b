"""The ``kubeconfig-lock`` check: whether a crash left kubectl's lock on a kubeconfig behind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kubectl_oidc.kubeconfig.kubectl_lock import free_lock, lock_path
from kubectl_oidc.text import sanitize
from kubectl_oidc.times import ago

from . import Repair, warning
from .run import Skipped

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from .run import DoctorRun, Observations

STALE_SECONDS = 60.0
"""kubectl holds its lock for milliseconds. A lock that is older was left by a crash."""


def check_kubeconfig_lock(run: DoctorRun) -> Observations:
    """Check that no old lock file stands in the way of kubectl config, setup and convert."""
    chosen = run.chosen
    files = dict.fromkeys(entry.path for entry in (chosen.user, chosen.context, chosen.cluster) if entry)
    if not files:
        yield Skipped("no user of a kubeconfig is meant")
        return
    found = [one for one in map(lock_path, files) if _age(one) > STALE_SECONDS]
    for lock in found:
        yield warning(
            f"the lock {sanitize(lock)} was made {ago(_age(lock))}: kubectl config, setup and convert wait for it and fail",
            "if no kubectl is running, a crash left it behind: remove the file",
            "kubeconfig",
            repair=Repair(f"remove {sanitize(lock)}", act=lambda lock=lock: free_lock(lock)),  # type: ignore[misc]
        )
    if not found:
        yield "free"


def _age(lock: Path) -> float:
    """Return how many seconds ago the lock was made; 0 if there is none."""
    status = _status(lock)
    return max(0.0, time.time() - status.st_mtime) if status else 0.0


def _status(lock: Path) -> os.stat_result | None:
    try:
        return lock.lstat()
    except OSError:
        return None
