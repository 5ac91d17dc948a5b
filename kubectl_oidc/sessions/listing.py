"""List the stored sessions: what the index knows of each, and its record."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError
from kubectl_oidc.fast_path import HANDOUTS_DIRECTORY
from kubectl_oidc.system.log import QUIET
from kubectl_oidc.system.system import System

from .failed_sign_ins import FailedSignIns
from .lost_sessions import lost_sessions
from .moved_copies import MovedCopies
from .session import Session
from .stores import disk, index, open_store
from .stores.base import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from kubectl_oidc.system.log import Log

GOOD, ENDED, GONE, UNREADABLE = "good", "ended", "gone", "unreadable"


@dataclass(frozen=True, slots=True)
class StoredSession:
    """One stored session.

    Attributes:
        cache_dir: The cache directory whose index knows it.
        session: Its record, if it could be read.
        place: Where it is stored, for display.
        failure: Why its record could not be read, else None.
        refused: Whether the provider has refused to renew it.
    """

    entry: index.Entry
    cache_dir: Path
    session: Session | None
    place: str
    failure: StoreError | None
    refused: bool = False

    def state(self, now: float) -> str:
        """Return its state at ``now``: ``good``, ``ended``, ``gone`` (it has no record any more) or ``unreadable``."""
        if self.failure:
            return UNREADABLE
        if self.session is None:
            return GONE
        return GOOD if self.session.expiry > now else ENDED

    def record(self) -> Session | None:
        """Return its record; None if it has none any more.

        Raises:
            StoreError: It could not be read.
        """
        if self.failure:
            raise self.failure
        return self.session

    def expiry(self) -> int:
        """Return when its token expires, epoch seconds."""
        return self.session.expiry if self.session else self.entry.expiry

    def renewable(self) -> bool:
        """Return whether it has a refresh token that the provider has not refused."""
        has_token = self.session.refresh_token is not None if self.session else self.entry.renewable
        return has_token and not self.refused

    def claims(self) -> Mapping[str, object]:
        """Return the claims of the token that kubectl gets, unverified; none if there is no token or it is not a JWT."""
        return self.session.claims() if self.session else {}

    def last_used(self) -> int:
        """Return when it was last signed in, refreshed or given to a kubectl, epoch seconds, as far as that is recorded here."""
        return max(self.entry.obtained_at(), _written_at(self.cache_dir / HANDOUTS_DIRECTORY, self.entry))


def _written_at(directory: Path, entry: index.Entry) -> int:
    try:
        status = os.lstat(directory / entry.session_id)
    except OSError:
        return 0
    return int(status.st_mtime) if stat.S_ISREG(status.st_mode) else 0


def kept_sessions(
    cache_dirs: Iterable[Path], log: Log, *, failures: list[StoreError] | None = None
) -> list[StoredSession]:
    """Return the sessions of these different cache directories, sorted by person, issuer and name.

    Args:
        failures: Gets an error for each keyring that may hold more sessions, because it could not be read.
    """
    found = [
        _kept(entry, cache_dir, log)
        for cache_dir in cache_dirs
        for entry in known_entries(cache_dir, log, failures=failures)
    ]
    return sorted(
        found, key=lambda kept: (kept.entry.person, kept.entry.issuer, kept.entry.name, kept.entry.session_id)
    )


def known_entries(
    cache_dir: Path, log: Log = QUIET, *, failures: list[StoreError] | None = None
) -> list[index.Entry]:
    """Return the index entries of a cache directory, and one for each stored session that the index has lost."""
    indexed = index.read_entries(cache_dir)
    known = {entry.session_id for entry in indexed}
    lost = lost_sessions(cache_dir, known, log, failures=failures)
    on_disk = disk.DiskStore(cache_dir)
    for session_id in on_disk.session_ids():
        session = None if session_id in known else Session.parse(on_disk.load(session_id), session_id)
        if session:
            lost.append(index.Entry.of(session, on_disk.name))
    return [entry for entry in (*indexed, *lost) if entry.storage]


def kept_session(session_id: str, cache_dir: Path, log: Log) -> StoredSession | None:
    """Return one session, or None if the index does not know it."""
    entry = index.read_entry(cache_dir, session_id)
    return _kept(entry, cache_dir, log) if entry and entry.storage else None


def _kept(entry: index.Entry, cache_dir: Path, log: Log) -> StoredSession:
    place = entry.storage
    try:
        store = open_store(entry.storage, cache_dir)
        place = store.where()
        session = MovedCopies(Place(entry.session_id, store, cache_dir, log)).newest(entry)
    except StoreError as error:
        return StoredSession(entry, cache_dir, None, place, error)
    if session and session.generation < entry.generation:
        session = None  # a copy that a crash or a backup left behind is not used
    return StoredSession(
        entry, cache_dir, session, place, None, refused=refuses_to_renew(entry, cache_dir, log)
    )


def refuses_to_renew(entry: index.Entry, cache_dir: Path, log: Log) -> bool:
    """Return whether the provider has refused to renew a session since it was last signed in or renewed."""
    _, refused = FailedSignIns(cache_dir, entry.session_id, System(log=log)).last()
    return refused is not None and refused.at >= entry.obtained_at()
