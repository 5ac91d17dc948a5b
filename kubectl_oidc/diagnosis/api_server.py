"""The ``cluster`` and ``api-server`` checks: whether the API server accepts the token, and as which user (SelfSubjectReview)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import ClusterError, ClusterNotFound, ClusterUnauthorized
from kubectl_oidc.kube_api.client import ClusterClient
from kubectl_oidc.kube_api.cluster_entry import parse_cluster_entry
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import shown_url

from . import problem, warning
from .claim_mapping import as_the_cluster_reads, differences, own_groups
from .clocks import wrong_clock
from .run import REQUEST_SECONDS, Skipped
from .unauthorized import likely_cause

if TYPE_CHECKING:
    from kubectl_oidc.kube_api.responses import Identity

    from .run import DoctorRun, Observation, Observations


def check_cluster(run: DoctorRun) -> Observation:
    """Check that the kubeconfig's cluster entry can be used."""
    entry = run.chosen.cluster
    if entry is None:
        context = run.chosen.context
        if context is None:
            return warning(
                "the kubeconfig has no current context, so kubectl asks no cluster (it tries localhost:8080)",
                "run `kubectl config use-context NAME`; if there is no context, `kubectl oidc-login setup` writes one with --context, --server and --write-kubeconfig",
                "cluster-entry",
            )
        name = sanitize(context.value.get("cluster") or "none", limit=120)
        return problem(
            f"the context {sanitize(context.name)} names the cluster {name}, which is not in the kubeconfig",
            "run `kubectl config get-clusters` to list them",
            "cluster-entry",
        )
    cluster = parse_cluster_entry(entry)
    run.cluster = cluster
    if cluster.tls.insecure:
        return warning(
            f"the certificate of {shown_url(cluster.server)} is not checked (insecure-skip-tls-verify): anyone on the way can read your token",
            "set the cluster's authority in the kubeconfig (certificate-authority or certificate-authority-data)",
            "cluster-entry",
        )
    return shown_url(cluster.server)


def check_api_server(run: DoctorRun) -> Observations:
    """Check that the API server accepts the token, and ask it who the user is (SelfSubjectReview)."""
    if run.cluster is None or run.outcome is None:
        yield Skipped("there is no API server to ask")
        return
    run.client = ClusterClient(
        run.cluster, run.outcome.token, log=run.system.log, request_timeout=REQUEST_SECONDS
    )
    try:
        identity = run.client.who_am_i(run.request_deadline())
    except ClusterNotFound:
        yield Skipped("this Kubernetes cannot say who you are (1.28 and later can); see access")
        return
    except ClusterUnauthorized as error:
        likely, hint = likely_cause(run)
        yield problem(f"{error.message}: {likely}", hint, "unauthorized")
        return
    run.identity = identity
    yield from _identity_seen(run, identity)
    wrong = wrong_clock(run)
    if wrong:
        yield warning(
            f"{wrong}: tokens begin and end at other times there",
            "set the clock (`timedatectl`, `chronyc tracking`), or tell the cluster's administrator",
            "clock",
        )


def _identity_seen(run: DoctorRun, identity: Identity) -> Observations:
    """Yield the user that the cluster sees. A difference from the token is a warning if the user may not list pods."""
    facts = run.require_facts()
    run.facts = as_the_cluster_reads(facts, identity)
    groups = sanitize(", ".join(own_groups(identity)), limit=200) or "none"
    words = f"it knows you as {sanitize(identity.username, limit=160)}; groups: {groups}"
    different = differences(facts, identity)
    if different:
        words = f"{words}; {'; '.join(different)}"
    if not different or _allowed_if_known(run) is not False:
        yield words
        return
    yield warning(words, _how_to_bind(run, identity), "forbidden")


def _how_to_bind(run: DoctorRun, identity: Identity) -> str:
    names = ", ".join([identity.username, *own_groups(identity)[:3]])
    bindings = f"use the cluster's names in role bindings: {sanitize(names, limit=200)}"
    facts = run.require_facts()
    if own_groups(identity) or not facts.groups:
        return bindings
    claim = sanitize(facts.groups_claim)
    return (
        f"the cluster must read the claim {claim}: `--oidc-groups-claim={claim}`, claimMappings.groups of its "
        f"AuthenticationConfiguration, or groupsClaim at EKS; until then {bindings}"
    )


def may_list_pods(run: DoctorRun) -> bool:
    """Return whether the API server authorizes what ``kubectl get pods`` does.

    Raises:
        ClusterError: The API server does not answer the question.
        LookupError: `check_api_server` has not run.
    """
    if run.client is None:
        raise LookupError("the API server comes first")
    if run.allowed is None:
        access = run.client.may("list", "pods", run.request_deadline(), namespace=run.namespace)
        run.allowed = access.allowed
    return run.allowed


def _allowed_if_known(run: DoctorRun) -> bool | None:
    try:
        return may_list_pods(run)
    except ClusterError:
        return None  # the access check reports why
