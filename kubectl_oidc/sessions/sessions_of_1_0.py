"""Sessions of version 1.0.0, whose ids have neither the trust nor a moved HOME in them: taken over once, else only removed.

A session is taken over where it is known that this very trust obtained it: in the index of the same cache directory and, if
others than the system's authorities are trusted, remembered by 1.0.0 for the same command line. Everybody else signs in once.
This module can be removed when nobody upgrades from 1.0.0 any more.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kubectl_oidc.errors import LockError, StoreError
from kubectl_oidc.fast_path import known_command
from kubectl_oidc.fast_path.credential import hexdigest, read_private
from kubectl_oidc.http.trust import of_variables, unread
from kubectl_oidc.system.deadline import Deadline

from .repository import SessionRepository
from .session import RAISE
from .stores import index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from kubectl_oidc.system.log import Log

    from .session import SessionKey

_PLACES = ("HOME", "KUBECACHEDIR", "XDG_RUNTIME_DIR", "USERPROFILE")
_INTERACTIVE = re.compile(r'("interactive"\s*:\s*)(true|false)')


class _StaysError(Exception):
    """The session is not taken over."""


def former_key(key: SessionKey, cache_dir: Path, *, default_cache_dir: bool) -> SessionKey:
    """Return what identified the session of a key in version 1.0.0.

    Args:
        key: What identifies it now.
        cache_dir: The cache directory.
        default_cache_dir: Whether neither a flag nor a variable names another one.
    """
    moved = os.path.normcase(os.path.abspath(cache_dir))  # noqa: PTH100 - without links, as it was
    return replace(key, trust=(), cache_dir="" if default_cache_dir else moved)


def left(key: SessionKey, cache_dir: Path, *, default_cache_dir: bool) -> tuple[str, ...]:
    """Return the id of the session that version 1.0.0 left for a key; nothing if it left none under another id.

    Args:
        key: As for `former_key`, like the others.
        cache_dir: The cache directory.
        default_cache_dir: Whether it is the default one.
    """
    former = former_key(key, cache_dir, default_cache_dir=default_cache_dir).id()
    if former == key.id():
        return ()
    entry = index.read(cache_dir, former)
    return (former,) if entry and entry.storage and entry.trust is None else ()


def take_over(
    key: SessionKey,
    *,
    cache_dir: Path,
    default_cache_dir: bool,
    ca_files: Sequence[Path],
    environ: Mapping[str, str],
    log: Log,
    clock: Callable[[], float],
) -> None:
    """Give the session that version 1.0.0 left for a key its present id; what cannot be taken over stays as it is.

    Args:
        key: As for `former_key`.
        cache_dir: The cache directory.
        default_cache_dir: As for `former_key`.
        ca_files: The authorities' files, as they were named.
        environ: The environment.
        log: What -v shows.
        clock: The time in epoch seconds.
    """
    former = left(key, cache_dir, default_cache_dir=default_cache_dir)
    if not former or index.read(cache_dir, key.id()):
        return
    from .purge import purge_session

    if not _same_trust(key.trust, ca_files, *former):
        log.info(
            1, "version 1.0.0 left a session, and it is not known to be of the same trust: it is not used"
        )
        return
    keep = partial(SessionRepository, cache_dir=cache_dir, environ=environ, log=log)
    try:
        old = keep(former_key(key, cache_dir, default_cache_dir=default_cache_dir), storage="auto")
        new = keep(key, storage=old.store.name)
        purge_session(old.session_id, cache_dir, before=lambda: _copy(old, new, int(clock())))
    except (_StaysError, LockError, StoreError, OSError) as error:
        log.info(1, f"the session that version 1.0.0 left is not used: {error}")
    else:
        log.info(1, "the session that version 1.0.0 left has its new id now")


def _copy(old: SessionRepository, new: SessionRepository, now: int) -> None:
    """Store the old session under its new id. The old one's lock is held.

    Raises:
        _StaysError: It cannot be used, or a newer one is there.
        StoreError: It cannot be read or stored.
    """
    from .purge import LOCK_SECONDS

    with new.lock() as lock:
        if not lock.acquire(Deadline.after(LOCK_SECONDS), lambda: False):
            raise _StaysError("another process is at work")
        entry, session = old.entry(), old.load()
        if new.entry() or entry is None or session is None:
            raise _StaysError("there is none any more")
        if (entry.person, entry.signed_in_at) != (session.person, session.signed_in_at):
            raise _StaysError(
                "it was made in another cache directory"
            )  # the kernel keeps one for all of them
        if not new.save(
            replace(session, session_id=new.session_id, generation=session.generation + RAISE), now
        ):
            raise _StaysError("it cannot be stored")


def _same_trust(trust: tuple[str, ...], ca_files: Sequence[Path], former: str) -> bool:
    """Return whether the session was obtained under the trust that this command asks for."""
    if not trust:
        return True
    relative = any(not path.is_absolute() for path in ca_files)
    if relative or unread(trust) or of_variables(trust):
        return False
    return any(_remembered(digest) == former for digest in _digests())


def _remembered(digest: str) -> str:
    """Return the session that version 1.0.0 remembered for a command; empty where it did not."""
    root = known_command.cache_root()
    record = read_private(os.path.join(root, "words"), digest, 16384) if root else None  # noqa: PTH118 - as in `words`
    try:
        known = known_command.KnownCommand.parse(record or b"")
    except ValueError:
        return ""
    return known.session_id if known else ""


def _digests() -> Iterator[str]:
    """Yield the digests that version 1.0.0 gave this command line, at a terminal and without one."""
    environ = os.environ
    info = environ.get("KUBERNETES_EXEC_INFO", "-")
    toggled = _INTERACTIVE.sub(lambda found: found[1] + ("false" if found[2] == "true" else "true"), info)
    user = ""
    if sys.platform != "win32":
        user = str(os.geteuid())
    arguments = sys.argv[1:]
    rest = [
        *(f"{name}={environ.get(name, '-')}" for name in _PLACES),
        *sorted(f"{name}={environ[name]}" for name in environ if name.startswith(known_command.VARIABLES)),
    ]
    for each in dict.fromkeys((info, toggled)):
        parts = [str(len(arguments)), *arguments, each, user, *rest]
        yield hexdigest(b"\0".join(os.fsencode(part) for part in parts))
