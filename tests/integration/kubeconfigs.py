"""A kubeconfig whose users sign in with the program, as `setup` writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def write_kubeconfig(
    users: Mapping[str, Sequence[str] | Mapping[str, Any]],
    contexts: Mapping[str, str],
    *,
    current: str = "",
    clusters: Mapping[str, Mapping[str, Any]] | None = None,
    path: Path | None = None,
) -> Path:
    """Write a kubeconfig, by default where kubectl looks for it, and return its path.

    Args:
        users: By name the arguments of ``get-token``, or what stands under ``user``.
        contexts: By name the user; the cluster has the context's name, where there is such a cluster.
        current: The current context.
        clusters: By name what stands under ``cluster``.
        path: Where to.
    """
    path = path or Path.home() / ".kube" / "config"
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "users": [{"name": name, "user": _user(user)} for name, user in users.items()],
        "contexts": [
            {"name": name, "context": {"user": user, "cluster": name}} for name, user in contexts.items()
        ],
        "clusters": [{"name": name, "cluster": dict(value)} for name, value in (clusters or {}).items()],
        "current-context": current,
    }
    path.write_text(json.dumps(document))  # JSON is YAML
    return path


def _user(user: Sequence[str] | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(user, list | tuple):
        return dict(user)  # type: ignore[arg-type]
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "kubectl-oidc_login",
            "args": ["get-token", *user],
            "interactiveMode": "IfAvailable",
        }
    }
