"""Whether a kubeconfig may be replaced: a regular file, writable, in a writable directory; and who can read it."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.system import files_in_use, shell
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from pathlib import Path

_MAKE_WRITABLE = "attrib -R" if sys.platform == "win32" else "chmod u+w"


def regular_file_status(target: Path) -> os.stat_result | None:
    """Return the file's status; None if it does not exist.

    Raises:
        KubeconfigError: It is a directory, a pipe or a device.
    """
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise KubeconfigError(
            f"the kubeconfig {sanitize(target)} is not a regular file",
            "give a file with --kubeconfig or KUBECONFIG",
        )
    return status


def check_writable(target: Path, status: os.stat_result) -> None:
    """Raise if the file is read-only, although it could be replaced in its directory: kubectl does not change it either.

    Raises:
        KubeconfigError: The file is read-only, for everybody or for this user.
    """
    effective = os.access in os.supports_effective_ids
    if status.st_mode & 0o222 and os.access(target, os.W_OK, effective_ids=effective):
        return
    raise KubeconfigError(
        f"the kubeconfig {sanitize(target)} is read-only",
        f"make it writable (`{_MAKE_WRITABLE}`), or give another file with --kubeconfig. The file has not changed",
    )


def check_directory(directory: Path) -> None:
    """Create and remove a file in a directory, or in the nearest existing one above it.

    Raises:
        OSError: No file can be created there.
    """
    nearest = next((place for place in (directory, *directory.parents) if os.path.lexists(place)), directory)
    with tempfile.TemporaryFile(dir=nearest):
        pass


def readable_by_others(path: Path, status: os.stat_result, what: str) -> tuple[str, str] | None:
    """Return a warning if others can read the secrets in a file (``what``), and the command that changes it; else None."""
    mode = stat.S_IMODE(status.st_mode)
    if sys.platform == "win32" or not mode & 0o044:
        return None
    return (
        f"others on this machine can read the {what} in {sanitize(path)} (mode {mode:04o})",
        f"run `{sanitize(shell.one_line(['chmod', '600', str(path)]))}`",
    )


def give_owner_and_mode(descriptor: int, status: os.stat_result, *, mode: int) -> None:
    """Give an open file the owner of `status` and a mode: root must not leave its own file in a user's home."""
    if sys.platform == "win32":
        return
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):
            os.fchown(descriptor, -1, status.st_gid)
        if status.st_uid != os.geteuid():
            os.fchown(descriptor, status.st_uid, -1)
    os.fchmod(descriptor, mode)


def cannot_write(path: Path, error: OSError) -> KubeconfigError:
    """Return the error for a kubeconfig that cannot be written."""
    words, hint = files_in_use.explain(
        error, "check who owns the file and its directory, or give another file with --kubeconfig"
    )
    return KubeconfigError(
        f"cannot write the kubeconfig {sanitize(path)}: {words}", f"{hint}. The file has not changed"
    )
