"""What the API server makes of the token: whether it takes it, and why it may not (it never says)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_oidc.cluster import ClusterClient, cluster_of
from kubectl_oidc.deadline import Deadline
from kubectl_oidc.errors import ClusterNotFound, ClusterUnauthorized
from kubectl_oidc.issuer import shown
from kubectl_oidc.text import plain, quoted

from . import Finding, Severity
from .examination import Skipped
from .facts import findings
from .session import known

if TYPE_CHECKING:
    from kubectl_oidc.cluster import Identity

    from .claims import Facts
    from .examination import Examination, Seen

SECONDS = 6.0
"""The longest time for one question."""

_SUSPECT = frozenset({"claims-algorithm", "claims-audience", "claims-issuer"})
"""What works at some clusters and not at others."""

_EKS = ".eks.amazonaws.com"
EVERYBODY = ("system:authenticated", "system:unauthenticated")
"""Groups that kube-apiserver adds by itself."""


def check_cluster(examination: Examination) -> Seen:
    """The kubeconfig's cluster entry can be used."""
    entry = examination.chosen.cluster
    if entry is None:
        context = examination.chosen.context
        if context is None:
            yield Finding(
                Severity.WARNING,
                "no context is chosen, so there is no API server to ask",
                "name one with --context",
                "cluster-entry",
            )
        else:
            name = plain(context.value.get("cluster") or "none", limit=120)
            yield Finding(
                Severity.PROBLEM,
                f"the context {plain(context.name)} names the cluster {name}, which is not in the kubeconfig",
                "`kubectl config get-clusters` lists them",
                "cluster-entry",
            )
        return
    cluster = cluster_of(entry)
    examination.cluster = cluster
    if cluster.tls.insecure:
        yield Finding(
            Severity.WARNING,
            f"the certificate of {shown(cluster.server)} is not checked (insecure-skip-tls-verify): "
            "anybody in between gets your token",
            "name the cluster's authority in the kubeconfig (certificate-authority-data)",
            "cluster-entry",
        )
        return
    yield shown(cluster.server)


def check_api_server(examination: Examination) -> Seen:
    """The API server takes the token, and says who that makes us (SelfSubjectReview)."""
    if examination.cluster is None or examination.outcome is None:
        yield Skipped("there is no API server to ask")
        return
    examination.client = ClusterClient(
        examination.cluster, examination.outcome.token, log=examination.world.log, request_timeout=SECONDS
    )
    try:
        identity = examination.client.who_am_i(Deadline.after(min(SECONDS, examination.deadline.left())))
    except ClusterNotFound:
        yield Skipped("this Kubernetes cannot say who you are (1.28 and later can); see access")
        return
    except ClusterUnauthorized as error:
        cause, hint = _cause(examination)
        yield Finding(Severity.PROBLEM, f"{error.message}: {cause}", hint, "unauthorized")
        return
    examination.identity = identity
    examination.facts = _as_it_reads(known(examination), identity)
    groups = [group for group in identity.groups if group not in EVERYBODY]
    words = plain(", ".join(groups), limit=200) or "none"
    yield f"it knows you as {plain(identity.username, limit=160)}; groups: {words}"


def _cause(examination: Examination) -> tuple[str, str]:
    """Return why the token is most likely not accepted, and what to do, as far as that can be seen from here."""
    request, facts = examination.request, known(examination)
    for finding in findings(request, facts):
        if finding.severity is Severity.PROBLEM or finding.topic in _SUSPECT:
            return f"most likely because {finding.message}", finding.hint
    for other in examination.neighbours:
        if (other.issuer, other.client_id) != (request.issuer, request.client_id):
            theirs = f"{plain(other.issuer)}, {plain(other.client_id)}"
            return (
                f"the context {plain(other.context)} of the same cluster uses another issuer or client ({theirs})",
                "use that context, or give this user the same --oidc-issuer-url and --oidc-client-id",
            )
    issuer, audience = quoted(facts.claims.get("iss")), quoted(facts.claims.get("aud"))
    what = "nothing in the token speaks against it, so the cluster most likely expects another issuer or client ID"
    return (
        f"{what}: this token has iss {issuer}, aud {audience}",
        _where_to_look(examination),
    )


def _where_to_look(examination: Examination) -> str:
    server = examination.cluster.server if examination.cluster else ""
    if _EKS in server:
        return (
            "at EKS the association must be active, which takes 5 to 10 minutes, and have the same issuer URL and client ID: "
            "`aws eks describe-identity-provider-config`"
        )
    return (
        "compare them, byte for byte, with the cluster's --oidc-issuer-url and --oidc-client-id, or with issuer.url and "
        "issuer.audiences of its AuthenticationConfiguration; its log says more"
    )


def _as_it_reads(facts: Facts, identity: Identity) -> Facts:
    """Return the facts with the claims that this API server takes as user name and groups, as its answer shows."""
    username, groups = facts.username_claim, facts.groups_claim
    if not _comes_from(facts.claims.get(username), identity.username):
        username = next(
            (name for name, value in facts.claims.items() if _comes_from(value, identity.username)), username
        )
    if not facts.claims.get(groups):
        groups = next(
            (name for name, value in facts.claims.items() if _are_groups(value, identity.groups)), groups
        )
    return replace(facts, username_claim=username, groups_claim=groups)


def _comes_from(value: object, name: str) -> bool:
    """Tell whether a name is a claim's value, with whatever prefix the cluster puts before it."""
    return isinstance(value, str) and bool(value) and name.endswith(value)


def _are_groups(value: object, groups: tuple[str, ...]) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(any(_comes_from(item, group) for group in groups) for item in value)
    )
