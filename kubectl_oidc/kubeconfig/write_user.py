"""One user written into a kubeconfig file: locked as kubectl locks it, backed up, replaced in one step.

The file is read and replaced under ``<file>.lock``, which every kubectl honours. The new text is written beside the
file, flushed to the disk and renamed over it, so that a crash leaves the old file or the new one, whole. A symbolic link
stays a link: its target is replaced.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.text import sanitize

from .edit_text import set_user
from .exec_stanza import FORMER_INSTALL_HINT, Stanza, calls_us, is_ours, redacted
from .parse import load
from .read import paths, read_text
from .replace_file import back_up, check_directory, check_writable, locked, regular, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LOCK_SECONDS = 5.0  # kubectl holds its lock for milliseconds; a longer one was left behind by a crash
# What a user of ours may carry beside `exec`; anything else is another way to sign in, and not ours to remove.
_HARMLESS = frozenset({"exec", "as", "as-uid", "as-groups", "as-user-extra", "extensions"})


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to a kubeconfig.

    Args:
        path: The file.
        action: What happened to the user.
        backup: The copy of the file as it was; None where there was none or nothing changed.
        details: One line for each thing that changed in the user, without secrets.
        readable_by_others: Whether other users of this machine can read the file.
        mode: Its mode, where they can.
    """

    path: Path
    action: Literal["created", "added", "updated", "unchanged"]
    backup: Path | None = None
    details: tuple[str, ...] = ()
    readable_by_others: bool = False
    mode: int = 0


def check_user(name: str, stanza: Stanza, *, explicit: str | None, environ: Mapping[str, str]) -> None:
    """Refuse what `write_user` would refuse for the user's or the file's sake, before a person signs in for it.

    Args:
        name: The user's name.
        stanza: What it gets.
        explicit: What ``--kubeconfig`` says.
        environ: The environment.

    Raises:
        KubeconfigError: The file cannot be understood or written, or the user is not ours to replace.
    """
    path = _destination(name, paths(explicit, environ))
    target = Path(os.path.realpath(path))
    status = regular(target)
    old = _old_user(read_text(path) or "", name, sanitize(path))
    if _updated(old, stanza, name, path) != old and status is not None:
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
    """Add the user ``name`` to the kubeconfig, or update it.

    The file is the one that already has the user, else the first that exists, else the last one of the list, as
    `kubectl config set-credentials` chooses it.

    Args:
        name: The user's name.
        stanza: What it gets.
        explicit: What ``--kubeconfig`` says.
        environ: The environment.
        lock_seconds: The longest wait for another program that writes the file.

    Returns:
        What was done.

    Raises:
        KubeconfigError: It was not done, and the file is as it was.
    """
    path = _destination(name, paths(explicit, environ))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(path, lock_seconds):
            return _write_user(name, stanza, path)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> KubeconfigError:
    """Return the error of a kubeconfig that the system lets nobody write."""
    return KubeconfigError(
        f"cannot write the kubeconfig {sanitize(path)}: {error.strerror or error}",
        "check who owns the file and its directory, or name another file with --kubeconfig; it was not changed",
    )


def _destination(name: str, files: Sequence[Path]) -> Path:
    texts = [(path, read_text(path)) for path in files]
    for path, text in texts:
        users = load(text or "", sanitize(path)).get("users") or []
        if any(item.get("name") == name for item in users):
            return path
    return next((path for path, text in texts if text is not None), files[-1])


def _write_user(name: str, stanza: Stanza, path: Path) -> Change:
    target = Path(os.path.realpath(path))
    before = regular(target)
    text = read_text(target)
    old = _old_user(text or "", name, sanitize(path))
    new = _updated(old, stanza, name, path)
    if new == old:
        return Change(path, "unchanged", readable_by_others=_open_to_others(before), mode=_mode(before))
    if before is not None:
        check_writable(target, before)
    edited = set_user(text or "", name, new, sanitize(path)).encode()
    backup = back_up(target, before) if before else None
    replace(target, edited, before)
    action: Literal["created", "added", "updated"] = (
        "created" if before is None else "added" if old is None else "updated"
    )
    return Change(path, action, backup, tuple(_details(old, new)), _open_to_others(before), _mode(before))


def _old_user(text: str, name: str, where: str) -> dict[str, Any] | None:
    for item in load(text, where).get("users") or []:
        if item.get("name") == name:
            user = item.get("user")
            return user if isinstance(user, dict) else {}
    return None


def _updated(old: Mapping[str, Any] | None, stanza: Stanza, name: str, path: Path) -> dict[str, Any]:
    """Return the user with our stanza in it.

    Raises:
        KubeconfigError: The user signs in in another way, which is not ours to replace.
    """
    user = dict(old or {})
    provider = user.get("auth-provider")
    if isinstance(provider, dict) and provider.get("name") == "oidc":
        del user[
            "auth-provider"
        ]  # client-go's own plug-in, which refreshes and cannot sign in: this program takes its place
    exec_ = user.get("exec")
    foreign = {key for key, value in user.items() if value} - _HARMLESS
    if foreign or (exec_ and not (isinstance(exec_, dict) and is_ours(exec_))):
        what = ", ".join(sorted(foreign)) or "another exec program"
        raise KubeconfigError(
            f"user {sanitize(name)!r} in {sanitize(path)} already signs in in another way ({sanitize(what)})",
            "choose another name with --user; the file was not changed",
        )
    ours, kept = stanza.exec_mapping(), exec_ if isinstance(exec_, dict) else {}
    ours["provideClusterInfo"] = kept.get("provideClusterInfo", ours["provideClusterInfo"])
    said = kept.get("installHint")
    if said and said != FORMER_INSTALL_HINT and calls_us(kept) and not stanza.install_hint:
        ours["installHint"] = said  # a company's own words
    return {**user, "exec": {**kept, **ours}}


def _details(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Iterator[str]:
    """Say what changed in a user, secrets left out."""
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


def _open_to_others(status: os.stat_result | None) -> bool:
    return status is not None and sys.platform != "win32" and bool(status.st_mode & 0o077)
