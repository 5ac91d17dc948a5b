"""What kubelogin left: its cached sessions, in the cache directory that is ours as well and in the Secret Service.

It keeps a session as JSON, ``{"id_token": …, "refresh_token": …}``, under the digest of its flags: as a file of that name,
or as the keyring entry ``kubelogin/tokencache/DIGEST`` of the service ``kubelogin``. The digest does not tell what it is of,
and for some flags it is another each time; so a session is known by its ID token's issuer and audience. Nothing in that
token is believed before it is validated, or replaced by a refresh whose answer is.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError, StoreError
from kubectl_oidc.oidc.claims import moment
from kubectl_oidc.oidc.jws import unverified_claims
from kubectl_oidc.secret import Secret
from kubectl_oidc.system import private_files
from kubectl_oidc.system.deadline import bounded
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import issuer_of

from .session import Session
from .stores import secret_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SERVICE, ENTRY = "kubelogin", "kubelogin/tokencache/"
SECONDS = 2.0
"""A keyring that is there answers within milliseconds; one that does not has nothing to take over."""

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class KubeloginSession:
    """One session that kubelogin left.

    Attributes:
        id_token: Its ID token.
        refresh_token: Its refresh token, where it has one.
        claims: What the ID token says, unverified.
        where: Where it rests, in words.
        remove: Removes it from there.
    """

    id_token: Secret
    refresh_token: Secret | None
    claims: Mapping[str, object]
    where: str
    remove: Callable[[], None]

    def fits(self, issuer: str, client_id: str) -> bool:
        """Tell whether it is of this issuer and client, as far as it says itself (OpenID Connect Core 2)."""
        return (
            issuer_of(self.claims.get("iss")) == issuer
            and client_id in self.audience()
            and self.claims.get("azp", client_id) == client_id
        )

    def audience(self) -> tuple[str, ...]:
        """Return whom it says it is for (RFC 7519 §4.1.3)."""
        audience = self.claims.get("aud")
        return tuple(map(str, audience)) if isinstance(audience, list) else (str(audience),)

    def client(self) -> str:
        """Return the client that it says it is of."""
        audience = self.claims.get("azp", self.claims.get("aud"))
        return str(audience[0] if isinstance(audience, list) and audience else audience)

    def has_claims_of(self, scopes: tuple[str, ...]) -> bool:
        """Tell whether it has the claims that some of these scopes are named after: else it was asked for without them."""
        return all(scope in self.claims for scope in scopes if scope in {"email", "groups"})

    def usable(self) -> bool:
        """Tell whether it says whose it is (Core 2), and its refresh token is one (RFC 6749, appendix A.17)."""
        refresh, subject = self.refresh_token, self.claims.get("sub")
        sendable = refresh is None or (refresh.reveal().isascii() and refresh.reveal().isprintable())
        return sendable and isinstance(subject, str) and bool(subject)

    def session(self, session_id: str, now: int) -> Session:
        """Return it as a session of ours, not validated.

        Args:
            session_id: The session's id.
            now: Epoch seconds.

        Raises:
            IdTokenError: Its token says no end.
        """
        issuer, subject = issuer_of(self.claims.get("iss")), self.claims.get("sub")
        return Session(
            session_id=session_id,
            generation=1,
            issuer=str(issuer),
            subject=str(subject),
            audience=self.audience(),
            person=self.person(),
            id_token=self.id_token,
            access_token=None,
            refresh_token=self.refresh_token,
            expiry=moment(self.claims, "exp"),
            signed_in_at=now,
        )

    def issued_at(self) -> int:
        """Return when its ID token says that it was issued, epoch seconds; 0 if it does not say."""
        try:
            return moment(self.claims, "iat")
        except IdTokenError:
            return 0

    def person(self) -> str:
        """Return who it is of, in words for people."""
        said = (self.claims.get(name) for name in ("email", "preferred_username", "sub"))
        return sanitize(next((word for word in said if isinstance(word, str) and word), ""), limit=200)


def remove(cache_dir: Path, environ: Mapping[str, str], issuer: str = "", client_id: str = "") -> list[str]:
    """Remove what kubelogin left and return where it was, in words; also what a kubelogin is at work on.

    Args:
        cache_dir: The cache directory.
        environ: The environment.
        issuer: The issuer whose sessions are removed; empty for any.
        client_id: The client likewise.

    Raises:
        StoreError: One of them stays, or may be there in a keyring that cannot be read.
    """
    places, unread = [], None
    try:
        found = [*_files(cache_dir), *_entries(environ)]
    except StoreError as error:
        found, unread = list(_files(cache_dir)), error
    every = not issuer and not client_id  # also what says nothing of either
    for left in found:
        if every or left.fits(issuer or str(issuer_of(left.claims.get("iss"))), client_id or left.client()):
            left.remove()
            places.append(left.where)
    if unread:
        raise unread
    return list(dict.fromkeys(places))


def clients(cache_dir: Path, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the issuers and clients of what kubelogin left, each once.

    Args:
        cache_dir: The cache directory.
        environ: The environment.

    Raises:
        StoreError: There may be more in a keyring that cannot be read.
    """
    found = (*_files(cache_dir), *_entries(environ))
    return list(dict.fromkeys((str(issuer_of(left.claims.get("iss"))), left.client()) for left in found))


def unused(cache_dir: Path, environ: Mapping[str, str], *, keyring: bool) -> Iterator[KubeloginSession]:
    """Yield what may be taken over: what no kubelogin is at work on, and what can be read just now.

    Args:
        cache_dir: The cache directory.
        environ: The environment.
        keyring: Whether the Secret Service is looked into as well.
    """
    yield from (left for left in _files(cache_dir) if not _in_use(Path(f"{left.where}.lock")))
    if keyring:
        with contextlib.suppress(StoreError):
            yield from _entries(environ)


def _files(cache_dir: Path) -> Iterator[KubeloginSession]:
    for name in private_files.names(cache_dir):
        if _DIGEST.fullmatch(name):
            record = private_files.read(cache_dir, name)
            left = _parse(record, str(cache_dir / name), partial(_unlink, cache_dir, name))
            if left:
                yield left


def _entries(environ: Mapping[str, str]) -> list[KubeloginSession]:
    """Return what is in the Secret Service; its keyring on macOS and Windows has names that no library of ours would find.

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
    found = (_parse(secret, where, partial(_drop, attributes)) for attributes, secret in ours)
    return [left for left in found if left]


def _unread(why: str) -> StoreError:
    return StoreError(
        f"what kubelogin may have left in the OS keyring is not known: it {why}",
        "unlock the keyring and run the command again",
        topic="os-keyring",
    )


def _parse(record: bytes | None, where: str, remove: Callable[[], None]) -> KubeloginSession | None:
    """Return the session in a record, or None where it is not kubelogin's or cannot be read."""
    try:
        values = json.loads(record or b"")
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or values.keys() - {"id_token", "refresh_token"}:
        return None
    id_token, refresh_token = values.get("id_token"), values.get("refresh_token")
    if not isinstance(id_token, str) or not isinstance(refresh_token, str | None):
        return None
    try:
        claims = unverified_claims(Secret(id_token))
    except IdTokenError:
        return None
    return KubeloginSession(
        Secret(id_token), Secret(refresh_token) if refresh_token else None, claims, where, remove
    )


def _in_use(lock: Path) -> bool:
    """Tell whether a kubelogin is at work on the session of this lock file."""
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
    private_files.remove(cache_dir, name)
    with contextlib.suppress(OSError):
        (cache_dir / f"{name}.lock").unlink()


def _drop(attributes: Mapping[str, str]) -> None:
    try:
        bounded(partial(secret_service.delete, attributes), SECONDS, TimeoutError)
    except Exception as error:
        raise StoreError(
            "kubelogin's entry in the OS keyring cannot be removed",
            "remove it with the desktop's own tool (service kubelogin)",
            topic="os-keyring",
        ) from error
