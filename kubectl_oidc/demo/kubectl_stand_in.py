"""Do what ``kubectl get pods`` does, for computers without kubectl: the same plugin call and the same request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import DemoError
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.kubeconfig import read_kubeconfig
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET

from .sandbox import PROGRAM, SECONDS, USER, CommandResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .sandbox import Sandbox

_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
_FAILURES = 400  # HTTP statuses from here on are failures


def get_pods(sandbox: Sandbox) -> CommandResult:
    """Do what ``kubectl --user=oidc get pods --all-namespaces`` does, and return kubectl's result (client authentication v1).

    Raises:
        DemoError: The kubeconfig has no user or cluster.
        OidcLoginError: The API does not answer.
    """
    config = read_kubeconfig(None, sandbox.environ)
    user, cluster = config.users.get(USER), config.clusters.get(config.context_cluster())
    if user is None or cluster is None:
        raise DemoError(f"the kubeconfig has no user {USER}", "run the demo again")
    exec_ = user.value["exec"]
    info = {"kind": "ExecCredential", "apiVersion": exec_["apiVersion"], "spec": {"interactive": False}}
    plugin = sandbox.run([PROGRAM, *map(str, exec_["args"])], KUBERNETES_EXEC_INFO=json.dumps(info))
    if plugin.status != 0:
        return CommandResult(1, "", plugin.err)
    token = json.loads(plugin.out)["status"]["token"]
    http = HttpClient(tls=TlsOptions(ca_files=(sandbox.authority_file,)), log=QUIET)
    try:
        answer = http.get(
            f"{cluster.value['server']}/api/v1/pods",
            headers={"Authorization": f"Bearer {token}", "Accept": _TABLE},
            deadline=Deadline.after(SECONDS),
        )
    finally:
        http.close()
    document = json.loads(answer.body)
    if answer.status >= _FAILURES:
        refusal = f"Error from server ({document['reason']}): {document['message']}"
        sandbox.said(refusal)
        return CommandResult(1, "", f"{refusal}\n")
    return CommandResult(0, _printed(document), "")


def _printed(table: Mapping[str, Any]) -> str:
    """Return a ``meta.k8s.io/v1`` Table as kubectl prints it: the namespace first, without wide columns."""
    shown = [number for number, column in enumerate(table["columnDefinitions"]) if column["priority"] == 0]
    rows: list[Sequence[str]] = [
        ["NAMESPACE", *(table["columnDefinitions"][number]["name"].upper() for number in shown)]
    ]
    for row in table["rows"]:
        namespace = row["object"]["metadata"]["namespace"]
        rows.append([namespace, *(str(row["cells"][number]) for number in shown)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "".join(f"{line.rstrip()}\n" for line in lines)
