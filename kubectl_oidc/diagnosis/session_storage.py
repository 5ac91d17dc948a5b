"""The ``storage`` check: whether the session's store can be written, read and cleared, and is fast."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from kubectl_oidc.authentication.wiring import build_session_repository
from kubectl_oidc.errors import StoreError
from kubectl_oidc.sessions.stores import working_keyring

from . import Finding, warning

if TYPE_CHECKING:
    from kubectl_oidc.sessions.stores.base import Store

    from .run import DoctorRun, Observations

_SLOW_SECONDS = 1.0
_PROBE = b'{"probe":"' + b"x" * 2000 + b'"}'  # about as long as a session


def check_storage(run: DoctorRun) -> Observations:
    """Check that the session's store can be written, read and cleared, and is fast."""
    repository = build_session_repository(run.request, run.system)
    store = repository.store
    if store.name == "none":
        yield warning(
            "nothing is kept (--token-cache-storage=none): every command signs in anew",
            "leave the flag out",
            "store",
        )
        return
    if store.asks():
        yield warning(
            f"{store.where()} is locked, or asks each time: background programs cannot use it",
            "unlock it, or choose another place with --token-cache-storage",
            "os-keyring",
        )
        return
    if run.request.storage.choice == "auto" and store.name != "keyring":
        _, why = working_keyring()
        if why:
            yield warning(f"{why.message}, so sessions are stored in {store.where()}", why.hint, "os-keyring")
    yield _speed(store, _probe(store), chosen=not repository.decided_here)


def _speed(store: Store, took: float, *, chosen: bool) -> str | Finding:
    """Return how fast a working store is, or a warning if it is slow or only a fallback; ``took`` is in seconds."""
    if took > _SLOW_SECONDS:
        return warning(
            f"{store.where()} takes {took:.1f} s to write, read and clear a session",
            "choose another place with --token-cache-storage",
            "store",
        )
    if store.name == "disk" and not chosen:
        return warning(
            f"there is no OS keyring here, so sessions rest in files: {store.where()}",
            "--token-cache-storage=disk chooses that without this warning; kernel and none are the other choices",
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
            f"{store.where()} does not return what it is given",
            "choose another place with --token-cache-storage",
            topic="store",
        )
    return time.monotonic() - began
