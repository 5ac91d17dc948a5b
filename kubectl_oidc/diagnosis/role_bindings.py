"""The ``bindings`` check: which role bindings name the user or almost do, if they may be read (rbac.authorization.k8s.io)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kubectl_oidc.errors import ClusterError, ClusterForbidden, ClusterNotFound
from kubectl_oidc.text import sanitize

from . import Finding, warning
from .access import listed
from .claim_mapping import own_groups
from .run import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubectl_oidc.kube_api.client import ClusterClient
    from kubectl_oidc.kube_api.responses import Identity, RoleBinding, Subject

    from .run import DoctorRun, Observations

_MOST = 3  # bindings that are shown
_SEPARATORS = ":#/|"  # how prefixes of user names end


def check_bindings(run: DoctorRun) -> Observations:
    """Check that a role binding in the context's namespace names the user or a group, with a sufficient role."""
    client, identity = run.client, run.identity
    if client is None or identity is None:
        yield Skipped(
            "there is no API server to ask" if client is None else "the API server did not say who you are"
        )
        return
    readable, bindings = _readable_bindings(client, run)
    if not readable:
        yield Skipped(
            "you may not read role bindings. An administrator can run `kubectl get rolebindings,clusterrolebindings -A -o wide`"
        )
        return
    own = {("Group", group) for group in own_groups(identity)} | {("User", identity.username)}
    named = [(binding, subject) for binding in bindings for subject in binding.subjects]
    mine = [(binding, subject) for binding, subject in named if (subject.kind, subject.name) in own]
    here = [(binding, subject) for binding, subject in mine if binding.namespace in {"", run.namespace}]
    if here and run.allowed is False:
        yield from _insufficient_roles(client, run, here)
    elif here:
        yield _grants(*here[0])
    elif run.allowed:
        yield "no binding that you may read names you or your groups: something else allows it"
    elif mine:
        yield _bound_in_another_namespace(run, *mine[0])
    else:
        yield _not_bound(run, identity, named)


def _grants(binding: RoleBinding, subject: Subject) -> str:
    return f"{sanitize(binding.name, limit=80)} gives {sanitize(binding.role, limit=80)} to {sanitize(subject.name, limit=80)}"


def _readable_bindings(client: ClusterClient, run: DoctorRun) -> tuple[bool, list[RoleBinding]]:
    """Return whether bindings may be read, and those read: of all namespaces, or else of the context's."""
    found: list[RoleBinding] = []
    readable = False
    of_the_namespace = partial(client.role_bindings, run.namespace)
    for asks in ((client.cluster_role_bindings,), (client.all_role_bindings, of_the_namespace)):
        for ask in asks:
            try:
                found += ask(run.request_deadline())
                readable = True
                break
            except ClusterForbidden:
                continue
            except ClusterError as error:
                run.system.log.info(1, "cluster-request-failed", error.message)
    return readable, found


def _insufficient_roles(
    client: ClusterClient, run: DoctorRun, here: Sequence[tuple[RoleBinding, Subject]]
) -> Iterator[str | Finding]:
    """Yield what is wrong with each role that the user has: it does not exist, or does not allow ``kubectl get pods``."""
    for binding, subject in here[:_MOST]:
        role = sanitize(binding.role, limit=80)
        allows = ""
        try:
            rules = client.role_rules(binding, run.request_deadline())
        except ClusterNotFound:
            yield warning(
                f"{_grants(binding, subject)}, and there is no such {sanitize(binding.role_kind, limit=40)}",
                f"ask an administrator to create {role}, or to bind another role",
                "forbidden",
            )
            continue
        except ClusterError as error:
            run.system.log.info(1, "cluster-request-failed", error.message)
        else:
            if any(rule.allows("list", "pods") for rule in rules):
                yield f"{_grants(binding, subject)}, which allows it: another authorizer may forbid it"
                continue
            words = "; ".join(
                f"{', '.join(rule.verbs)} {', '.join(rule.resources)}"
                for rule in rules[:_MOST]
                if rule.resources
            )
            allows = f"; it allows {sanitize(words, limit=200)}" if words else "; it allows nothing"
        yield warning(
            f"{_grants(binding, subject)}, and that role does not allow to list pods{allows}",
            f"ask an administrator to add the verbs get, list and watch for pods to {role}, or to bind a role that has them, such as view",
            "forbidden",
        )


def _bound_in_another_namespace(run: DoctorRun, binding: RoleBinding, subject: Subject) -> Finding:
    where, here = sanitize(binding.namespace, limit=80), sanitize(run.namespace, limit=80)
    return warning(
        f"{_grants(binding, subject)} in the namespace {where} only, and the context's namespace is {here}",
        f"`kubectl config set-context --current --namespace={where}`, or ask an administrator to bind a role in {here}",
        "forbidden",
    )


def _not_bound(run: DoctorRun, identity: Identity, named: Sequence[tuple[RoleBinding, Subject]]) -> Finding:
    own = own_groups(identity)
    others = [(binding, subject) for binding, subject in named if not subject.name.startswith("system:")]
    groups, users = (
        sorted({subject.name for _, subject in others if subject.kind == kind}) for kind in ("Group", "User")
    )
    message = (
        f"no role binding names you or your groups: you are {sanitize(identity.username, limit=120)}, "
        f"you are in {listed(own) or 'no group'}, and bindings name {listed(groups) or 'no group'}"
        + (f" and the users {listed(users)}" if users else "")
    )
    hints = (_near_miss(run, identity, binding, subject) for binding, subject in others)
    hint = next(
        filter(None, hints),
        "ask an administrator to bind a role to one of them, or to add you to a group that has one; then sign in again",
    )
    return warning(message, hint, "forbidden")


def _near_miss(run: DoctorRun, identity: Identity, binding: RoleBinding, subject: Subject) -> str:
    """Return what to do about a binding that almost names the user; empty if the names are not similar.

    The names differ in case, path or prefix, or the binding names another kind or another claim of the token.
    """
    groups, facts = own_groups(identity), run.facts
    name, which = subject.name, f"the binding {sanitize(binding.name, limit=80)}"
    shown = sanitize(name, limit=120)
    if name in (*groups, identity.username):  # of the other kind, because an exact match was found before
        kinds = ("Group", "User") if name in groups else ("User", "Group")
        return f"{which} names {shown} as a {kinds[1]}, and the cluster sees it as a {kinds[0]}"
    if subject.kind == "Group" and facts and not groups and name in facts.groups:
        return f"{which} names {shown}, which is in your token, and the cluster reads no groups from it: see api-server"
    own = ""
    if subject.kind == "Group":
        own = next((group for group in groups if _bare_group(group) == _bare_group(name)), "")
    elif subject.kind == "User":
        claims = facts.claims if facts else {}
        of_claim = name in [claims.get(claim) for claim in ("sub", "email", "preferred_username", "upn")]
        own = identity.username if of_claim or _is_near_miss(identity.username, name) else ""
    if not own:
        return ""
    mine = sanitize(own, limit=120)
    return (
        f"{mine} and {shown} are not the same to RBAC: let {which} name {mine}, or change what the cluster takes as "
        "user name, groups and prefix"
    )


def _bare_group(group: str) -> str:
    """Return a group's name in lower case, without prefix (``oidc:``) and path (``/team/``)."""
    return group.rpartition(":")[2].rpartition("/")[2].casefold()


def _is_near_miss(own: str, other: str) -> bool:
    """Return whether two user names differ only in case or in a prefix."""
    shorter, longer = sorted((own.casefold(), other.casefold()), key=len)
    prefix = longer.removesuffix(shorter)
    return bool(shorter) and (not prefix or (prefix != longer and prefix[-1] in _SEPARATORS))
