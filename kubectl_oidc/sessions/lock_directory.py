"""Where a session's lock files are: in a private local directory, and next to the index."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from kubectl_oidc.errors import LockError, StoreError
from kubectl_oidc.system import private_files

from .stores.host import this_host

_VARIABLE = "TEMP" if sys.platform == "win32" else "XDG_RUNTIME_DIR"

DIRECTORY = "locks"
"""The directory of lock files in the cache directory."""


def lock_paths(session_id: str, storage: str, cache_dir: Path) -> tuple[str, ...]:
    """Return the session's lock files in ``storage``, in the order in which they are locked.

    The first is local to this machine. The second is next to the index, where no environment variable moves it: two terminals
    may have different runtime or temporary directories, and a container may mount the home directory. A kernel keyring belongs to
    one host, so for it each host has its own second file.

    Raises:
        LockError: No directory can hold a lock.
    """
    return _paths(session_id, cache_dir, storage)


def every_lock_path(session_id: str, cache_dir: Path) -> tuple[str, ...]:
    """Return what `lock_paths` returns, for all stores together."""
    return _paths(session_id, cache_dir, "disk", *(["kernel"] if sys.platform == "linux" else []))


def needed_locks(storage: str) -> int | None:
    """Return how many lock files of a session in ``storage`` must be locked before its refresh token is sent; None means all.

    A file system that has no locks or cannot be written does not prevent the refresh of a session that is stored elsewhere.
    """
    return None if storage == "disk" else 1


def _paths(session_id: str, cache_dir: Path, *storages: str) -> tuple[str, ...]:
    paths = [local_directory() / f"{session_id}.lock"]
    # If the cache directory cannot be written, no session is stored in it either.
    with contextlib.suppress(StoreError):
        directory = private_files.ensure_directory(cache_dir, DIRECTORY)
        for storage in storages:
            mark = f".{this_host().mark}" if storage == "kernel" else ""
            paths.append(directory / f"{session_id}{mark}.lock")
    return tuple(map(str, paths))


def local_directory() -> Path:
    """Return the first private local directory: macOS' own, the runtime directory, else one under the temporary directory.

    Raises:
        LockError: None of them can be used.
    """
    failures: list[str] = []
    for candidate in (_darwin_directory, _runtime_directory, _temporary_directory):
        try:
            base = candidate()
            if base is None:
                continue
            if base.is_symlink():  # its owner could give two processes two locks
                failures.append(f"{base} is a symlink")
                continue
            return private_files.ensure_directory(base)
        except StoreError as error:
            failures.append(error.message)
        except OSError as error:  # there is no temporary directory on a full or read-only disk
            failures.append(str(error.strerror or error))
    raise LockError(
        f"cannot create the session's lock: {'; '.join(failures)}",
        f"set {_VARIABLE} to a directory that only you can use, or make the temporary directory writable",
        topic="lock",
    )


_DARWIN_USER_TEMP_DIR = 65537  # confstr(3) of macOS; Python does not name it


def _darwin_directory(platform: str = sys.platform) -> Path | None:
    """Return the user's own directory under /var/folders on macOS, unless XDG_RUNTIME_DIR names another.

    platformdirs' runtime directory is in the home directory there, which may be on the network. Some shells (nix-shell) change
    TMPDIR, so that two processes would hold two locks. ``platform`` is a value of `sys.platform`.
    """
    if platform != "darwin" or sys.platform == "win32" or os.environ.get("XDG_RUNTIME_DIR"):
        return None
    with contextlib.suppress(OSError, ValueError):
        found = os.confstr(_DARWIN_USER_TEMP_DIR)
        return Path(found, "kubectl-oidc") if found else None
    return None


def _runtime_directory() -> Path:
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    if sys.platform != "win32" and os.path.isabs(named):  # noqa: PTH117 - of a text
        return Path(named, "kubectl-oidc")  # the usual case, without the import of platformdirs
    import warnings

    import platformdirs

    with warnings.catch_warnings():
        # It warns if XDG_RUNTIME_DIR is not set. On many servers that is normal.
        warnings.simplefilter("ignore")
        return platformdirs.user_runtime_path("kubectl-oidc", appauthor=False)


def _temporary_directory() -> Path:
    name = "kubectl-oidc"
    if sys.platform != "win32":  # on Windows each user has their own
        name += f"-{os.geteuid()}"
    import tempfile  # seldom needed, and slow to import

    return Path(tempfile.gettempdir()) / name
