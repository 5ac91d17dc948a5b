"""The ``storage`` check: whether the session's store can be written, read and cleared, and is fast."""

from __future__ import annotations

import secrets
import time
from functools import partial
from typing import TYPE_CHECKING

from kubectl_oidc.authentication.wiring import build_session_repository
from kubectl_oidc.errors import StoreError
from kubectl_oidc.sessions.permissions import loose_paths, make_private, others_could_write
from kubectl_oidc.sessions.purge import purge_session
from kubectl_oidc.sessions.stores import working_keyring
from kubectl_oidc.sessions.upgrade_from_1_0 import session_left_by_1_0
from kubectl_oidc.system.shell import one_line
from kubectl_oidc.text import sanitize

from . import Finding, Repair, problem, warning

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.sessions.stores.base import Store

    from .run import DoctorRun, Observations

_SLOW_SECONDS = 1.0
_PROBE = b'{"probe":"' + b"x" * 2000 + b'"}'  # about as long as a session


def check_storage(run: DoctorRun) -> Observations:
    """Check that the session's store can be written, read and cleared, and is fast."""
    request = run.request
    loose = loose_paths(request.storage.cache_dir)
    if loose:
        yield _loose(request.storage.cache_dir, loose)
        return
    repository = build_session_repository(request, run.system)
    yield from _left_by_1_0(request)
    store = repository.store
    if store.name == "none":
        yield warning(
            "nothing is stored (--token-cache-storage=none): every command signs in again",
            "leave out the flag",
            "store",
        )
        return
    if store.asks():
        yield warning(
            f"{store.where()} is locked or asks each time, so background programs cannot use it",
            "unlock it, or choose another store with --token-cache-storage",
            "os-keyring",
        )
        return
    if run.request.storage.choice == "auto" and store.name != "keyring":
        _, why = working_keyring()
        if why:
            yield warning(f"{why.message}, so sessions are stored in {store.where()}", why.hint, "os-keyring")
    yield _speed(store, _probe(store), chosen=not repository.decided_here)


def _loose(cache_dir: Path, loose: Sequence[Path]) -> Finding:
    others = f" and {len(loose) - 1} more" if len(loose) > 1 else ""
    what = f"take all permissions of others from {sanitize(loose[0])}{others}"
    hint = f"take the permission from others: `{one_line(['chmod', '-R', 'go=', str(cache_dir)])}`"
    if others_could_write(cache_dir):
        # With chmod alone, what others have written would be trusted.
        what += ", and remove the stored sessions, which others could have changed"
        hint = "run `kubectl oidc-login doctor --fix`: it also removes the stored sessions, which others could have changed. Then sign in again"
    return problem(
        f"others can write or read {sanitize(loose[0])}{others}: nothing is stored there or read from there",
        hint,
        "cache-directory",
        repair=Repair(what, act=lambda: make_private(cache_dir)),
    )


def _left_by_1_0(request: SignInRequest) -> Observations:
    """Yield the session of version 1.0.0 that is not taken over, because it may be of another trust."""
    cache_dir = request.storage.cache_dir
    for session_id in session_left_by_1_0(request.key(), request.storage):
        yield warning(
            "version 1.0.0 left a session of this client that this version does not use",
            "run `kubectl oidc-login logout` to end it, with the current session",
            "trust",
            repair=Repair(
                "remove the session that version 1.0.0 left", act=partial(_purge, session_id, cache_dir)
            ),
        )


def _purge(session_id: str, cache_dir: Path) -> None:
    for failure in purge_session(session_id, cache_dir).failures:
        raise failure


def _speed(store: Store, took: float, *, chosen: bool) -> str | Finding:
    """Return how fast a working store is, or a warning if it is slow or only a fallback; ``took`` is in seconds."""
    if took > _SLOW_SECONDS:
        return warning(
            f"{store.where()} takes {took:.1f} s to write, read and clear a session",
            "choose another store with --token-cache-storage",
            "store",
        )
    if store.name == "disk" and not chosen:
        return warning(
            f"no OS keyring found; sessions are stored in {store.where()}",
            "add --token-cache-storage=disk to silence this warning, or none to store nothing",
            "store",
        )
    return f"{store.where()}: written, read and cleared in {1000 * took:.0f} ms"


def _probe(store: Store) -> float:
    """Write, read and delete a test record; return the seconds that it took."""
    name = secrets.token_hex(16)
    began = time.monotonic()
    try:
        store.save(name, _PROBE)
        returned = store.load(name)
    finally:
        store.delete(name)
    if returned != _PROBE:
        raise StoreError(
            f"{store.where()} does not return what was stored",
            "choose another store with --token-cache-storage",
            topic="store",
        )
    return time.monotonic() - began
