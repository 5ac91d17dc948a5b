"""Where lock files rest: a local directory of the user's, ours alone."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import warnings
from pathlib import Path

import platformdirs

from kubectl_oidc.errors import LockError, StoreError
from kubectl_oidc.stores import private_files

_VARIABLE = "TEMP" if sys.platform == "win32" else "XDG_RUNTIME_DIR"

BESIDE = "locks"
"""The directory of lock files in the cache directory, for sessions that rest on ``disk``."""


def lock_paths(session_id: str, storage: str, cache_dir: Path) -> tuple[str, ...]:
    """Return the session's lock files, in the order in which they are taken.

    The first is local to this machine; a session on ``disk`` has another beside its file, because the directory may be
    seen by processes that have another runtime directory (a container that mounts the home directory).

    Args:
        session_id: The session.
        storage: Where it rests.
        cache_dir: The cache directory.

    Raises:
        LockError: No directory can hold a lock.
    """
    name = f"{session_id}.lock"
    paths = [str(_local_directory() / name)]
    if storage == "disk":
        # Where the directory cannot be written, no session rests in it either.
        with contextlib.suppress(StoreError):
            paths.append(str(private_files.ensure_directory(cache_dir, BESIDE) / name))
    return tuple(paths)


def _local_directory() -> Path:
    """Return the first directory that is local and ours: macOS' own, the runtime directory, else one of ours under /tmp.

    Raises:
        LockError: None of them can be used.
    """
    failures: list[str] = []
    for candidate in (_darwin_directory, _runtime_directory, _temporary_directory):
        try:
            base = candidate()
            if base is None:
                continue
            if base.is_symlink():  # whoever made it could lead two of us to two locks
                failures.append(f"{base} is a symlink")
                continue
            return private_files.ensure_directory(base)
        except StoreError as error:
            failures.append(error.message)
        except OSError as error:  # a full or read-only disk has no temporary directory
            failures.append(str(error.strerror or error))
    raise LockError(
        f"no directory can hold the session's lock: {'; '.join(failures)}",
        f"set {_VARIABLE} to a directory that is yours alone, or make the temporary directory writable",
        topic="lock",
    )


_DARWIN_USER_TEMP_DIR = 65537  # confstr(3) of macOS, which Python has no name for


def _darwin_directory(platform: str = sys.platform) -> Path | None:
    """Return the user's own directory under /var/folders on macOS, unless XDG_RUNTIME_DIR names another.

    The runtime directory that platformdirs has there lies in the home directory, which may be on the network; and TMPDIR is
    another one in some shells (nix-shell), so that two of ours would hold two locks.

    Args:
        platform: As ``sys.platform`` has it.
    """
    if platform != "darwin" or sys.platform == "win32" or os.environ.get("XDG_RUNTIME_DIR"):
        return None
    with contextlib.suppress(OSError, ValueError):
        found = os.confstr(_DARWIN_USER_TEMP_DIR)
        return Path(found, "kubectl-oidc") if found else None
    return None


def _runtime_directory() -> Path:
    with warnings.catch_warnings():
        # It warns where XDG_RUNTIME_DIR is not set, as on many servers; nothing is wrong with that.
        warnings.simplefilter("ignore")
        return platformdirs.user_runtime_path("kubectl-oidc", appauthor=False)


def _temporary_directory() -> Path:
    name = "kubectl-oidc"
    if sys.platform != "win32":  # there it is the user's own
        name += f"-{os.geteuid()}"
    return Path(tempfile.gettempdir()) / name
