"""Remove a session from every place that it rests in, so that nothing brings it back.

The generation is raised under the session's lock, so that a copy that cannot be removed is not used again. Where the
lock is not to be had in time, the raised generation stays in the index, and a refresh that is still on its way finds it
there and stores nothing.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubectl_oidc import failed_refreshes, failed_sign_ins, hot, unwritten_tokens
from kubectl_oidc.deadline import Deadline
from kubectl_oidc.errors import LockError, StoreError
from kubectl_oidc.hot import ahead
from kubectl_oidc.hot.credential import DIRECTORY as CREDENTIALS
from kubectl_oidc.lock import SessionLock
from kubectl_oidc.lock_directory import lock_paths
from kubectl_oidc.log import QUIET
from kubectl_oidc.remember import forget
from kubectl_oidc.session import RAISE
from kubectl_oidc.stores import disk, index, open_store, private_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kubectl_oidc.stores.base import Store

LOCK_SECONDS = 5.0
"""How long a refresh on its way is waited for."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What was removed of one session.

    Attributes:
        session_id: The session.
        person: Who was signed in, as far as the index knows.
        issuer: Where.
        client_id: For which client.
        places: The places it was removed from, in words.
        failures: What could not be removed, and why.
    """

    session_id: str
    person: str
    issuer: str
    client_id: str
    places: tuple[str, ...]
    failures: tuple[StoreError, ...]


def purge_session(
    session_id: str,
    cache_dir: Path,
    *,
    patience: float = LOCK_SECONDS,
    before: Callable[[], None] = lambda: None,
) -> Purged:
    """Remove one session: its record, its current credential, its index entry and what is remembered of commands.

    Args:
        session_id: The session.
        cache_dir: The cache directory.
        patience: How long a refresh on its way is waited for, in seconds.
        before: What is done first, while nobody else uses the session.

    Returns:
        What was removed from where, and what was not.
    """
    known = index.read(cache_dir, session_id)
    places: list[str] = []
    failures: list[StoreError] = []
    with _locked(session_id, known.storage if known else "disk", cache_dir, patience) as locked:
        before()
        entry = index.read(cache_dir, session_id)  # again, now that nobody else is at it
        if entry:
            entry = replace(entry, generation=entry.generation + RAISE)
            _note(cache_dir, entry)
        for store in _stores(entry, cache_dir, failures):
            try:
                if store.delete(session_id):
                    places.append(store.where())
            except StoreError as error:
                failures.append(error)
        try:
            places += _withdraw(session_id, cache_dir, on_disk=disk.DiskStore(cache_dir).where() in places)
            if locked and not failures:
                index.remove(cache_dir, session_id)
        except StoreError as error:
            failures.append(error)
        if entry and not locked and not failures:
            _note(cache_dir, replace(entry, storage="", person="", former=()))
        forget(session_id)
        failed_sign_ins.forget(cache_dir, session_id)
        failed_refreshes.forget(cache_dir, session_id, QUIET)
    return Purged(
        session_id,
        entry.person if entry else "",
        entry.issuer if entry else "",
        entry.client_id if entry else "",
        tuple(dict.fromkeys(places)),
        tuple(failures),
    )


@contextlib.contextmanager
def _locked(session_id: str, storage: str, cache_dir: Path, patience: float):  # type: ignore[no-untyped-def]  # noqa: ANN202
    """Hold the session's lock if it can be had soon; yield whether it is held."""
    try:
        lock = SessionLock(lock_paths(session_id, storage, cache_dir))
        held = lock.acquire(Deadline.after(patience), lambda: False)
    except (LockError, OSError):
        yield False
        return
    with lock:
        yield held


def _note(cache_dir: Path, entry: index.Entry) -> None:
    with contextlib.suppress(StoreError):
        index.write(cache_dir, entry)


def _stores(entry: index.Entry | None, cache_dir: Path, failures: list[StoreError]) -> list[Store]:
    """Return the stores to look in: those that the index names, else every one that exists here.

    The cheap ones are looked into always, for a copy that was left behind when the session moved.
    """
    named = tuple(filter(None, (entry.storage, *entry.former))) if entry else ()
    stores: list[Store] = []
    for name in dict.fromkeys((*(named or ("keyring",)), "kernel", "disk")):
        try:
            stores.append(open_store(name, cache_dir))
        except StoreError as error:
            if name in named:
                failures.append(error)
    return stores


def _withdraw(session_id: str, cache_dir: Path, *, on_disk: bool) -> list[str]:
    """Remove the current credential and return where it was, in words; beside a session on disk it goes without saying."""
    places = []
    if private_files.remove(cache_dir / CREDENTIALS, session_id) and not on_disk:
        places.append(str(cache_dir / CREDENTIALS))
    for directory in (hot.HANDED, ahead.DIRECTORY, unwritten_tokens.DIRECTORY):
        private_files.remove(cache_dir / directory, session_id)
    if sys.platform == "linux":
        from kubectl_oidc.stores.kernel import KernelStore

        kernel = KernelStore()
        if kernel.usable() and kernel.withdraw(session_id):
            places.append(kernel.where())
    return places


def known_sessions(cache_dir: Path) -> list[str]:
    """Return the ids of every session that can be found: in the index and in files.

    Args:
        cache_dir: The cache directory.
    """
    found = dict.fromkeys(entry.session_id for entry in index.read_all(cache_dir) if entry.storage)
    for directory in (disk.DIRECTORY, CREDENTIALS, unwritten_tokens.DIRECTORY):
        found.update(dict.fromkeys(filter(_is_id, private_files.names(cache_dir / directory))))
    return list(found)


def _is_id(name: str) -> bool:
    return len(name) == 32 and all(c in "0123456789abcdef" for c in name)  # noqa: PLR2004 - `SessionKey.id`
