"""Which user of the kubeconfig a command is about: the one that is named, or the context's."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .read import Entry, Kubeconfig

_MOST = 3  # names that are proposed


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen; each is None where there is none.

    Attributes:
        context: The context.
        user: The user.
        cluster: The context's cluster.
    """

    context: Entry | None
    user: Entry | None
    cluster: Entry | None


def choose(kubeconfig: Kubeconfig, *, context: str | None, user: str | None) -> Chosen:
    """Return the user that is named or the context's, and the cluster of the context.

    Args:
        kubeconfig: What the files say.
        context: The context, the current one by default.
        user: The user's name, which goes before the context's.

    Raises:
        KubeconfigError: There is no such context or user; the nearest ones are named.
    """
    name = context or kubeconfig.current_context
    found = kubeconfig.contexts.get(name)
    if context and found is None:
        raise _with_gone(unknown("context", context, kubeconfig.contexts, "get-contexts"), kubeconfig)
    if user and user not in kubeconfig.users:
        raise _with_gone(unknown("user", user, kubeconfig.users, "get-users"), kubeconfig)
    who = user or (str(found.value.get("user") or "") if found else "")
    return Chosen(found, kubeconfig.users.get(who), kubeconfig.clusters.get(kubeconfig.context_cluster(name)))


def _with_gone(error: KubeconfigError, kubeconfig: Kubeconfig) -> KubeconfigError:
    """Return the error with the files in its hint that are named and do not exist: the name may be in one of them."""
    gone = kubeconfig.gone() if kubeconfig.named_by else ""
    if gone:
        error.hint = f"{gone}; {error.hint}"
    return error


def unknown(kind: str, name: str, known: Iterable[str], command: str) -> KubeconfigError:
    """Return the error of a name that the kubeconfig does not have, with those that are most like it.

    Args:
        kind: What has the name: ``context`` or ``user``.
        name: What was given.
        known: What there is.
        command: What lists them, as in ``kubectl config get-users``.
    """
    lists = f"`kubectl config {command}` lists them"
    near = nearest(name, known)
    return KubeconfigError(
        f"the kubeconfig has no {kind} {sanitize(name)}", f"did you mean {near}? {lists}" if near else lists
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known names that are most like one that is not known, in words; empty where none is.

    Args:
        name: What was given.
        known: What there is.
    """
    by_case = {one.casefold(): one for one in known}
    inside = [one for folded, one in by_case.items() if name and name.casefold() in folded]
    close = [by_case[folded] for folded in get_close_matches(name.casefold(), by_case, _MOST)]
    return " or ".join(sanitize(one, limit=100) for one in dict.fromkeys((*close, *inside[:_MOST])))
