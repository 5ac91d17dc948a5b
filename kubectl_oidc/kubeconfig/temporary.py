"""A temporary kubeconfig with one context, whose user has a bearer token instead of an exec section.

The user has the token itself (``token``) and the name of a file with it (``tokenFile``). Programs that are written with client-go
read that file again and again (client-go, ``BearerTokenFile``), so that they get a renewed token while they run. Others read the
kubeconfig.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.system.file_lock import FileLock
from kubectl_oidc.system.files_in_use import patiently
from kubectl_oidc.system.private_files import write_private_file
from kubectl_oidc.text import sanitize
from kubectl_oidc.yaml_text import yaml_block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.secret import Secret

    from .read import Entry

_KUBECONFIG, _TOKEN = "config", "token"
_USER = "token"
_PREFIX = "kubectl-oidc-exec-"
_MODE = 0o700
_LEFT_SECONDS = 60  # a younger directory may be one that is not locked yet
_FILES_OF_A_CLUSTER = ("certificate-authority",)
_NOT_COPIED = frozenset({"extensions"})
_IMPERSONATION = ("as", "as-uid", "as-groups", "as-user-extra")


def is_temporary(user: Entry) -> bool:
    """Return whether a user is the one of a `TemporaryKubeconfig`."""
    return Path(str(user.value.get("tokenFile") or "")).parent.name.startswith(_PREFIX)


class TemporaryKubeconfig:
    """A kubeconfig and a token file in a private directory.

    Args:
        directory: A directory of mode 0700.
        context: The context; its user is replaced.
        cluster: Its cluster. Relative paths in it start at its file's directory.
        user: Whose impersonation (``as``, ``as-groups``, …) is copied, if there is one.
    """

    def __init__(self, directory: Path, context: Entry, cluster: Entry, user: Entry | None) -> None:
        self._directory = directory
        self._context, self._cluster, self._user = context, cluster, user

    @property
    def path(self) -> Path:
        """The kubeconfig, for the variable KUBECONFIG."""
        return self._directory / _KUBECONFIG

    def put(self, token: Secret) -> None:
        """Write both files with this token, mode 0600, each in one step.

        Raises:
            StoreError: A file cannot be written; the old one is unchanged.
        """
        write_private_file(self._directory, _TOKEN, token.reveal().encode())
        text = yaml_block(self._document(token)) + "\n"
        write_private_file(self._directory, _KUBECONFIG, text.encode())

    def _document(self, token: Secret) -> dict[str, object]:
        user = {
            key: self._user.value[key] for key in _IMPERSONATION if self._user and key in self._user.value
        }
        user |= {"token": token.reveal(), "tokenFile": str(self._directory / _TOKEN)}
        context = {**_copied(self._context), "cluster": self._cluster.name, "user": _USER}
        cluster = _copied(self._cluster)
        for key in _FILES_OF_A_CLUSTER:
            if cluster.get(key):
                cluster[key] = str(self._cluster.path.absolute().parent / str(cluster[key]))
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": self._cluster.name, "cluster": cluster}],
            "contexts": [{"name": self._context.name, "context": context}],
            "current-context": self._context.name,
            "users": [{"name": _USER, "user": user}],
        }


def _copied(entry: Entry) -> dict[str, Any]:
    return {key: value for key, value in entry.value.items() if key not in _NOT_COPIED}


@contextmanager
def private_directory(parent: Path | None) -> Iterator[Path]:
    """Make a directory of mode 0700 for the block, and remove it with all files at its end.

    A process that is killed (SIGKILL) leaves its directory behind. The next one in the same ``parent`` removes it: the kernel has freed
    its lock.

    Args:
        parent: Where; None for the directory of temporary files.

    Raises:
        KubeconfigError: It cannot be made or removed.
    """
    try:
        directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    except OSError as error:
        raise KubeconfigError(
            f"cannot create a directory for the temporary kubeconfig: {error.strerror or error}",
            "free some space, or set XDG_RUNTIME_DIR to a directory that only you can use",
        ) from error
    lock = _lock(directory)
    try:
        with suppress(OSError):  # without locks, nobody removes what a killed process leaves
            lock.try_acquire()
        _remove_left_behind(directory)
        yield directory
    finally:
        lock.release()
        _remove(directory)


def _lock(directory: Path, *, create: bool = True) -> FileLock:
    return FileLock((str(directory / "lock"),), create=create)


def _remove_left_behind(own: Path) -> None:
    """Remove older directories in the same parent that this program made, and whose processes have ended.

    The parent may be the directory of temporary files, in which other users can make directories of any name.
    """
    for other in own.parent.glob(f"{_PREFIX}*"):
        with suppress(OSError, KubeconfigError):
            if other == own or not _is_left_behind(other.lstat()):
                continue
            lock = _lock(other, create=False)
            if lock.try_acquire():
                lock.release()
                _remove(other)


def _is_left_behind(status: os.stat_result) -> bool:
    """Return whether it is a directory as `private_directory` makes it, and old enough that its lock was taken."""
    if not stat.S_ISDIR(status.st_mode) or abs(time() - status.st_mtime) < _LEFT_SECONDS:
        return False
    # On Windows the directory of temporary files is the user's own, and the mode says nothing.
    return sys.platform == "win32" or (
        status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) == _MODE
    )


def _remove(directory: Path) -> None:
    try:
        patiently(lambda: shutil.rmtree(directory))
    except FileNotFoundError:
        return
    except OSError as error:
        raise KubeconfigError(
            f"cannot remove the temporary kubeconfig: {error.strerror or error}",
            f"remove {sanitize(directory)} : it contains a token",
        ) from error
