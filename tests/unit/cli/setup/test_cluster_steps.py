"""The steps of `setup` for the cluster: of one type, of an unknown type, and with manifests in files."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.cli.setup.cluster_steps import ClusterSetup, WrittenManifests, render_role, render_trust
from kubectl_oidc.manifests.cluster_type import Cluster, ClusterType
from kubectl_oidc.manifests.rbac import Binding
from kubectl_oidc.manifests.trust import ClusterTrust
from kubectl_oidc.system.terminal import NARROWEST
from tests.tokens import CLIENT_ID, ISSUER
from tests.unit.cli.page_text import page_text

if TYPE_CHECKING:
    from kubectl_oidc.cli.page import Page

SIDE = ClusterSetup(
    cluster=Cluster(ClusterType.K3S),
    guessed=False,
    trust=ClusterTrust(issuer=ISSUER, audience=CLIENT_ID),
    binding=Binding("view", ("dev",)),
    groups=("dev",),
    username="ada@example.com",
)
OUT = Path("/out")
FILES = WrittenManifests(
    files={"k3s-oidc.yaml": OUT / "k3s-oidc.yaml", "cluster-role-binding.yaml": OUT / "role.yaml"}
)


def shown(setup: ClusterSetup, *, width: int = 160) -> str:
    """Return both steps as a terminal shows them."""

    def write(page: Page) -> None:
        render_trust(page, setup)
        render_role(page, setup)

    return page_text(write, width=width)


def test_only_the_steps_of_a_known_type_are_shown() -> None:
    """Its note, its manifest and its command; nothing of other types."""
    text = shown(SIDE)
    for part in (
        "k3s.\n",
        "systemctl restart k3s",
        "k3s-oidc.yaml: ",
        "kube-apiserver-arg+:",
        "-Dm600 k3s-oidc.yaml /etc",
    ):
        assert part in text
    for other in ("Amazon EKS", "AuthenticationConfiguration", "--cluster-type"):
        assert other not in text


@pytest.mark.parametrize("kind", ClusterType)
def test_every_type_fits_a_narrow_terminal(kind: ClusterType) -> None:
    """Sixty columns wrap the paragraphs; commands and manifests are not wrapped."""
    text = shown(replace(SIDE, cluster=Cluster(kind)), width=NARROWEST)
    assert re.search(r"^2\. \S", text, re.MULTILINE)
    words = [
        line
        for line in text.splitlines()
        if line and not line.startswith((" ", "-", "{", "}")) and ": " not in line
    ]
    assert max(map(len, words)) <= 110


def test_a_guessed_type_is_called_a_guess() -> None:
    """The flag for another type is shown."""
    assert "--cluster-type" in shown(replace(SIDE, guessed=True))
    assert "--cluster-type" not in shown(SIDE)


def test_a_manifest_in_a_file_is_named_with_its_command_and_not_shown() -> None:
    """The page has the path of each file."""
    text = shown(replace(SIDE, written=FILES))
    assert f"{OUT / 'k3s-oidc.yaml'}: kube-apiserver" in text
    assert (
        f"sudo install -Dm600 {shlex.quote(str(OUT / 'k3s-oidc.yaml'))} /etc/rancher/k3s/config.yaml.d/oidc.yaml"
        in text.replace("\\\n  ", "")
    )
    assert f"kubectl apply -f {shlex.quote(str(OUT / 'role.yaml'))}" in text
    for content in ("kube-apiserver-arg+", "kind: ClusterRoleBinding", "kubectl create clusterrolebinding"):
        assert content not in text


def test_a_manifest_on_standard_output_is_named_and_not_shown() -> None:
    """Its name is the one in the comment above the document."""
    text = shown(replace(SIDE, cluster=Cluster(), written=WrittenManifests(on_stdout=True)))
    assert re.search(r"authentication-configuration\.yaml: .*--authentication-config\b", text)
    assert "kind: AuthenticationConfiguration" not in text
    assert "Amazon EKS" not in text


def test_eks_is_one_command_or_files() -> None:
    """Without files: the aws command, and how to get files. With files: the commands for them."""
    eks = replace(SIDE, cluster=Cluster(ClusterType.EKS, "prod", "eu-west-1"))
    text = shown(eks)
    assert "--cluster-name prod" in text
    assert "--output-dir=DIR" in text
    assert "-o yaml" in text
    assert "eksctl" not in text
    text = shown(replace(eks, written=WrittenManifests(files={"eksctl.yaml": OUT / "eksctl.yaml"})))
    assert f"eksctl associate identityprovider -f {shlex.quote(str(OUT / 'eksctl.yaml'))}" in text
    assert "--oidc identityProviderConfigName" not in text


def test_without_a_known_type_the_types_are_named() -> None:
    """All of them."""
    text = " ".join(shown(replace(SIDE, cluster=Cluster())).split())
    assert "--cluster-type=TYPE " in text
    assert f" {', '.join(ClusterType)}." in text


def test_a_binding_to_a_person_has_the_prefix_of_the_cluster() -> None:
    """Without groups the user name is bound, as the cluster has it."""
    trust = replace(SIDE.trust, own_username_prefix="oidc:")
    assert "--user=oidc:ada@example.com" in shown(replace(SIDE, trust=trust, binding=None, groups=()))


def test_manifests_of_an_unknown_type_are_those_of_any_kube_apiserver() -> None:
    """With the role binding, if there is one."""
    unknown = replace(SIDE, cluster=Cluster())
    names = [manifest.name for manifest in unknown.manifests()]
    assert names == ["authentication-configuration.yaml", "cluster-role-binding.yaml"]
    assert [manifest.name for manifest in replace(unknown, binding=None).manifests()] == names[:1]
