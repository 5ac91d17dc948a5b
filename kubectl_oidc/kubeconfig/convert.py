"""Users that sign in by kubelogin's stanza, or by an old one of ours, rewritten to the direct one.

The arguments stay as they are, so that the session stays the same; what goes is the second kubectl (``command: kubectl``)
that kubelogin's own stanza starts for each command, and an ``apiVersion`` that kubectl is about to drop.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.text import sanitize
from kubectl_oidc.yaml_text import block

from .edit_text import set_user
from .exec_stanza import API_VERSION, Stanza, calls_us, is_ours, redacted
from .parse import load
from .read import paths, read_text
from .replace_file import back_up, check_writable, locked, readable_by_others, regular, replace
from .select import unknown
from .write_user import LOCK_SECONDS, cannot_write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_USERINFO = re.compile(r"://[^/@\s]+@")
_SECRET_PAIR = re.compile(
    r"([^=,\s]*(?:assertion|credential|pass|secret|token)[^=,\s]*)=[^,\s]+", re.IGNORECASE
)
_SECRET_VARIABLE = re.compile(r"auth|credential|key|pass|secret|token", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Conversion:
    """One user that is rewritten.

    Attributes:
        name: The user's name.
        difference: A unified diff of its ``exec`` stanza, secrets left out.
        secret: Whether the stanza holds a secret.
    """

    name: str
    difference: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of one file.

    Attributes:
        path: The file.
        before: Its text, as it was read.
        after: Its text with the users rewritten.
        conversions: Those users.
        direct: Names of users that call this program directly already.
        others: Names of users that sign in in another way, and are left alone.
    """

    path: Path
    before: str
    after: str
    conversions: tuple[Conversion, ...]
    direct: tuple[str, ...]
    others: tuple[str, ...]


def plan(
    explicit: str | None, environ: Mapping[str, str], names: Sequence[str], install_hint: str = ""
) -> list[Plan]:
    """Return what would become of each kubeconfig file that exists.

    Args:
        explicit: What ``--kubeconfig`` says.
        environ: The environment.
        names: The users that are meant; every one where there is none.
        install_hint: What kubectl shows if it does not find the program; empty for our words.

    Raises:
        KubeconfigError: A file cannot be read or understood, there is none, or there is no such user.
    """
    files = paths(explicit, environ)
    texts = [(path, text) for path in files if (text := read_text(path)) is not None]
    if not texts:
        raise KubeconfigError(
            f"there is no kubeconfig {sanitize(files[0])}", "name one with --kubeconfig or KUBECONFIG"
        )
    plans = [_plan(path, text, names, install_hint) for path, text in texts]
    found = _names(plans)
    missing = next((name for name in names if name not in found), None)
    if missing is not None:
        raise unknown("user", missing, _names(_plan(path, text, (), "") for path, text in texts), "get-users")
    return plans


def write(one: Plan, names: Sequence[str], install_hint: str = "") -> Path:
    """Write a file as it was planned: locked as kubectl locks it, backed up, replaced in one step.

    Args:
        one: The plan.
        names: The users that were meant.
        install_hint: As in `plan`.

    Returns:
        The copy of the file as it was.

    Raises:
        KubeconfigError: It was not done, and the file is as it was.
    """
    target = Path(os.path.realpath(one.path))
    try:
        with locked(one.path, LOCK_SECONDS):
            before = regular(target)
            if before is None or _plan(one.path, read_text(target) or "", names, install_hint) != one:
                raise KubeconfigError(
                    f"the kubeconfig {sanitize(one.path)} was changed by another program just now",
                    "run the command again; it was not changed by this one",
                )
            check_writable(target, before)
            backup = back_up(target, before)
            replace(target, one.after.encode(), before)
    except OSError as error:
        raise cannot_write(one.path, error) from error
    return backup


def warning(one: Plan) -> tuple[str, str] | None:
    """Return a warning where others can read a file that was written and holds a secret, and the command that ends it.

    Args:
        one: The plan of the file.
    """
    if not any(conversion.secret for conversion in one.conversions):
        return None
    return readable_by_others(one.path, one.path.stat(), "secret")


def _plan(path: Path, text: str, names: Sequence[str], install_hint: str = "") -> Plan:
    after, conversions, direct, others = text, [], [], []
    for item in load(text, sanitize(path)).get("users") or []:
        name, user = item.get("name"), item.get("user")
        if not isinstance(name, str) or (names and name not in names):
            continue
        old = user.get("exec") if isinstance(user, dict) else None
        if not isinstance(old, dict) or not is_ours(old):
            others.append(name)
            continue
        new = _direct(old, install_hint)
        if new == old:
            direct.append(name)
            continue
        after = set_user(after, name, {**user, "exec": new}, sanitize(path))
        conversions.append(Conversion(name, _difference(path, name, old, new), _holds_secret(new)))
    return Plan(path, text, after, tuple(conversions), tuple(direct), tuple(others))


def _names(plans: Iterable[Plan]) -> set[str]:
    return {name for one in plans for name in (*one.direct, *one.others, *(c.name for c in one.conversions))}


def _direct(old: Mapping[str, Any], install_hint: str) -> dict[str, Any]:
    """Return the stanza that calls this program itself, with the same arguments, variables and cluster information."""
    if calls_us(old) and old.get("apiVersion") == API_VERSION:
        # By its path, with its own installHint: whoever wrote that meant it.
        return {**old, "installHint": install_hint} if install_hint else dict(old)
    ours = Stanza(args=(), install_hint=install_hint).exec_mapping()
    words = [str(word) for word in old.get("args") or []]
    kept = {key: old[key] for key in ("interactiveMode", "provideClusterInfo") if old.get(key) is not None}
    command = {"command": old["command"]} if calls_us(old) else {}
    args = words[1:] if words[:1] == ["oidc-login"] else words
    return {**old, **ours, **kept, **command, "args": args}


def _difference(path: Path, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    title = f"{sanitize(path)}, user {sanitize(name)}"
    keys = [*dict.fromkeys((*old, *new))]  # both in one order: a diff shows what changes, not what moves
    before, after = (list(_lines(keys, stanza)) for stanza in (old, new))
    return "\n".join(difflib.unified_diff(before, after, title, title, lineterm="", n=50))


def _lines(keys: Sequence[str], stanza: Mapping[str, Any]) -> Iterator[str]:
    """Return a stanza for people, a line each, secrets left out."""
    shown = {key: stanza[key] for key in keys if key in stanza}
    if isinstance(shown.get("args"), list):
        shown["args"] = [_hidden(word) for word in redacted([str(word) for word in shown["args"]])]
    if isinstance(shown.get("env"), list):
        shown["env"] = [_masked(variable) for variable in shown["env"]]
    for line in block({"exec": shown}).splitlines():
        words = line.lstrip()
        yield " " * (len(line) - len(words)) + sanitize(_USERINFO.sub("://***@", words), limit=400)


def _holds_secret(stanza: Mapping[str, Any]) -> bool:
    return "***" in "".join(_lines([*stanza], stanza))


def _hidden(word: str) -> str:
    """Return an argument with the secrets in its pairs hidden, such as those of --oidc-auth-request-extra-params."""
    flag, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    return flag + equals + _SECRET_PAIR.sub(r"\1=***", value)


def _masked(variable: object) -> object:
    if isinstance(variable, dict) and _SECRET_VARIABLE.search(str(variable.get("name", ""))):
        return {**variable, "value": "***"}
    return variable
