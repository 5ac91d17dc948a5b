"""What the API server makes of the token: whether it accepts it, and who that makes the person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import ClusterError, ClusterNotFound, ClusterUnauthorized
from kubectl_oidc.kube_api import ClusterClient, cluster_of
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import shown

from . import Finding, Severity
from .clocks import skew
from .reading import as_it_reads, differences, own_groups
from .run import Skipped
from .session import known
from .unauthorized import cause

if TYPE_CHECKING:
    from kubectl_oidc.kube_api import Identity

    from .run import DoctorRun, Observations

SECONDS = 6.0
"""The longest time for one question."""


def check_cluster(examination: DoctorRun) -> Observations:
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
            name = sanitize(context.value.get("cluster") or "none", limit=120)
            yield Finding(
                Severity.PROBLEM,
                f"the context {sanitize(context.name)} names the cluster {name}, which is not in the kubeconfig",
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


def check_api_server(examination: DoctorRun) -> Observations:
    """The API server takes the token, and says who that makes us (SelfSubjectReview)."""
    if examination.cluster is None or examination.outcome is None:
        yield Skipped("there is no API server to ask")
        return
    examination.client = ClusterClient(
        examination.cluster, examination.outcome.token, log=examination.system.log, request_timeout=SECONDS
    )
    try:
        identity = examination.client.who_am_i(Deadline.after(min(SECONDS, examination.deadline.left())))
    except ClusterNotFound:
        yield Skipped("this Kubernetes cannot say who you are (1.28 and later can); see access")
        return
    except ClusterUnauthorized as error:
        likely, hint = cause(examination)
        yield Finding(Severity.PROBLEM, f"{error.message}: {likely}", hint, "unauthorized")
        return
    examination.identity = identity
    yield from _who(examination, identity)
    wrong = skew(examination)
    if wrong:
        yield Finding(
            Severity.WARNING,
            f"{wrong}: tokens begin and end at other times there",
            "set the clock (`timedatectl`, `chronyc tracking`), or tell who runs the cluster",
            "clock",
        )


def _who(examination: DoctorRun, identity: Identity) -> Observations:
    """Return who the cluster sees, beside what the token says; a difference matters where kubectl is forbidden something."""
    facts = known(examination)
    examination.facts = as_it_reads(facts, identity)
    groups = sanitize(", ".join(own_groups(identity)), limit=200) or "none"
    words = f"it knows you as {sanitize(identity.username, limit=160)}; groups: {groups}"
    different = differences(facts, identity)
    if different:
        words = f"{words}; {'; '.join(different)}"
    if not different or _allowed(examination) is not False:
        yield words
        return
    yield Finding(Severity.WARNING, words, _agree(examination, identity), "forbidden")


def _agree(examination: DoctorRun, identity: Identity) -> str:
    names = ", ".join([identity.username, *own_groups(identity)[:3]])
    bindings = f"role bindings must name you as the cluster does: {sanitize(names, limit=200)}"
    facts = known(examination)
    if own_groups(identity) or not facts.groups:
        return bindings
    claim = sanitize(facts.groups_claim)
    return (
        f"the cluster must read the claim {claim}: --oidc-groups-claim={claim}, claimMappings.groups of its "
        f"AuthenticationConfiguration, or groupsClaim at EKS; until then {bindings}"
    )


def may_list_pods(examination: DoctorRun) -> bool:
    """Return whether RBAC, or whatever authorizes there, lets the person do what ``kubectl get pods`` does.

    Raises:
        ClusterError: The API server does not say.
    """
    if examination.client is None:
        raise LookupError("the API server comes first")
    if examination.allowed is None:
        deadline = Deadline.after(min(SECONDS, examination.deadline.left()))
        access = examination.client.may("list", "pods", deadline, namespace=examination.namespace)
        examination.allowed = access.allowed
    return examination.allowed


def _allowed(examination: DoctorRun) -> bool | None:
    try:
        return may_list_pods(examination)
    except ClusterError:
        return None  # the check of access says why
