"""kubectl's lock on a kubeconfig: the file ``<kubeconfig>.lock``, which every kubectl honours."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.system import shell
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.files_in_use import patiently
from kubectl_oidc.text import sanitize
from kubectl_oidc.times import ago

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_SECONDS = 5.0  # kubectl holds its lock for milliseconds; a lock that lasts longer was left by a crash
_LOCK_POLL_SECONDS = 0.05
_REMOVE = "del" if sys.platform == "win32" else "rm"


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Hold kubectl's lock on ``path`` while the block runs.

    Raises:
        KubeconfigError: Another program holds it for longer than ``seconds``.
    """
    lock = take_lock(path, seconds)
    try:
        yield
    finally:
        free_lock(lock)


def lock_path(path: Path) -> Path:
    """Return the lock file of a kubeconfig."""
    return path.with_name(f"{path.name}.lock")


def take_lock(path: Path, seconds: float) -> Path:
    """Create the lock file of ``path``, which must not exist yet, and return it for `free_lock`.

    Raises:
        KubeconfigError: Another program holds the lock for longer than ``seconds``.
    """
    lock = lock_path(path)
    deadline = Deadline.after(seconds)
    while True:
        try:
            # Windows refuses this for a moment after another program removed its lock.
            os.close(patiently(lambda: os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)))
        except FileExistsError:
            if deadline.passed():
                raise _lock_is_held(lock) from None
            time.sleep(_LOCK_POLL_SECONDS)
        else:
            return lock


def free_lock(lock: Path) -> None:
    """Remove a lock file that `take_lock` created."""
    patiently(lambda: lock.unlink(missing_ok=True))


def _lock_is_held(lock: Path) -> KubeconfigError:
    age = ""
    with suppress(OSError):
        age = f", made {ago(time.time() - lock.lstat().st_mtime)}"
    return KubeconfigError(
        f"another program holds the kubeconfig's lock {sanitize(lock)}{age}",
        f"if no kubectl is running, a crash left the file behind: remove it ({_REMOVE} {shell.one_line([str(lock)])}) and try again. The file has not changed",
    )
