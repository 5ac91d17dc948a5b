"""What the person may do in the context's namespace (authorization.k8s.io), and what to do if that is not enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import ClusterError
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.text import sanitize

from . import Finding, Severity
from .api_server import SECONDS, may_list_pods
from .reading import own_groups
from .run import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubectl_oidc.kube_api import ClusterClient, Rule

    from .run import DoctorRun, Observations

# Everybody who is signed in may ask about themselves (system:basic-user).
_ABOUT_ONESELF = frozenset({"authentication.k8s.io", "authorization.k8s.io"})
_BROWSER = frozenset({"auto", "authcode", "authcode-keyboard"})
_MOST = 8  # groups that are named
_MOST_NAMESPACES = 5  # that are asked about


def check_access(examination: DoctorRun) -> Observations:
    """``kubectl get pods`` is allowed in the context's namespace (SelfSubjectAccessReview, SelfSubjectRulesReview)."""
    client, namespace = examination.client, examination.namespace
    if client is None:
        yield Skipped("there is no API server to ask")
        return
    where = f"in the namespace {sanitize(namespace, limit=80)}"
    if may_list_pods(examination):
        yield f"you may list pods {where}"
        return
    rules = client.rules(namespace, soon(examination))
    allowed = [rule for rule in rules.rules if _says_something(rule)]
    who = f"you are known as {sanitize(_name(examination), limit=120)}, and may"
    if allowed:
        message = f"{who} not list pods {where}: kubectl says Forbidden; you may {_words(allowed[0])}"
    elif rules.incomplete:
        message = f"{who} not list pods {where}: kubectl says Forbidden; the API server cannot list what else you may"
    else:
        message = f"{who} do nothing {where}: kubectl says Forbidden"
    yield Finding(Severity.PROBLEM, message, "; ".join(_ways_out(examination, client)), "forbidden")


def _ways_out(examination: DoctorRun, client: ClusterClient) -> Iterator[str]:
    """Return what may help, the likeliest first."""
    namespace = _where_allowed(examination, client)
    if namespace:
        name = sanitize(namespace, limit=80)
        yield f"in the namespace {name} you may list pods: `kubectl config set-context --current --namespace={name}`"
        return
    yield _bind(examination)
    yield from _another_account(examination)


def _where_allowed(examination: DoctorRun, client: ClusterClient) -> str:
    """Return a namespace of the kubeconfig's other contexts, or ``default``, where pods may be listed; empty if none."""
    others = dict.fromkeys((*examination.namespaces, "default"))
    for namespace in [name for name in others if name != examination.namespace][:_MOST_NAMESPACES]:
        try:
            if client.may("list", "pods", soon(examination), namespace=namespace).allowed:
                return namespace
        except ClusterError as error:
            examination.system.log.info(1, error.message)
    return ""


def _another_account(examination: DoctorRun) -> Iterator[str]:
    """Return how to use another account of the person's, with those that are signed in here already."""
    request = examination.request
    person = examination.outcome.session.person if examination.outcome else ""
    for entry in index.read_all(request.cache_dir):
        other = entry.person and entry.storage and entry.person != person
        if other and (entry.issuer, entry.client_id) == (request.issuer, request.client_id):
            named = f" (--session={sanitize(entry.name, limit=80)})" if entry.name else ""
            yield f"another session here is of {sanitize(entry.person, limit=120)}{named}"
            break
    if request.grant in _BROWSER:
        yield f"if another account of yours has the role, `{examination.login} --prompt=select_account` changes to it"
    elif request.grant != "client-credentials":
        yield f"if another account of yours has the role, `kubectl oidc-login logout`, then `{examination.login}`, changes to it"


def soon(examination: DoctorRun) -> Deadline:
    """Return the deadline of one question."""
    return Deadline.after(min(SECONDS, examination.deadline.left()))


def _says_something(rule: Rule) -> bool:
    return bool(rule.resources) and not set(rule.groups) <= _ABOUT_ONESELF


def _words(rule: Rule) -> str:
    resources = ", ".join(rule.resources[:3]).replace("*", "everything")
    return sanitize(f"{', '.join(rule.verbs[:3])} {resources}".replace("*", "do everything with"), limit=120)


def _name(examination: DoctorRun) -> str:
    if examination.identity:
        return examination.identity.username
    return examination.outcome.session.person if examination.outcome else "somebody"


def _bind(examination: DoctorRun) -> str:
    groups = own_groups(examination.identity)
    if groups:
        return (
            f"an administrator binds a role that allows it to one of your groups ({listed(groups)}), "
            "or puts you into a group that has one; then sign in again"
        )
    name = sanitize(_name(examination), limit=120)
    return f"the API server sees no groups of yours: an administrator binds a role to {name}, or see api-server and claims"


def listed(groups: Sequence[str]) -> str:
    """Return names in words, the first few of many."""
    more = f" and {len(groups) - _MOST} more" if len(groups) > _MOST else ""
    return sanitize(", ".join(groups[:_MOST]), limit=300) + more
