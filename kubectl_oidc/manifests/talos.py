"""Talos Linux: a patch of the control plane's machine configuration.

Talos 1.14 has a document for it (KubeAuthenticationConfig). Older versions have kube-apiserver's flags in ``cluster``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .apiserver import settings
from .manifest import FILE, ClusterSteps, Manifest
from .structured_authentication import authenticator

if TYPE_CHECKING:
    from .trust import ClusterTrust

_DIRECTORY = "/var/lib/oidc"  # Talos allows files only under /var
_CA_FILE = f"{_DIRECTORY}/ca.crt"
_PATCH = ("talosctl", "--nodes", "CONTROL_PLANE_NODES", "patch", "machineconfig", "--patch", f"@{FILE}")
# Talos's own default, because its health probes of the API server are anonymous.
_ANONYMOUS = {
    "enabled": True,
    "conditions": [{"path": f"/{name}"} for name in ("livez", "readyz", "healthz")],
}


def talos(trust: ClusterTrust) -> ClusterSteps:
    """Return what Talos needs, for either form of its configuration."""
    return ClusterSteps(
        title="Talos Linux.",
        notes=(
            (
                "Two patches, and only one fits: talos.yaml where the machine configuration has the document "
                "KubeAPIServerConfig (clusters made with Talos 1.14 or newer), else talos-1.13.yaml."
            ),
        ),
        manifests=(
            Manifest(
                name="talos.yaml",
                purpose="Talos 1.14 or newer, with KubeAPIServerConfig",
                content={
                    "apiVersion": "v1alpha1",
                    "kind": "KubeAuthenticationConfig",
                    "configuration": {"anonymous": _ANONYMOUS, "jwt": [authenticator(trust)]},
                },
                command=_PATCH,
            ),
            Manifest(
                name="talos-1.13.yaml",
                purpose="Talos 1.13 or older, or a cluster that was created with it, instead of talos.yaml",
                content=_flags(trust),
                command=_PATCH,
            ),
        ),
    )


def _flags(trust: ClusterTrust) -> dict[str, Any]:
    api_server: dict[str, object] = {"extraArgs": dict(settings(trust, _CA_FILE))}
    if not trust.ca_pem:
        return {"cluster": {"apiServer": api_server}}
    api_server["extraVolumes"] = [{"hostPath": _DIRECTORY, "mountPath": _DIRECTORY, "readonly": True}]
    file = {"path": _CA_FILE, "op": "create", "permissions": 0o644, "content": trust.ca_pem}
    return {"machine": {"files": [file]}, "cluster": {"apiServer": api_server}}
