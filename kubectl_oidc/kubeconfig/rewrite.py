"""Rewrite an existing kubeconfig: locked as kubectl locks it, backed up, replaced in one step."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kubectl_oidc.text import sanitize

from .backup import backed_up
from .edit_text import set_user
from .file_checks import cannot_write, check_writable, regular_file_status
from .kubectl_lock import LOCK_SECONDS, locked
from .parse import parse_kubeconfig
from .read import read_text
from .replace_file import KubeconfigChanged, replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from .read import Entry

_Backup = TypeVar("_Backup")


def rewrite(path: Path, edit: Callable[[str], str]) -> Path:
    """Replace a kubeconfig's text by what ``edit`` makes of it, and return the backup. A symbolic link stays one.

    Raises:
        KubeconfigError: Nothing was written.
    """
    return _rewrite(path, edit, backed_up)


def rewrite_again(path: Path, edit: Callable[[str], str]) -> None:
    """Do the same to a kubeconfig that this command has already written: without another backup.

    Raises:
        KubeconfigError: Nothing was written.
    """
    _rewrite(path, edit, lambda *_: nullcontext())


def _rewrite(
    path: Path,
    edit: Callable[[str], str],
    backup_of: Callable[[Path, os.stat_result], AbstractContextManager[_Backup]],
) -> _Backup:
    target = Path(os.path.realpath(path))
    try:
        with locked(path, LOCK_SECONDS):
            before = regular_file_status(target)
            text = read_text(target)
            if before is None or text is None:
                raise changed_meanwhile(path)
            after = edit(text).encode()
            check_writable(target, before)
            with backup_of(target, before) as backup:
                replace_file(target, after, before)
    except OSError as error:
        raise cannot_write(path, error) from error
    return backup


def change_exec(user: Entry, new: Mapping[str, Any]) -> Path:
    """Replace the exec section of a user, and return the backup.

    Raises:
        KubeconfigError: Nothing was written, for example because the user has changed since it was read.
    """

    def edit(text: str) -> str:
        users = parse_kubeconfig(text, sanitize(user.path)).get("users") or []
        if not any(item.get("name") == user.name and item.get("user") == user.value for item in users):
            raise changed_meanwhile(user.path)
        return set_user(text, user.name, {**user.value, "exec": dict(new)}, sanitize(user.path))

    return rewrite(user.path, edit)


def changed_meanwhile(path: Path) -> KubeconfigChanged:
    """Return the error for a kubeconfig that is not as it was read."""
    return KubeconfigChanged(
        f"the kubeconfig {sanitize(path)} was changed by another program just now",
        "run the command again. This one changed nothing",
    )
