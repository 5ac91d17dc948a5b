"""Add or update one user in a kubeconfig, with this program's exec section.

The file is locked as kubectl locks it, backed up, and replaced in one step. A symbolic link stays a link: its target is replaced.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.text import sanitize

from .backup import backed_up
from .edit_text import set_user
from .exec_stanza import FORMER_INSTALL_HINT, Stanza, is_oidc_login_exec, starts_this_program
from .file_checks import cannot_write, check_directory, check_writable, regular_file_status
from .kubectl_lock import LOCK_SECONDS, locked
from .parse import parse_kubeconfig
from .read import auth_provider_config, kubeconfig_paths, read_text
from .replace_file import replace_file
from .stanza_secrets import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# What a user may have in addition to `exec`; anything else is another way to sign in, which is never removed.
_COMPATIBLE = frozenset({"exec", "as", "as-uid", "as-groups", "as-user-extra", "extensions"})


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to a kubeconfig.

    Args:
        backup: A copy of the old file; None if there was none, or nothing changed.
        details: One line for each change in the user, without secrets.
    """

    path: Path
    action: Literal["created", "added", "updated", "unchanged"]
    backup: Path | None = None
    details: tuple[str, ...] = ()
    mode: int = 0

    @property
    def readable_by_others(self) -> bool:
        """Whether other users of this computer can read the file."""
        return sys.platform != "win32" and bool(self.mode & 0o077)


def check_user(name: str, stanza: Stanza, *, explicit: str | None, environ: Mapping[str, str]) -> None:
    """Raise if `write_user` would fail, so that nobody signs in for nothing; the arguments are the same.

    Raises:
        KubeconfigError: The file cannot be parsed or written, or the user signs in in another way.
    """
    path = _destination(name, kubeconfig_paths(explicit, environ))
    target = Path(os.path.realpath(path))
    status = regular_file_status(target)
    old = _old_user(read_text(path) or "", name, sanitize(path))
    if _with_exec(old, stanza, name, path) != old and status is not None:
        check_writable(target, status)
    try:
        for directory in dict.fromkeys((path.parent, target.parent)):  # of the lock, and of the file
            check_directory(directory)
    except OSError as error:
        raise cannot_write(path, error) from error


def write_user(
    name: str,
    stanza: Stanza,
    *,
    explicit: str | None,
    environ: Mapping[str, str],
    lock_seconds: float = LOCK_SECONDS,
) -> Change:
    """Add the user ``name`` to the kubeconfig, or update it, and return what was done.

    Like `kubectl config set-credentials`, it changes the file that already has the user, else the first existing file, else the
    last one of the list.

    Args:
        lock_seconds: The longest wait for another program that writes the file.

    Raises:
        KubeconfigError: Nothing was written.
    """
    path = _destination(name, kubeconfig_paths(explicit, environ))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(path, lock_seconds):
            return _write(name, stanza, path)
    except OSError as error:
        raise cannot_write(path, error) from error


def _destination(name: str, files: Sequence[Path]) -> Path:
    texts = [(path, read_text(path)) for path in files]
    for path, text in texts:
        users = parse_kubeconfig(text or "", sanitize(path)).get("users") or []
        if any(item.get("name") == name for item in users):
            return path
    return next((path for path, text in texts if text is not None), files[-1])


def _write(name: str, stanza: Stanza, path: Path) -> Change:
    target = Path(os.path.realpath(path))
    before = regular_file_status(target)
    text = read_text(target)
    old = _old_user(text or "", name, sanitize(path))
    new = _with_exec(old, stanza, name, path)
    if new == old:
        return Change(path, "unchanged", mode=_mode(before))
    if before is not None:
        check_writable(target, before)
    edited = set_user(text or "", name, new, sanitize(path)).encode()
    with backed_up(target, before) if before else nullcontext() as backup:
        replace_file(target, edited, before)
    action: Literal["created", "added", "updated"] = (
        "created" if before is None else "added" if old is None else "updated"
    )
    return Change(path, action, backup, tuple(_changes(old, new)), _mode(before))


def _old_user(text: str, name: str, where: str) -> dict[str, Any] | None:
    for item in parse_kubeconfig(text, where).get("users") or []:
        if item.get("name") == name:
            user = item.get("user")
            return user if isinstance(user, dict) else {}
    return None


def _with_exec(old: Mapping[str, Any] | None, stanza: Stanza, name: str, path: Path) -> dict[str, Any]:
    """Return the user with the new exec section.

    Raises:
        KubeconfigError: The user signs in in another way, which is never replaced.
    """
    user = dict(old or {})
    if auth_provider_config(user) is not None:
        # client-go's own plug-in refreshes and cannot sign in: this program replaces it.
        del user["auth-provider"]
    exec_ = user.get("exec")
    foreign = {key for key, value in user.items() if value} - _COMPATIBLE
    if foreign or (exec_ and not (isinstance(exec_, dict) and is_oidc_login_exec(exec_))):
        what = ", ".join(sorted(foreign)) or "another exec program"
        raise KubeconfigError(
            f"user {sanitize(name)!r} in {sanitize(path)} already signs in another way ({sanitize(what)})",
            "give another name with --user. The file has not changed",
        )
    ours, kept = stanza.exec_mapping(), exec_ if isinstance(exec_, dict) else {}
    ours["provideClusterInfo"] = kept.get("provideClusterInfo", ours["provideClusterInfo"])
    said = kept.get("installHint")
    if said and said != FORMER_INSTALL_HINT and starts_this_program(kept) and not stanza.install_hint:
        ours["installHint"] = said  # a company's own hint
    return {**user, "exec": {**kept, **ours}}


def _changes(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Iterator[str]:
    """Yield what changed in a user, without secrets."""
    if not old:
        return
    for key in old.keys() - new.keys():
        yield f"removed {sanitize(key)}"
    before, after = old.get("exec") or {}, new["exec"]
    for key in after:
        if key != "args" and before.get(key) != after[key]:
            was = f" (was {sanitize(before[key])})" if key in before else ""
            yield f"{sanitize(key)}: {sanitize(after[key])}{was}"
    was_args, is_args = list(map(str, before.get("args") or [])), after["args"]
    yield from (f"- {sanitize(arg)}" for arg in redacted([a for a in was_args if a not in is_args]))
    yield from (f"+ {sanitize(arg)}" for arg in redacted([a for a in is_args if a not in was_args]))


def _mode(status: os.stat_result | None) -> int:
    return stat.S_IMODE(status.st_mode) if status is not None else 0
