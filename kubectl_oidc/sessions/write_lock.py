"""The write lock of a session: held from reading its index entry until everything that depends on it is written.

The session's own lock is held during network requests, for minutes if need be. A purge does not wait that long. The write lock
is held only to write the entry, the record and the published credential. So a purge, a sign-out or another sign-in either
comes first and is seen by the writer, or comes later and removes what was written.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kubectl_oidc.errors import LockError, StoreError
from kubectl_oidc.system import private_files
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.file_lock import FileLock

from .lock_directory import DIRECTORY, local_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECONDS = 30.0
"""How long to wait for another writer: a keyring may need that long."""

_held: list[FileLock] = []  # by this process


def release_in_child() -> None:
    """Release the write locks in a forked process. The parent process still holds them."""
    while _held:
        _held.pop().release()


@contextlib.contextmanager
def writing(
    cache_dir: Path,
    session_id: str,
    *,
    seconds: float = SECONDS,
    waiting: Callable[[FileLock, Deadline], Callable[[], bool]] | None = None,
) -> Iterator[bool]:
    """Hold the session's write lock. A process never acquires it twice, and never before the session's own lock.

    Args:
        seconds: How long to wait for another writer.
        waiting: Returns the function to call during the wait, such as one that tells the user.

    Yields:
        Whether it is held. It is not if neither the cache directory nor the local directory can hold a lock.

    Raises:
        StoreError: Another process still holds it.
    """
    deadline = Deadline.after(seconds)
    for path in _lock_files(cache_dir, session_id):
        with FileLock((path,)) as lock:
            try:
                held = lock.acquire(deadline, waiting(lock, deadline) if waiting else lambda: False)
            except OSError:
                continue
            if not held:
                raise _still_held(lock)
            lock.describe("storing the session")
            _held.append(lock)
            try:
                yield True
            finally:
                with contextlib.suppress(ValueError):  # a forked process has released it
                    _held.remove(lock)
            return
    yield False


def _lock_files(cache_dir: Path, session_id: str) -> Iterator[str]:
    """Yield where the lock file may be: next to the index, else in the local directory."""
    name = f"{session_id}.write"
    with contextlib.suppress(StoreError):
        yield str(private_files.ensure_directory(cache_dir, DIRECTORY) / name)
    with contextlib.suppress(LockError):
        yield str(local_directory() / name)


def _still_held(lock: FileLock) -> StoreError:
    pid, _ = lock.holder()
    who = f"process {pid}" if pid else "another process"
    return StoreError(
        f"{who} is still writing this session",
        f"wait until it has ended, or end it{f' (kill {pid})' if pid else ''}",
        topic="lock",
    )
