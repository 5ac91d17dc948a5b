"""What a sign-in needs of this machine: a port for the browser to come back to, and a place for the session."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from kubectl_oidc.authentication.wiring import session_repository
from kubectl_oidc.errors import StoreError
from kubectl_oidc.loopback.redirect_uri import choices
from kubectl_oidc.loopback.sockets import listen
from kubectl_oidc.sessions.stores import working_keyring
from kubectl_oidc.urls import is_loopback_url

from . import Finding, Severity
from .run import Skipped

if TYPE_CHECKING:
    from kubectl_oidc.sessions.stores.base import Store

    from .run import DoctorRun, Observations

_SLOW = 1.0  # seconds: a store that takes longer is felt
_PROBE = b'{"probe":"' + b"x" * 2000 + b'"}'  # as long as a session


def check_redirect(examination: DoctorRun) -> Observations:
    """The port that the browser comes back to is free."""
    request = examination.request
    if request.grant not in {"auto", "authcode"}:
        yield Skipped(f"no browser comes back with --grant-type={request.grant}")
        return
    if request.redirect_url and not is_loopback_url(request.redirect_url):
        yield Skipped("the redirect URI is not one of this machine")
        return
    listening = listen(choices(request.listen_addresses, request.redirect_url))
    for listener in listening.sockets:
        listener.close()
    if listening.tried:
        taken = ", ".join(f"{one} is {one.reason}" for one in listening.tried)
        yield Finding(
            Severity.WARNING,
            f"{taken}: a sign-in would come back to port {listening.asked.port}",
            f"see what listens there, or register http://localhost:{listening.asked.port} at the provider as well",
            "port-in-use",
        )
        return
    yield (
        f"{listening.asked} is free" if any(a.port for a in request.listen_addresses) else "any port will do"
    )


def check_storage(examination: DoctorRun) -> Observations:
    """The place where the session rests can be written, read and cleared, and is quick."""
    repository = session_repository(examination.request, examination.system)
    store = repository.store
    if store.name == "none":
        yield Finding(
            Severity.WARNING,
            "nothing is kept (--token-cache-storage=none): every command signs in anew",
            "leave the flag out",
            "store",
        )
        return
    if store.asks():
        yield Finding(
            Severity.WARNING,
            f"{store.where()} is locked, or asks each time: background programs cannot use it",
            "unlock it, or choose another place with --token-cache-storage",
            "os-keyring",
        )
        return
    if examination.request.storage == "auto" and store.name != "keyring":
        _, why = working_keyring()
        if why:
            yield Finding(
                Severity.WARNING,
                f"{why.message}, so sessions are stored in {store.where()}",
                why.hint,
                "os-keyring",
            )
    yield _speed(store, _probe(store), chosen=not repository.decided_here)


def _speed(store: Store, took: float, *, chosen: bool) -> str | Finding:
    """Say how a place that works does.

    Args:
        store: The place.
        took: The seconds that it takes.
        chosen: Whether somebody chose it, or a session rests there already.
    """
    if took > _SLOW:
        return Finding(
            Severity.WARNING,
            f"{store.where()} takes {took:.1f} s to write, read and clear a session",
            "choose another place with --token-cache-storage",
            "store",
        )
    if store.name == "disk" and not chosen:
        return Finding(
            Severity.WARNING,
            f"there is no OS keyring here, so sessions rest in files: {store.where()}",
            "--token-cache-storage=disk chooses that without this warning; kernel and none are the other choices",
            "store",
        )
    return f"{store.where()}: written, read and cleared in {1000 * took:.0f} ms"


def _probe(store: Store) -> float:
    """Put something there and take it away again; return the seconds that it took.

    Raises:
        StoreError: That could not be done.
    """
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
