"""The ``access`` check: whether the user may list pods in the context's namespace, and what helps if not (authorization.k8s.io)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.authentication.request import UNATTENDED
from kubectl_oidc.errors import ClusterError
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.text import sanitize

from . import problem
from .api_server import may_list_pods
from .claim_mapping import own_groups
from .client_registration import BROWSER_GRANTS
from .run import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubectl_oidc.kube_api.client import ClusterClient
    from kubectl_oidc.kube_api.responses import Rule

    from .run import DoctorRun, Observation

# Every signed-in user may ask about themselves (system:basic-user).
_ABOUT_ONESELF = frozenset({"authentication.k8s.io", "authorization.k8s.io"})
_MOST = 8  # groups that are named
_MOST_NAMESPACES = 5  # other namespaces that are tried


def check_access(run: DoctorRun) -> Observation:
    """Check that ``kubectl get pods`` is allowed in the namespace (SelfSubjectAccessReview, SelfSubjectRulesReview)."""
    client, namespace = run.client, run.namespace
    if client is None:
        return Skipped("there is no API server to ask")
    where = f"in the namespace {sanitize(namespace, limit=80)}"
    if may_list_pods(run):
        return f"you may list pods {where}"
    rules = client.rules(namespace, run.request_deadline())
    allowed = [one for one in rules.rules if one.resources and not set(one.groups) <= _ABOUT_ONESELF]
    who = f"you are known as {sanitize(_username(run), limit=120)}, and may"
    if allowed:
        message = f"{who} not list pods {where}: kubectl says Forbidden; you may {_rule_text(allowed[0])}"
    elif rules.incomplete:
        message = f"{who} not list pods {where}: kubectl says Forbidden; the API server cannot list what else you may"
    else:
        message = f"{who} do nothing {where}: kubectl says Forbidden"
    return problem(message, "; ".join(_remedies(run, client)), "forbidden")


def _remedies(run: DoctorRun, client: ClusterClient) -> Iterator[str]:
    """Yield what may help, the most likely first."""
    namespace = _allowed_namespace(run, client)
    if namespace:
        name = sanitize(namespace, limit=80)
        yield f"in the namespace {name} you may list pods: `kubectl config set-context --current --namespace={name}`"
        return
    yield _ask_for_a_role(run)
    yield from _another_account(run)


def _allowed_namespace(run: DoctorRun, client: ClusterClient) -> str:
    """Return a namespace of the other contexts, or ``default``, in which pods may be listed; empty if there is none."""
    others = dict.fromkeys((*run.namespaces, "default"))
    for namespace in [name for name in others if name != run.namespace][:_MOST_NAMESPACES]:
        try:
            if client.may("list", "pods", run.request_deadline(), namespace=namespace).allowed:
                return namespace
        except ClusterError as error:
            run.system.log.info(1, "cluster-request-failed", error.message)
    return ""


def _another_account(run: DoctorRun) -> Iterator[str]:
    """Yield how to use another account, and one that is already signed in here."""
    request = run.request
    person = run.outcome.session.person if run.outcome else ""
    for entry in index.read_entries(request.storage.cache_dir):
        other = entry.person and entry.storage and entry.person != person
        if other and (entry.issuer, entry.client_id) == (request.issuer, request.client_id):
            named = f" (--session={sanitize(entry.name, limit=80)})" if entry.name else ""
            yield f"another session belongs to {sanitize(entry.person, limit=120)}{named}"
            break
    if request.grant in BROWSER_GRANTS:
        yield f"if another of your accounts has the role, run `{run.login} --prompt=select_account`"
    elif request.grant not in UNATTENDED:
        yield f"if another of your accounts has the role, run `kubectl oidc-login logout`, then `{run.login}`"


def _rule_text(rule: Rule) -> str:
    resources = ", ".join(rule.resources[:3]).replace("*", "everything")
    return sanitize(f"{', '.join(rule.verbs[:3])} {resources}".replace("*", "do everything with"), limit=120)


def _username(run: DoctorRun) -> str:
    if run.identity:
        return run.identity.username
    return run.outcome.session.person if run.outcome else "somebody"


def _ask_for_a_role(run: DoctorRun) -> str:
    groups = own_groups(run.identity)
    if groups:
        return f"ask an administrator to bind a role that allows it to one of your groups ({listed(groups)}), or to add you to a group that has one; then sign in again"
    name = sanitize(_username(run), limit=120)
    return f"the API server sees none of your groups: ask an administrator to bind a role to {name}, or see api-server and claims"


def listed(groups: Sequence[str]) -> str:
    """Return the names as a list in a sentence, only the first `_MOST` of many."""
    more = f" and {len(groups) - _MOST} more" if len(groups) > _MOST else ""
    return sanitize(", ".join(groups[:_MOST]), limit=300) + more
