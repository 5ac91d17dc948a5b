"""Find and remove the sessions that kubelogin stored: files in the shared cache directory, and entries in the Secret Service.

The name of a file is the digest of kubelogin's flags; an entry of the service ``kubelogin`` is named ``kubelogin/tokencache/DIGEST``.
The digest does not tell which flags it is of, and for some flags it differs each time. So a session is recognized by the issuer and
the audience of its ID token. Nothing in that token is trusted before it is validated or refreshed.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError
from kubectl_oidc.system import private_files
from kubectl_oidc.system.deadline import bounded
from kubectl_oidc.urls import issuer_of

from .kubelogin_session import KubeloginSession
from .stores import secret_service

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SERVICE, ENTRY = "kubelogin", "kubelogin/tokencache/"
SECONDS = 2.0
"""How long to wait for a keyring. One that works answers within milliseconds; another has nothing to take over."""

_DIGEST = re.compile("[0-9a-f]{64}")


def remove_kubelogin_sessions(
    cache_dir: Path, environ: Mapping[str, str], issuer: str = "", client_id: str = ""
) -> list[str]:
    """Remove kubelogin's sessions, even if a kubelogin is using them, and return where they were, for display.

    Args:
        issuer: The issuer whose sessions are removed; empty for any.
        client_id: The client whose sessions are removed; empty for any.

    Raises:
        StoreError: One of them cannot be removed, or may be in a keyring that cannot be read.
    """
    places, unread = [], None
    try:
        found = [*_files(cache_dir), *_entries(environ)]
    except StoreError as error:
        found, unread = list(_files(cache_dir)), error
    every = not issuer and not client_id  # even one that names neither
    for session in found:
        if every or session.fits(
            issuer or str(issuer_of(session.claims.get("iss"))), client_id or session.client()
        ):
            session.remove()
            places.append(session.where)
    if unread:
        raise unread
    return list(dict.fromkeys(places))


def kubelogin_clients(cache_dir: Path, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the issuers and clients of kubelogin's sessions, each once.

    Raises:
        StoreError: There may be more in a keyring that cannot be read.
    """
    found = (*_files(cache_dir), *_entries(environ))
    return list(
        dict.fromkeys((str(issuer_of(session.claims.get("iss"))), session.client()) for session in found)
    )


def unused_kubelogin_sessions(
    cache_dir: Path, environ: Mapping[str, str], *, keyring: bool
) -> Iterator[KubeloginSession]:
    """Yield the sessions that may be taken over: no kubelogin is using them, and they can be read now.

    Args:
        keyring: Whether to search the Secret Service too.
    """
    yield from (session for session in _files(cache_dir) if not _in_use(Path(f"{session.where}.lock")))
    if keyring:
        with contextlib.suppress(StoreError):
            yield from _entries(environ)


def _files(cache_dir: Path) -> Iterator[KubeloginSession]:
    for name in private_files.private_file_names(cache_dir):
        if _DIGEST.fullmatch(name):
            record = private_files.read_private_file(cache_dir, name)
            session = KubeloginSession.parse(record, str(cache_dir / name), partial(_unlink, cache_dir, name))
            if session:
                yield session


def _entries(environ: Mapping[str, str]) -> list[KubeloginSession]:
    """Return kubelogin's sessions in the Secret Service. On macOS and Windows its entries have names that `keyring` cannot find.

    Raises:
        StoreError: It is locked, or does not answer.
    """
    if sys.platform != "linux" or not environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return []
    try:
        entries = bounded(lambda: secret_service.search({"service": SERVICE}), SECONDS, TimeoutError)
    except Exception as error:
        raise _unread("does not answer") from error
    ours = [
        (attributes, secret)
        for attributes, secret in entries
        if attributes.get("username", "").startswith(ENTRY)
    ]
    if any(secret is None for _, secret in ours):
        raise _unread("is locked")
    where = "the OS keyring (kubelogin's entries)"
    found = (KubeloginSession.parse(secret, where, partial(_drop, attributes)) for attributes, secret in ours)
    return [session for session in found if session]


def _unread(why: str) -> StoreError:
    return StoreError(
        f"cannot look for kubelogin's sessions in the OS keyring: it {why}",
        "unlock the keyring and run the command again",
        topic="os-keyring",
    )


def _in_use(lock: Path) -> bool:
    """Return whether a kubelogin is using the session of this lock file."""
    if sys.platform == "win32" or not lock.is_file():
        return False
    import fcntl

    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _unlink(cache_dir: Path, name: str) -> None:
    private_files.remove_private_file(cache_dir, name)
    with contextlib.suppress(OSError):
        (cache_dir / f"{name}.lock").unlink()


def _drop(attributes: Mapping[str, str]) -> None:
    try:
        bounded(partial(secret_service.delete, attributes), SECONDS, TimeoutError)
    except Exception as error:
        raise StoreError(
            "kubelogin's entry in the OS keyring cannot be removed",
            "remove it with your desktop's keyring tool (service kubelogin)",
            topic="os-keyring",
        ) from error
