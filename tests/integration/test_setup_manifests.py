"""`setup -o yaml` and `--output-dir`: what the cluster's side needs, for a pipe or as files, with the token's own names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from kubectl_oidc.manifests.cluster_type import ClusterType

from .said import failure
from .test_setup import setup, shown

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

FILES = {
    "eks": ["cluster-role-binding.yaml", "eks-identity-provider.json", "eksctl.yaml"],
    "gke": ["cluster-role-binding.yaml", "gke-client-config.yaml"],
    "aks": ["aks-jwt-authenticator.json", "cluster-role-binding.yaml"],
    "kubeadm": ["cluster-role-binding.yaml", "kubeadm.yaml"],
    "apiserver": ["cluster-role-binding.yaml", "kube-apiserver+json.yaml"],
    "authentication-configuration": ["authentication-configuration.yaml", "cluster-role-binding.yaml"],
    "kind": ["authentication-configuration.yaml", "cluster-role-binding.yaml", "kind.yaml"],
    "k3s": ["cluster-role-binding.yaml", "k3s-oidc.yaml"],
    "rke2": ["cluster-role-binding.yaml", "rke2-oidc.yaml"],
    "talos": ["cluster-role-binding.yaml", "talos-1.13.yaml", "talos.yaml"],
}


def documents(text: str) -> list[Any]:
    """Return the documents of a YAML stream."""
    return list(YAML(typ="safe", pure=True).load_all(text))


def current_cluster(name: str, server: str) -> None:
    """Write ~/.kube/config whose current context is of this cluster."""
    config = {
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "contexts": [{"name": "here", "context": {"cluster": name, "user": "nobody"}}],
        "current-context": "here",
    }
    path = Path.home() / ".kube" / "config"
    path.parent.mkdir()
    path.write_text(json.dumps(config))


def test_each_type_has_its_files_and_they_are_what_the_pipe_gets(laptop: Laptop, tmp_path: Path) -> None:
    """The same sign-in writes both; each file is named on the page with the command that uses it."""
    assert set(FILES) == set(ClusterType)
    for kind, names in FILES.items():
        place = tmp_path / "a directory" / kind
        ended = setup(laptop, f"--cluster-type={kind}", f"--output-dir={place}", "-o", "yaml")
        assert ended.status == 0, ended.stderr
        assert sorted(path.name for path in place.iterdir()) == names
        read = [documents(path.read_text()) for path in place.iterdir()]
        streamed = documents(ended.stdout)
        assert len(streamed) == len(names)
        assert all([one] in read for one in streamed), kind
        folded = " ".join(ended.stderr.split())
        assert all(f"{place / name}: " in folded for name in names)
        assert "kind: ClusterRoleBinding" not in ended.stderr, "what is in a file is not on the page, too"


def test_without_a_type_it_is_for_any_kube_apiserver(laptop: Laptop) -> None:
    """The AuthenticationConfiguration has the issuer and the client, the role binding the person's own group."""
    ended = setup(laptop, "--output=yaml")
    assert ended.status == 0
    configuration, role = documents(ended.stdout)
    assert configuration["jwt"][0]["issuer"] == {"url": laptop.realm.issuer, "audiences": ["kubernetes"]}
    assert (role["kind"], role["subjects"][0]["name"]) == ("ClusterRoleBinding", "eks-admins")
    assert "alice@example.com" in ended.stderr


def test_the_current_context_tells_the_type(laptop: Laptop) -> None:
    """Of a cluster of EKS the page shows EKS's part with name and region, and no other; --cluster-type goes before it."""
    current_cluster(
        "arn:aws:eks:eu-west-1:123456789012:cluster/prod", "https://ABC.gr7.eu-west-1.eks.amazonaws.com"
    )
    text = shown(setup(laptop))
    assert re.search(r"Amazon EKS\. \([^)]*--cluster-type", text)
    assert "--region eu-west-1 --cluster-name prod" in text
    assert "AuthenticationConfiguration" not in text
    other = shown(setup(laptop, "--cluster-type=k3s"))
    assert "kube-apiserver-arg+:" in other
    assert "Amazon EKS" not in other
    assert not re.search(r"\([^)]*--cluster-type", other)


def test_names_have_the_prefixes_in_manifests_and_on_the_page(laptop: Laptop) -> None:
    """A role binding names groups as the cluster has them; what --group names gets the prefix, too."""
    prefixes = ("--oidc-username-prefix=oidc:", "--oidc-groups-prefix=oidc:")
    ended = setup(laptop, "-o", "yaml", *prefixes, "--group=ops", "--group=oidc:dev")
    configuration, role = documents(ended.stdout)
    assert configuration["jwt"][0]["claimMappings"] == {
        "username": {"claim": "email", "prefix": "oidc:"},
        "groups": {"claim": "groups", "prefix": "oidc:"},
    }
    assert [one["name"] for one in role["subjects"]] == ["oidc:ops", "oidc:dev"]
    of_aks = setup(laptop, "-o", "yaml", "--cluster-type=aks")
    assert documents(of_aks.stdout)[1]["subjects"][0]["name"] == "aks:jwt:eks-admins"


def test_no_file_is_overwritten_and_nobody_signs_in_for_it(laptop: Laptop, tmp_path: Path) -> None:
    """A file, or a link to nowhere, of a manifest's name: exit 2 before the browser opens, and it is as it was."""
    there, link = tmp_path / "cluster-role-binding.yaml", tmp_path / "b" / "kind.yaml"
    there.write_text("mine")
    link.parent.mkdir()
    link.symlink_to(tmp_path / "nowhere")
    for place, path in ((tmp_path, there), (link.parent, link)):
        ended = setup(laptop, "--cluster-type=kind", f"--output-dir={place}")
        failure(ended, "output-dir", f"--output-dir: {path} ", status=2)
    assert there.read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()
    assert laptop.browser.opened() == []


def test_a_directory_that_cannot_be_made_is_told_before_anybody_signs_in(laptop: Laptop) -> None:
    """Exit 2, with the reason."""
    ended = setup(laptop, "--output-dir=/dev/null/x")
    failure(ended, "output-dir", "--output-dir /dev/null/x ", "Not a directory", status=2)
    assert laptop.browser.opened() == []


@pytest.mark.parametrize("kind", FILES)
def test_no_manifest_holds_a_secret(laptop: Laptop, tmp_path: Path, kind: str) -> None:
    """Neither the client's secret, nor a header's value, nor the token comes to the cluster's side."""
    laptop.client = "confidential"
    secret = 'a secret, that: needs "quoting" & more'
    header = "--oidc-request-header=X-Api-Key=under-wraps"
    ended = setup(
        laptop,
        "--oidc-client-secret",
        secret,
        header,
        "-o",
        "yaml",
        f"--cluster-type={kind}",
        f"--output-dir={tmp_path / 'o'}",
    )
    assert ended.status == 0
    assert ended.stdout
    files = [path.read_text() for path in (tmp_path / "o").iterdir()]
    assert len(files) == len(FILES[kind])
    for word in ("quoting", "under-wraps", laptop.signed_in("--oidc-client-secret", secret, header)):
        assert [text for text in (ended.stdout, *files) if word in text] == []
