"""Select the kubeconfig user that a command is about: the one that is named, or the context's."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .read import Entry, Kubeconfig

_MOST = 3  # names that are suggested


@dataclass(frozen=True, slots=True)
class KubeconfigSelection:
    """The selected context, user and cluster; each is None if there is none."""

    context: Entry | None
    user: Entry | None
    cluster: Entry | None


def select_user(kubeconfig: Kubeconfig, *, context: str | None, user: str | None) -> KubeconfigSelection:
    """Return the named user or the context's, with the context and its cluster.

    Args:
        context: A context's name; the current context by default.
        user: A user's name; it overrides the context's user.

    Raises:
        KubeconfigError: There is no such context or user. The hint has the most similar names.
    """
    name = context or kubeconfig.current_context
    found = kubeconfig.contexts.get(name)
    if context and found is None:
        raise _with_missing_files(
            unknown_name("context", context, kubeconfig.contexts, "get-contexts"), kubeconfig
        )
    if user and user not in kubeconfig.users:
        raise _with_missing_files(unknown_name("user", user, kubeconfig.users, "get-users"), kubeconfig)
    who = user or (str(found.value.get("user") or "") if found else "")
    return KubeconfigSelection(
        found, kubeconfig.users.get(who), kubeconfig.clusters.get(kubeconfig.context_cluster(name))
    )


def _with_missing_files(error: KubeconfigError, kubeconfig: Kubeconfig) -> KubeconfigError:
    """Add the missing files to the error's hint: the name may be in one of them."""
    gone = kubeconfig.missing_files() if kubeconfig.named_by else ""
    if gone:
        error.hint = f"{gone}; {error.hint}"
    return error


def unknown_name(kind: str, name: str, known: Iterable[str], command: str) -> KubeconfigError:
    """Return the error for a name that the kubeconfig does not have, with the most similar names. ``kubectl config COMMAND`` lists all."""
    lists = f"run `kubectl config {command}` to list them"
    near = nearest(name, known)
    return KubeconfigError(
        f"the kubeconfig has no {kind} {sanitize(name)}", f"did you mean {near}? {lists}" if near else lists
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known names that are most similar to `name`, joined by "or"; empty if none is similar."""
    by_case = {one.casefold(): one for one in known}
    inside = [one for folded, one in by_case.items() if name and name.casefold() in folded]
    close = [by_case[folded] for folded in get_close_matches(name.casefold(), by_case, _MOST)]
    return " or ".join(sanitize(one, limit=100) for one in dict.fromkeys((*close, *inside[:_MOST])))
