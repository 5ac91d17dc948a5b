"""Rewrite users with kubelogin's exec section so that kubectl starts this program directly.

The arguments stay, so the session stays the same. The second kubectl (``command: kubectl``) and an old ``apiVersion`` are
replaced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.text import sanitize

from .edit_text import set_user
from .exec_difference import exec_difference, holds_secret
from .exec_stanza import API_VERSION, Stanza, is_oidc_login_exec, starts_this_program
from .file_checks import readable_by_others
from .parse import parse_kubeconfig
from .read import kubeconfig_paths, read_text
from .rewrite import changed_meanwhile, rewrite
from .select import unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Conversion:
    """One user that is rewritten.

    Attributes:
        difference: A unified diff of its exec section, without secrets.
    """

    name: str
    difference: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What changes in one file.

    Attributes:
        direct: Names of users that already start this program directly.
        others: Names of users that sign in in another way; they do not change.
    """

    path: Path
    before: str
    after: str
    conversions: tuple[Conversion, ...]
    direct: tuple[str, ...]
    others: tuple[str, ...]


def plan_conversion(
    explicit: str | None, environ: Mapping[str, str], names: Sequence[str], install_hint: str = ""
) -> list[Plan]:
    """Return the plan for each existing kubeconfig file.

    Args:
        names: The users to rewrite; empty for all.

    Raises:
        KubeconfigError: A file cannot be read or parsed, no file exists, or there is no such user.
    """
    files = kubeconfig_paths(explicit, environ)
    texts = [(path, text) for path in files if (text := read_text(path)) is not None]
    if not texts:
        raise KubeconfigError(
            f"there is no kubeconfig {sanitize(files[0])}", "give one with --kubeconfig or KUBECONFIG"
        )
    plans = [plan_file(path, text, names, install_hint) for path, text in texts]
    found = _user_names(plans)
    missing = next((name for name in names if name not in found), None)
    if missing is not None:
        raise unknown_name(
            "user", missing, _user_names(plan_file(path, text, (), "") for path, text in texts), "get-users"
        )
    return plans


def write_plan(one: Plan, names: Sequence[str], install_hint: str = "") -> Path:
    """Write a file as planned, with the same arguments: locked as kubectl locks it, backed up, replaced in one step. Return the backup.

    Raises:
        KubeconfigError: Nothing was written.
    """

    def planned(text: str) -> str:
        if plan_file(one.path, text, names, install_hint) != one:
            raise changed_meanwhile(one.path)
        return one.after

    return rewrite(one.path, planned)


def secret_warning(one: Plan) -> tuple[str, str] | None:
    """Return a warning if others can read a written file with a secret, and the command that changes it; else None."""
    if not any(conversion.secret for conversion in one.conversions):
        return None
    return readable_by_others(one.path, one.path.stat(), "secret")


def plan_file(path: Path, text: str, names: Sequence[str], install_hint: str = "") -> Plan:
    """Return what to change in one kubeconfig; ``names`` are the users to convert, all if empty."""
    after, conversions, direct, others = text, [], [], []
    for item in parse_kubeconfig(text, sanitize(path)).get("users") or []:
        name, user = item.get("name"), item.get("user")
        if not isinstance(name, str) or (names and name not in names):
            continue
        old = user.get("exec") if isinstance(user, dict) else None
        if not isinstance(old, dict) or not is_oidc_login_exec(old):
            others.append(name)
            continue
        new = direct_exec(old, install_hint)
        if new == old:
            direct.append(name)
            continue
        after = set_user(after, name, {**user, "exec": new}, sanitize(path))
        conversions.append(Conversion(name, exec_difference(path, name, old, new), holds_secret(new)))
    return Plan(path, text, after, tuple(conversions), tuple(direct), tuple(others))


def _user_names(plans: Iterable[Plan]) -> set[str]:
    return {name for one in plans for name in (*one.direct, *one.others, *(c.name for c in one.conversions))}


def direct_exec(old: Mapping[str, Any], install_hint: str = "") -> dict[str, Any]:
    """Return an exec section that starts this program directly, with the same arguments, variables and cluster information."""
    ours = Stanza(args=(), install_hint=install_hint).exec_mapping()
    if old.get("interactiveMode") == "Always":  # which fails in programs without a terminal
        old = {**old, "interactiveMode": ours["interactiveMode"]}
    if starts_this_program(old) and old.get("apiVersion") == API_VERSION:
        # Somebody chose its path and its installHint: keep them.
        return {**old, "installHint": install_hint} if install_hint else dict(old)
    words = [str(word) for word in old.get("args") or []]
    kept = {key: old[key] for key in ("interactiveMode", "provideClusterInfo") if old.get(key) is not None}
    command = {"command": old["command"]} if starts_this_program(old) else {}
    args = words[1:] if words[:1] == ["oidc-login"] else words
    return {**old, **ours, **kept, **command, "args": args}
