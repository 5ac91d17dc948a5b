"""k3s and RKE2: kube-apiserver's flags in a file next to the server's configuration.

Sources: "Configuration File" of k3s and of RKE2. A ``+`` adds to the values of other files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .apiserver import authority, settings
from .manifest import FILE, ClusterSteps, Manifest

if TYPE_CHECKING:
    from .trust import ClusterTrust


def k3s(trust: ClusterTrust) -> ClusterSteps:
    """Return what k3s needs."""
    return _side(trust, "k3s", "k3s", "k3s")


def rke2(trust: ClusterTrust) -> ClusterSteps:
    """Return what RKE2 needs. RKE2 mounts the files in its arguments into the API server's Pod."""
    return _side(trust, "RKE2", "rke2", "rke2-server")


def _side(trust: ClusterTrust, title: str, name: str, service: str) -> ClusterSteps:
    ca_file = f"/etc/rancher/{name}/oidc-ca.crt"
    destination = f"/etc/rancher/{name}/config.yaml.d/oidc.yaml"
    return ClusterSteps(
        title=f"{title}.",
        notes=(f"On every server, one after the other; then `systemctl restart {service}` there.",),
        manifests=(
            *authority(trust, ca_file),
            Manifest(
                name=f"{name}-oidc.yaml",
                purpose=f"kube-apiserver's flags; put it next to /etc/rancher/{name}/config.yaml, as {destination}",
                content={
                    "kube-apiserver-arg+": [f"{name}={value}" for name, value in settings(trust, ca_file)]
                },
                command=("sudo", "install", "-Dm600", FILE, destination),
            ),
        ),
    )
