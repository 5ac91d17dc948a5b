"""Find sessions that the index has lost, for example after ``rm -rf ~/.kube/cache``, by listing keyrings.

Only the kernel keyring and the Secret Service can be listed. A keyring belongs to the user, not to a cache directory, so each
record names its cache directory. Only sessions of the given directory are returned.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from kubectl_oidc.errors import StoreError
from kubectl_oidc.fast_path.keyring_session import configured
from kubectl_oidc.system.account_home import account_home
from kubectl_oidc.system.deadline import bounded
from kubectl_oidc.text import sanitize

from .session import Session
from .session_record import cache_mark
from .stores import secret_service
from .stores.index import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from kubectl_oidc.system.log import Log

SECONDS = 10.0
"""How long to wait for a Secret Service. One that works answers within milliseconds, on a busy machine within seconds."""

T = TypeVar("T")


def lost_sessions(
    cache_dir: Path,
    known: Collection[str],
    log: Log,
    *,
    failures: list[StoreError] | None = None,
    home: Path | None = None,
) -> list[Entry]:
    """Return an index entry for each session of a cache directory that its index does not know.

    A record of version 1.0.0 does not name its cache directory. It belongs to the default directory in the account's own home.
    A keyring that is locked or does not answer is left out, because nobody is asked for a password here.

    Args:
        known: The sessions that the index knows.
        failures: Gets an error for each keyring that may hold more sessions, because it could not be read.
        home: The account's own home; by default from the user database.
    """
    marks = {cache_mark(cache_dir)}
    home = home or account_home()
    if home and os.path.realpath(home / ".kube" / "cache" / "oidc-login") == os.path.realpath(cache_dir):
        marks.add("")
    found = {}
    for keyring in _listable():
        unread: list[Exception] = []
        listed: list[str] = _or_nothing(keyring.list_ids, [], unread)
        for session_id in listed:
            if session_id in known or session_id in found:
                continue
            if unread and isinstance(unread[-1], TimeoutError):
                break  # it would not answer for the next one either
            session = Session.parse(_or_nothing(partial(keyring.load, session_id), None, unread), session_id)
            if session and session.cache in marks:
                found[session_id] = Entry.of(session, keyring.storage)
        for error in unread[:1]:
            log.info(1, "storage-unavailable", f"a keyring cannot be listed: {_reason(error)}")
            if failures is not None:
                failures.append(_may_hold_more(keyring.where, error))
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Keyring:
    """A keyring that can be listed, with its functions to list the sessions and to read one."""

    storage: str
    where: str
    list_ids: Callable[[], list[str]]
    load: Callable[[str], bytes | None]


def _listable() -> Iterator[_Keyring]:
    if sys.platform != "linux":
        return
    from .stores.kernel import KernelStore

    kernel = KernelStore()
    if kernel.usable():
        yield _Keyring("kernel", kernel.where(), kernel.session_ids, kernel.load)
    # If the keyring library is configured, it may use another keyring.
    if not configured(os.environ):
        yield _Keyring(
            "keyring",
            "the OS keyring",
            lambda: bounded(secret_service.session_ids, SECONDS, _late),
            lambda session_id: bounded(partial(secret_service.load_unlocked, session_id), SECONDS, _late),
        )


def _late() -> TimeoutError:
    return TimeoutError(f"it did not answer within {SECONDS:.0f} s")


def _or_nothing(work: Callable[[], T], otherwise: T, unread: list[Exception]) -> T:
    """Return what a keyring answers. If it cannot be asked, return ``otherwise`` and add the error to ``unread``."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - keyrings raise many types of errors
        unread.append(error)
        return otherwise


def _reason(error: Exception) -> str:
    return sanitize(error) or type(error).__name__


def _may_hold_more(where: str, error: Exception) -> StoreError:
    return StoreError(
        f"{where} may hold more sessions: {_reason(error)}",
        "unlock the keyring or start it again, then repeat the command",
        topic="os-keyring",
    )
