"""kube-apiserver's OIDC flags, and how to set them on a static Pod or with kubeadm.

Sources: "Authenticating" (OpenID Connect tokens) and "kubeadm Configuration (v1beta4)" (Kubernetes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .manifest import FILE, ClusterSteps, Manifest
from .trust import DEFAULT_ALGORITHM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .trust import ClusterTrust

CA_FILE = "/etc/kubernetes/pki/oidc-ca.crt"
"""Where kube-apiserver finds the provider's certificate authority. kubeadm mounts this directory into the Pod."""
_POD = "/etc/kubernetes/manifests/kube-apiserver.yaml"


def settings(trust: ClusterTrust, ca_file: str = CA_FILE) -> Iterator[tuple[str, str]]:
    """Return kube-apiserver's flags that trust the issuer, as names without dashes and values.

    Args:
        ca_file: The path of the provider's certificate authority on the API server's machine.
    """
    yield "oidc-issuer-url", trust.issuer
    yield "oidc-client-id", trust.audience
    yield "oidc-username-claim", trust.username_claim
    if trust.own_username_prefix:
        yield "oidc-username-prefix", trust.own_username_prefix
    yield "oidc-groups-claim", trust.groups_claim
    if trust.groups_prefix:
        yield "oidc-groups-prefix", trust.groups_prefix
    if trust.algorithm not in (None, DEFAULT_ALGORITHM):
        yield "oidc-signing-algs", f"{DEFAULT_ALGORITHM},{trust.algorithm}"
    if trust.ca_pem:
        yield "oidc-ca-file", ca_file


def flags(trust: ClusterTrust) -> list[str]:
    """Return kube-apiserver's flags that trust the issuer."""
    return [f"--{name}={value}" for name, value in settings(trust)]


def authority(trust: ClusterTrust, ca_file: str) -> Iterator[Manifest]:
    """Return the file of the provider's certificate authority, if it is not a public one."""
    if trust.ca_pem:
        yield Manifest(
            name="oidc-ca.crt",
            purpose=f"the provider's certificate authority: put it at {ca_file} on every control plane node first",
            content=trust.ca_pem,
        )


def apiserver(trust: ClusterTrust) -> ClusterSteps:
    """Return what a kube-apiserver in a static Pod needs: its flags, as a JSON patch (RFC 6902)."""
    patch = [{"op": "add", "path": "/spec/containers/0/command/-", "value": flag} for flag in flags(trust)]
    return ClusterSteps(
        title="kube-apiserver as a static Pod.",
        notes=(
            (
                f"On every control plane node, one after the other: the command prints {_POD} with the flags added. Replace the file with it; the kubelet restarts the API server."
            ),
        ),
        manifests=(
            *authority(trust, CA_FILE),
            Manifest(
                name="kube-apiserver+json.yaml",
                purpose="a JSON patch of the static Pod; kubeadm reads it too, from the directory of its --patches",
                content=patch,
                command=(
                    *("kubectl", "patch", "--local", "--type=json", f"--patch-file={FILE}"),
                    *("-f", _POD, "-o", "yaml"),
                ),
            ),
        ),
    )


def kubeadm(trust: ClusterTrust) -> ClusterSteps:
    """Return what kubeadm needs: kube-apiserver's flags in its ClusterConfiguration (v1beta4)."""
    return ClusterSteps(
        title="kubeadm 1.31 or newer.",
        notes=(
            (
                "For an existing cluster, add extraArgs to the ClusterConfiguration in the ConfigMap kubeadm-config (kube-system). Then run `kubeadm init phase control-plane apiserver --config=FILE` with it on every control plane node, one after the other."
            ),
        ),
        manifests=(
            *authority(trust, CA_FILE),
            Manifest(
                name="kubeadm.yaml",
                purpose="kube-apiserver's flags; for a new cluster",
                content={
                    "apiVersion": "kubeadm.k8s.io/v1beta4",
                    "kind": "ClusterConfiguration",
                    "apiServer": {
                        "extraArgs": [{"name": name, "value": value} for name, value in settings(trust)]
                    },
                },
                command=("kubeadm", "init", f"--config={FILE}"),
            ),
        ),
    )
