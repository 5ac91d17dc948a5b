"""Take over a session of version 1.0.0, whose id includes neither the trust nor a moved HOME.

A session is taken over only if it is known to be obtained under the same trust. It must be in the index of the same cache directory.
If the command trusts others than the system's authorities, 1.0.0 must also have remembered the session for the same command line.
Otherwise the user signs in once. This module can be removed when nobody upgrades from 1.0.0 any more.
"""

from __future__ import annotations

import os
import re
import sys
from functools import partial
from typing import TYPE_CHECKING

from kubectl_oidc.errors import LockError, StoreError
from kubectl_oidc.fast_path import known_command
from kubectl_oidc.fast_path.credential import hexdigest, read_private
from kubectl_oidc.http.trust import depends_on_variables, has_unreadable_authority
from kubectl_oidc.system.deadline import Deadline

from .repository import SessionRepository
from .session import GENERATION_STEP
from .stores import index

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kubectl_oidc.system.system import System

    from .session_key import SessionKey
    from .stores import SessionStorage

_PLACES = ("HOME", "KUBECACHEDIR", "XDG_RUNTIME_DIR", "USERPROFILE")
_INTERACTIVE = r'("interactive"\s*:\s*)(true|false)'


class _NotTakenOverError(Exception):
    """The session is not taken over."""


def former_key(key: SessionKey, storage: SessionStorage) -> SessionKey:
    """Return the key that version 1.0.0 used for the session with this key."""
    moved = os.path.normcase(os.path.abspath(storage.cache_dir))  # noqa: PTH100 - links are not resolved, as in 1.0.0
    return key._replace(trust=(), cache_dir="" if storage.default_cache_dir else moved)


def session_left_by_1_0(key: SessionKey, storage: SessionStorage) -> tuple[str, ...]:
    """Return the id of the session that version 1.0.0 stored for a key; empty if there is none under another id."""
    former = former_key(key, storage).id()
    if former == key.id():
        return ()
    entry = index.read_entry(storage.cache_dir, former)
    return (former,) if entry and entry.storage and entry.trust is None else ()


def take_over(key: SessionKey, storage: SessionStorage, ca_files: Sequence[Path], system: System) -> None:
    """Store the session that version 1.0.0 left for a key under its present id. If that fails, it is left as it is.

    Args:
        ca_files: The files of certificate authorities, as the command names them.
    """
    log, former = system.log, session_left_by_1_0(key, storage)
    if not former or index.read_entry(storage.cache_dir, key.id()):
        return
    from .purge import purge_session

    if not _same_trust(key.trust, ca_files, *former):
        log.info(
            1,
            "session-not-adopted",
            "version 1.0.0 left a session, and it is not known to be of the same trust: it is not used",
        )
        return
    repository = partial(SessionRepository, cache_dir=storage.cache_dir, environ=system.environ, log=log)
    try:
        old = repository(former_key(key, storage), storage="auto")
        new = repository(key, storage=old.store.name)
        purge_session(old.session_id, storage.cache_dir, before=lambda: _copy(old, new, int(system.clock())))
    except (_NotTakenOverError, LockError, StoreError, OSError) as error:
        log.info(1, "session-not-adopted", f"the session that version 1.0.0 left is not used: {error}")
    else:
        log.info(1, "session-adopted", "the session that version 1.0.0 left has its new id now")


def _copy(old: SessionRepository, new: SessionRepository, now: int) -> None:
    """Store the old session under its new id. The caller holds the old one's lock.

    Raises:
        _NotTakenOverError: It cannot be used, or there is a newer session.
        StoreError: It cannot be read or stored.
    """
    from .purge import LOCK_SECONDS

    with new.lock() as lock:
        if not lock.acquire(Deadline.after(LOCK_SECONDS), lambda: False):
            raise _NotTakenOverError("another process is using it")
        entry, session = old.index_entry.read(), old.load()
        if new.index_entry.read() or entry is None or session is None:
            raise _NotTakenOverError("it was removed or replaced meanwhile")
        if (entry.person, entry.signed_in_at) != (session.person, session.signed_in_at):
            # All cache directories share the kernel keyring.
            raise _NotTakenOverError("it was made in another cache directory")
        if not new.save(
            session._replace(session_id=new.session_id, generation=session.generation + GENERATION_STEP), now
        ):
            raise _NotTakenOverError("it cannot be stored")


def _same_trust(trust: tuple[str, ...], ca_files: Sequence[Path], former: str) -> bool:
    """Return whether the session was obtained under the trust that this command asks for."""
    if not trust:
        return True
    relative = any(not path.is_absolute() for path in ca_files)
    if relative or has_unreadable_authority(trust) or depends_on_variables(trust):
        return False
    return any(_remembered(digest) == former for digest in _digests())


def _remembered(digest: str) -> str:
    """Return the session that version 1.0.0 remembered for a command, or an empty string."""
    root = known_command.cache_root()
    record = read_private(os.path.join(root, known_command.DIRECTORY), digest, 16384) if root else None  # noqa: PTH118 - as in `known_command`
    try:
        known = known_command.KnownCommand.parse(record or b"")
    except ValueError:
        return ""
    return known.session_id if known else ""


def _digests() -> Iterator[str]:
    """Yield the digests of this command line in version 1.0.0, with a terminal and without one."""
    environ = os.environ
    info = environ.get("KUBERNETES_EXEC_INFO", "-")
    toggled = re.sub(_INTERACTIVE, lambda found: found[1] + ("false" if found[2] == "true" else "true"), info)
    user = ""
    if sys.platform != "win32":
        user = str(os.geteuid())
    arguments = sys.argv[1:]
    rest = [
        *(f"{name}={environ.get(name, '-')}" for name in _PLACES),
        *sorted(
            f"{name}={environ[name]}" for name in environ if name.startswith(known_command.VARIABLE_PREFIX)
        ),
    ]
    for each in dict.fromkeys((info, toggled)):
        parts = [str(len(arguments)), *arguments, each, user, *rest]
        yield hexdigest(b"\0".join(os.fsencode(part) for part in parts))
