"""What RBAC allows, and whether a role is bound to any of the person's groups (rbac.authorization.k8s.io)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kubectl_oidc.deadline import Deadline
from kubectl_oidc.errors import ClusterError, ClusterForbidden
from kubectl_oidc.text import plain

from . import Finding, Severity
from .api_server import EVERYBODY, SECONDS
from .examination import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubectl_oidc.cluster import ClusterClient, RoleBinding, Rule

    from .examination import Examination, Seen

# Everybody who is signed in may ask about themselves (system:basic-user).
_ABOUT_ONESELF = frozenset({"authentication.k8s.io", "authorization.k8s.io"})
_MOST = 8  # groups that are named


def check_access(examination: Examination) -> Seen:
    """RBAC allows something in the context's namespace (SelfSubjectAccessReview, SelfSubjectRulesReview)."""
    client, namespace = examination.client, examination.namespace
    if client is None:
        yield Skipped("there is no API server to ask")
        return
    where = f"in the namespace {plain(namespace, limit=80)}"
    if client.may("list", "pods", _soon(examination), namespace=namespace).allowed:
        yield f"you may list pods {where}"
        return
    rules = client.rules(namespace, _soon(examination))
    allowed = [rule for rule in rules.rules if _says_something(rule)]
    look = f"`kubectl auth can-i --list --namespace={plain(namespace, limit=80)}` shows all of it"
    if allowed:
        yield Finding(
            Severity.WARNING,
            f"you may not list pods {where}, but you may {_words(allowed[0])}",
            f"{look}; another namespace is chosen with `kubectl config set-context --current --namespace=NAME`",
            "forbidden",
        )
    elif rules.incomplete:
        yield Finding(
            Severity.WARNING,
            f"you may not list pods {where}, and the API server cannot list what else you may",
            "ask for single things: `kubectl auth can-i VERB RESOURCE`",
            "forbidden",
        )
    else:
        yield Finding(
            Severity.PROBLEM,
            f"you are known, and may do nothing {where}: kubectl says Forbidden",
            _bind(examination),
            "forbidden",
        )


def _soon(examination: Examination) -> Deadline:
    return Deadline.after(min(SECONDS, examination.deadline.left()))


def _says_something(rule: Rule) -> bool:
    return bool(rule.resources) and not set(rule.groups) <= _ABOUT_ONESELF


def _words(rule: Rule) -> str:
    resources = ", ".join(rule.resources[:3]).replace("*", "everything")
    return plain(f"{', '.join(rule.verbs[:3])} {resources}".replace("*", "do everything with"), limit=120)


def _own_groups(examination: Examination) -> list[str]:
    identity = examination.identity
    return [group for group in (identity.groups if identity else ()) if group not in EVERYBODY]


def _bind(examination: Examination) -> str:
    groups = _own_groups(examination)
    if groups:
        return (
            f"an administrator binds a role to one of your groups ({_listed(groups)}), "
            "or puts you into a group that has one; then sign in again"
        )
    name = examination.identity.username if examination.identity else "your user name"
    return f"the API server sees no groups of yours: an administrator binds a role to {plain(name, limit=120)}, or see claims"


def check_bindings(examination: Examination) -> Seen:
    """A role binding names the person or one of the groups, with the same words; where bindings may be read."""
    client, identity = examination.client, examination.identity
    if client is None or identity is None:
        yield Skipped(
            "there is no API server to ask" if client is None else "the API server did not say who you are"
        )
        return
    readable, bindings = _read(client, examination)
    if not readable:
        yield Skipped(
            "you may not read role bindings; an administrator sees them: `kubectl get clusterrolebindings -o wide`"
        )
        return
    subjects = {("Group", group) for group in _own_groups(examination)} | {("User", identity.username)}
    for binding in bindings:
        for subject in binding.subjects:
            if (subject.kind, subject.name) in subjects:
                yield f"{plain(binding.name, limit=80)} gives {plain(binding.role, limit=80)} to {plain(subject.name, limit=80)}"
                return
    yield _none_bound(examination, bindings)


def _read(client: ClusterClient, examination: Examination) -> tuple[bool, list[RoleBinding]]:
    """Return whether bindings could be read, and those that could."""
    found: list[RoleBinding] = []
    readable = False
    for ask in (client.cluster_role_bindings, partial(client.role_bindings, examination.namespace)):
        try:
            found += ask(_soon(examination))
            readable = True
        except ClusterForbidden:
            continue
        except ClusterError as error:
            examination.world.log.info(1, error.message)
    return readable, found


def _none_bound(examination: Examination, bindings: Sequence[RoleBinding]) -> Finding:
    named = sorted(
        {group for binding in bindings for group in binding.groups() if not group.startswith("system:")}
    )
    own = _own_groups(examination)
    message = (
        f"no role binding names you or a group of yours: you are in {_listed(own) or 'no group'}, "
        f"and bindings name {_listed(named) or 'no group'}"
    )
    near = _almost(own, named)
    hint = (
        f"{plain(near[0])} and {plain(near[1])} are not the same to RBAC: let the binding, or the cluster's groups prefix, say it right"
        if near
        else _bind(examination)
    )
    return Finding(Severity.WARNING, message, hint, "forbidden")


def _almost(own: Iterable[str], named: Iterable[str]) -> tuple[str, str] | None:
    """Return a group of the person's and a bound one that differ in case, slashes or a prefix alone."""
    for group in own:
        for other in named:
            mine, theirs = _bare(group), _bare(other)
            if mine == theirs:
                return group, other
    return None


def _bare(group: str) -> str:
    """Return a group's name without prefix (``oidc:``), path (``/team/``) and case."""
    return group.rpartition(":")[2].rpartition("/")[2].casefold()


def _listed(groups: Sequence[str]) -> str:
    more = f" and {len(groups) - _MOST} more" if len(groups) > _MOST else ""
    return plain(", ".join(groups[:_MOST]), limit=300) + more
