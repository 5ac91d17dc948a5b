"""The ``kubeconfig-lock`` check: whether a crash left kubectl's lock on a kubeconfig behind."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig.kubectl_lock import free_lock, lock_path
from kubectl_oidc.text import sanitize
from kubectl_oidc.times import ago

from . import Repair, warning
from .exec_stanza import NO_USER

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from .run import DoctorRun, Observations

STALE_SECONDS = 60.0
"""kubectl holds its lock for milliseconds. A lock that is older was left by a crash."""


def check_kubeconfig_lock(run: DoctorRun) -> Observations:
    """Check that no old lock file blocks kubectl config, setup and convert."""
    chosen = run.chosen
    files = dict.fromkeys(entry.path for entry in (chosen.user, chosen.context, chosen.cluster) if entry)
    if not files:
        yield NO_USER
        return
    found = [(lock, status) for lock in map(lock_path, files) if (status := _stale(lock))]
    for lock, status in found:
        yield warning(
            f"the lock {sanitize(lock)} was made {ago(_age(status))}: so kubectl config, setup and convert wait and fail",
            "if no kubectl is running, remove the file: a crash left it behind",
            "kubeconfig",
            repair=Repair(f"remove {sanitize(lock)}", act=partial(_remove, lock, status)),
        )
    if not found:
        yield "free"


def _remove(lock: Path, seen: os.stat_result) -> None:
    """Remove a lock if it is still the stale one that was ``seen``: since then, a kubectl may have made its own.

    Raises:
        KubeconfigError: It is another one.
        OSError: It cannot be removed.
    """
    try:
        status = lock.lstat()
    except FileNotFoundError:
        return
    if _identity(status) != _identity(seen) or _age(status) <= STALE_SECONDS:
        raise KubeconfigError(
            f"the lock {sanitize(lock)} was not removed: another program has created it again",
            "run `kubectl oidc-login doctor --fix` again",
        )
    free_lock(lock)


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _age(status: os.stat_result) -> float:
    """Return how many seconds ago a file was made; 0 if that is in the future."""
    return max(0.0, time.time() - status.st_mtime)


def _stale(lock: Path) -> os.stat_result | None:
    """Return what is known of a lock that is old; None if it is young or there is none."""
    try:
        status = lock.lstat()
    except OSError:
        return None
    return status if _age(status) > STALE_SECONDS else None
