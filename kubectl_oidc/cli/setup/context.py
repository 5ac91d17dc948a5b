"""Plan the context and the cluster that `setup` writes, and ask before anything that exists is changed."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_oidc.cli.options.paths import expanded
from kubectl_oidc.cli.prompts import can_ask, confirm_change
from kubectl_oidc.errors import KubeconfigError, UsageError
from kubectl_oidc.http.authorities import PEM, certificates, explain_unusable
from kubectl_oidc.http.tls import BUNDLE_LIMIT
from kubectl_oidc.kubeconfig.read import Entry
from kubectl_oidc.kubeconfig.select import unknown_name
from kubectl_oidc.kubeconfig.write_context import NewContext
from kubectl_oidc.manifests.cluster_type import guess_cluster
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import shown_url, url_fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.cli.prompts import Questions
    from kubectl_oidc.kubeconfig import Kubeconfig
    from kubectl_oidc.system.system import System

SERVER, AUTHORITY = "--server", "--cluster-ca"
_NONE = "none"
CONTEXT_QUESTION = "Write a context for a cluster, too?"
_BY_URL = "Cluster: the URL of its API server"
_BY_URL_OR_CONTEXT = f"{_BY_URL}, or the name of an existing context to copy it from"


def plan_context(values: Mapping[str, Any], kubeconfig: Kubeconfig, system: System) -> NewContext | None:
    """Return the context that the flags ask for; None if they ask for none.

    Raises:
        UsageError: A name, a URL or a file is not usable.
        KubeconfigError: There is no cluster for it, or something that exists would be changed and nobody agrees.
    """
    name = values["context"]
    if not name:
        return None
    if name.startswith("-") or sanitize(name) != name:
        raise UsageError(
            f"--context {sanitize(name)!r} is not a valid context name", "give a name such as production"
        )
    if values["server"]:
        new = NewContext(name, values["user"], name, _cluster(values["server"], values["cluster_ca"]))
    else:
        new = NewContext(name, values["user"], _existing_cluster(name, values["from_context"], kubeconfig))
    changes = list(new.changes(kubeconfig))
    if changes and not values["yes"]:
        _agree(changes, system)
    return new


def cluster_entry(new: NewContext | None, kubeconfig: Kubeconfig) -> Entry | None:
    """Return the cluster of the new context, or of the current one."""
    if new is None:
        return kubeconfig.clusters.get(kubeconfig.context_cluster())
    if new.server is not None:
        return Entry(new.cluster, new.server, Path("config"))
    return kubeconfig.clusters.get(new.cluster)


def _existing_cluster(name: str, source: str | None, kubeconfig: Kubeconfig) -> str:
    if source and source not in kubeconfig.contexts:
        raise unknown_name("context", source, kubeconfig.contexts, "get-contexts")
    source = source or (name if name in kubeconfig.contexts else kubeconfig.current_context)
    cluster = kubeconfig.context_cluster(source)
    if cluster in kubeconfig.clusters:
        return cluster
    raise KubeconfigError(
        f"the context {sanitize(name)}: the context {sanitize(source) or '(none)'} has none",
        f"give the API server with {SERVER} and {AUTHORITY}, or add the cluster first, for EKS with `aws eks update-kubeconfig`",
    )


def _agree(changes: list[str], system: System) -> None:
    shown = "; ".join(changes)
    if not can_ask(system.terminal):
        raise KubeconfigError(
            f"the kubeconfig already has other values, and there is no terminal to ask at: {shown}",
            "add --yes to change them, or give another name with --context",
        )
    system.terminal.say("This changes existing entries:\n" + "\n".join(f"  {line}" for line in changes))
    confirm_change("Change them?")


def _cluster(server: str, authority: str | None) -> dict[str, object]:
    """Return what stands under ``cluster``."""
    url = server if "://" in server else f"https://{server}"
    why = url_fault(url, http_allowed=True)
    if why:
        named = "its value" if "@" in url else shown_url(url)
        raise UsageError(
            f"{SERVER}: {named} {why}", "give the API server's URL, such as https://10.0.0.1:6443"
        )
    found: dict[str, object] = {"server": url.rstrip("/")}
    if authority:
        found["certificate-authority-data"] = base64.b64encode(_authority(authority)).decode()
    return found


def _authority(name: str) -> bytes:
    path = expanded(AUTHORITY, name)
    try:
        if not path.is_file():  # reading a pipe may never end
            raise UsageError(
                f"{AUTHORITY}: {sanitize(path)} is not a file",
                "give the file with the cluster's certificate authority",
            )
        with path.open("rb") as file:
            data = file.read(BUNDLE_LIMIT)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{AUTHORITY}: cannot read {sanitize(path)}: {getattr(error, 'strerror', None) or 'it is no name of a file'}",
            "check the file's name, owner and permissions",
        ) from None
    if not re.search(PEM, data):
        what, hint = explain_unusable(data)
        raise UsageError(f"{AUTHORITY}: {sanitize(path)} {what}", hint)
    return certificates(data) + b"\n"


def ask_for_context(questions: Questions, kubeconfig: Kubeconfig, system: System) -> dict[str, Any]:
    """Ask whether to write a context too, for which cluster, and under which name. Return the values of the flags.

    Raises:
        Abort: The input has ended.
    """
    proposal = (
        bool(kubeconfig.contexts) and not kubeconfig.current_context
    )  # else there is nothing to choose from
    if not questions.confirm(CONTEXT_QUESTION, proposal=proposal):
        return {}
    answers: dict[str, Any] = {}
    while not answers:
        cluster = questions.ask(
            _BY_URL_OR_CONTEXT if kubeconfig.contexts else _BY_URL, kubeconfig.current_context
        )
        answers = _answers(cluster, questions, kubeconfig, system)
    name = _proposed_name(cluster, kubeconfig)
    answers["context"] = questions.ask("Name of the context", name)
    return answers


def _answers(cluster: str, questions: Questions, kubeconfig: Kubeconfig, system: System) -> dict[str, Any]:
    """Return what an answer means; nothing if it means nothing, which the user is told."""
    if cluster in kubeconfig.contexts:
        return {"from_context": cluster}
    if "." not in cluster and ":" not in cluster:
        system.terminal.need(
            f"{sanitize(cluster)} is neither a context nor a URL such as https://10.0.0.1:6443."
        )
        return {}
    try:
        _cluster(cluster, None)
        authority = questions.ask("File with the cluster's certificate authority, or none", _NONE)
        answers = {"server": cluster, "cluster_ca": None if authority == _NONE else authority}
        _cluster(cluster, answers["cluster_ca"])
    except UsageError as error:
        system.terminal.need(
            f"{sanitize(error.message)}\nhint: {sanitize(error.hint)} (troubleshooting: {error.topic})"
        )
        return {}
    return answers


def _proposed_name(cluster: str, kubeconfig: Kubeconfig) -> str:
    """Return a free name that is short, also for the long names that EKS and GKE give."""
    entry = (
        kubeconfig.clusters.get(kubeconfig.context_cluster(cluster))
        if cluster in kubeconfig.contexts
        else None
    )
    known = guess_cluster(entry.name, str(entry.value.get("server") or ""), entry.path).name if entry else ""
    base = (
        re.sub(r"[^A-Za-z0-9.-]+", "-", known or re.sub(r"^[a-z]+://|[/:].*", "", cluster)).strip("-.")
        or "cluster"
    )
    names = (f"{base}-oidc", *(f"{base}-oidc-{number}" for number in range(2, len(kubeconfig.contexts) + 3)))
    return next(name for name in names if name not in kubeconfig.contexts)
