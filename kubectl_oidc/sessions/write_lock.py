"""The write lock of a session: held from the look at its index entry until what belongs to it is written.

The session's own lock is held over the network and may take minutes, and a purge does not wait so long. This one is short: it
covers the entry, the store's record and the published credential. So a purge, a sign-out or another sign-in is either seen by
whoever stores something, or comes after it and removes it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kubectl_oidc.errors import LockError, StoreError
from kubectl_oidc.system import private_files
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.file_lock import FileLock

from .lock_directory import BESIDE, local_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECONDS = 30.0
"""How long another writer is waited for: a keyring may take as long as that."""

_held: list[FileLock] = []  # by this process


def let_go() -> None:
    """Hold no write lock in a process that was forked: the lock stays with the first process until that ends."""
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
    """Hold the session's write lock. It is never taken twice by one process, and never before the session's own lock.

    Args:
        cache_dir: The cache directory.
        session_id: The session.
        seconds: How long another writer is waited for.
        waiting: Makes what is called while waiting, such as to tell a person.

    Yields:
        Whether it is held. It is not if neither the cache directory nor the local directory can be locked.

    Raises:
        StoreError: Another process still holds it.
    """
    deadline = Deadline.after(seconds)
    for path in _places(cache_dir, session_id):
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
                with contextlib.suppress(ValueError):  # a process that was forked has let go of it
                    _held.remove(lock)
            return
    yield False


def _places(cache_dir: Path, session_id: str) -> Iterator[str]:
    """Return where the lock file may be: next to the index, else local to this machine."""
    name = f"{session_id}.write"
    with contextlib.suppress(StoreError):
        yield str(private_files.ensure_directory(cache_dir, BESIDE) / name)
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
