"""The manifests for each type of cluster, compared with its documentation or schema."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st
from ruamel.yaml import YAML

from kubectl_oidc.manifests.by_cluster_type import as_trusted_by, steps_for_cluster
from kubectl_oidc.manifests.cluster_type import Cluster, ClusterType, guess_cluster
from kubectl_oidc.manifests.manifest import FILE, yaml_stream
from kubectl_oidc.manifests.trust import ClusterTrust
from tests import parts

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.manifests.manifest import ClusterSteps

ISSUER, CLIENT = "https://dev-1.okta.com/oauth2/aus1", "0oa1"
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
TRUST = ClusterTrust(issuer=ISSUER, audience=CLIENT)
FULL = ClusterTrust(
    issuer=ISSUER,
    audience=CLIENT,
    username_claim="sub",
    groups_claim="https://example.com/groups",
    own_username_prefix="u:",
    groups_prefix="g:",
    algorithm="ES256",
    ca_pem=PEM,
)
FULL_FLAGS = {
    "oidc-issuer-url": ISSUER,
    "oidc-client-id": CLIENT,
    "oidc-username-claim": "sub",
    "oidc-username-prefix": "u:",
    "oidc-groups-claim": "https://example.com/groups",
    "oidc-groups-prefix": "g:",
    "oidc-signing-algs": "RS256,ES256",
}


def side(kind: str, trust: ClusterTrust = TRUST, *, name: str = "", region: str = "") -> ClusterSteps:
    """Return the steps for one type of cluster."""
    cluster = Cluster(ClusterType(kind), name, region)
    found = steps_for_cluster(cluster, as_trusted_by(cluster, trust))
    assert found is not None
    return found


def read(one: ClusterSteps, name: str) -> Any:
    """Return the content of one file."""
    (manifest,) = [manifest for manifest in one.manifests if manifest.name == name]
    return YAML(typ="safe", pure=True).load(manifest.text())


@pytest.mark.parametrize(
    ("name", "server", "path", "cluster"),
    [
        ("arn:aws:eks:eu-west-1:123456789012:cluster/prod-1", "", "config", Cluster(ClusterType.EKS, "prod-1", "eu-west-1")),
        (
            "arn:aws-us-gov:eks:us-gov-west-1:123456789012:cluster/a",
            "",
            "config",
            Cluster(ClusterType.EKS, "a", "us-gov-west-1"),
        ),
        ("prod.eu-west-1.eksctl.io", "", "config", Cluster(ClusterType.EKS, "prod", "eu-west-1")),
        ("mine", "https://A1B2.gr7.eu-west-1.eks.amazonaws.com", "config", Cluster(ClusterType.EKS, "", "eu-west-1")),
        ("mine", "https://A1.yl4.cn-north-1.eks.amazonaws.com.cn", "config", Cluster(ClusterType.EKS, "", "cn-north-1")),
        ("gke_my-project_europe-west1-b_prod", "", "config", Cluster(ClusterType.GKE, "prod", "europe-west1-b")),
        ("prod", "https://prod-dns-1a.hcp.westeurope.azmk8s.io:443", "config", Cluster(ClusterType.AKS, "prod")),
        ("kind-kind", "https://127.0.0.1:40001", "config", Cluster(ClusterType.KIND, "kind")),
        ("default", "https://127.0.0.1:6443", "/etc/rancher/k3s/k3s.yaml", Cluster(ClusterType.K3S)),
        ("default", "https://127.0.0.1:6443", "/etc/rancher/rke2/rke2.yaml", Cluster(ClusterType.RKE2)),
        ("kubernetes", "https://10.0.0.1:6443", "config", Cluster(ClusterType.KUBEADM)),
        ("arn:aws:eks:eu-west-1:123456789012:cluster/a b", "", "config", Cluster()),
        ("prod", "https://eks.amazonaws.com.example.com", "config", Cluster()),
        ("prod", "https://azmk8s.io.example.com", "config", Cluster()),
        ("prod", "https://[::1", "config", Cluster()),
        ("", "", "", Cluster()),
    ],
)  # fmt: skip
def test_the_type_is_told_by_what_providers_write(
    name: str, server: str, path: str, cluster: Cluster
) -> None:
    """By the names that their commands write and by their domains."""
    assert guess_cluster(name, server, PurePosixPath(path)) == cluster


def test_a_cluster_of_no_known_type_has_no_part_of_its_own() -> None:
    """Then all types are shown."""
    assert steps_for_cluster(Cluster(), TRUST) is None


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("trust", [TRUST, FULL], ids=["short", "full"])
@pytest.mark.parametrize("kind", ClusterType)
def test_every_reader_reads_what_was_meant(kind: str, trust: ClusterTrust, version: str) -> None:
    """The file and the document in the stream have the manifest's content. Text files are not in the stream."""
    one = side(kind, trust, name="yes", region="no")
    yaml = YAML(typ="safe", pure=True)
    yaml.version = version
    data = [manifest for manifest in one.manifests if manifest.is_data]
    assert data
    for manifest in data:
        assert yaml.load(manifest.text()) == manifest.content
        if manifest.name.endswith(".json"):
            assert json.loads(manifest.text()) == manifest.content
    assert list(yaml.load_all(yaml_stream(one.manifests))) == [manifest.content for manifest in data]


@pytest.mark.parametrize("kind", ClusterType)
def test_a_command_names_its_own_file(kind: str) -> None:
    """With the file's path."""
    for manifest in side(kind).manifests:
        words = manifest.command_for("/a b/c")
        assert bool(words) is bool(manifest.command)
        assert not words or sum("/a b/c" in word for word in words) == 1
        assert FILE not in "".join(words)


@given(
    words=st.lists(st.text(min_size=1, max_size=12), min_size=5, max_size=5),
    kind=st.sampled_from(ClusterType),
)
def test_no_word_of_a_flag_or_a_token_breaks_out(words: list[str], kind: ClusterType) -> None:
    """Client, claims and prefixes stay inside their strings, whatever their characters."""
    words = [word.encode("utf-8", "replace").decode() for word in words]
    audience, username, groups, prefix, group_prefix = words
    trust = replace(
        TRUST,
        audience=audience,
        username_claim=username,
        groups_claim=groups,
        own_username_prefix=prefix,
        groups_prefix=group_prefix,
    )
    for manifest in side(kind, trust).manifests:
        assert YAML(typ="safe", pure=True).load(manifest.text()) == manifest.content


def test_eks_by_the_aws_command_line() -> None:
    """The request of AssociateIdentityProviderConfig (OidcIdentityProviderConfigRequest), as --cli-input-json takes it."""
    one = side("eks", FULL, name="prod", region="eu-west-1")
    assert read(one, "eks-identity-provider.json") == {
        "clusterName": "prod",
        "oidc": {
            "identityProviderConfigName": "oidc",
            "issuerUrl": ISSUER,
            "clientId": CLIENT,
            "usernameClaim": "sub",
            "usernamePrefix": "u:",
            "groupsClaim": "https://example.com/groups",
            "groupsPrefix": "g:",
        },
    }
    assert one.manifests[0].command_for("/x.json")[3:] == [
        *("--region", "eu-west-1", "--cli-input-json", "file:///x.json")
    ]
    assert "usernamePrefix" not in read(side("eks"), "eks-identity-provider.json")["oidc"]


def test_eks_by_eksctl() -> None:
    """A ClusterConfig of eksctl.io/v1alpha5 with one identity provider of the type oidc; what is not known has a placeholder."""
    config = read(side("eks", FULL, name="prod", region="eu-west-1"), "eksctl.yaml")
    assert config == {
        "apiVersion": "eksctl.io/v1alpha5",
        "kind": "ClusterConfig",
        "metadata": {"name": "prod", "region": "eu-west-1"},
        "identityProviders": [
            {
                "type": "oidc",
                "name": "oidc",
                "issuerURL": ISSUER,
                "clientID": CLIENT,
                "usernameClaim": "sub",
                "usernamePrefix": "u:",
                "groupsClaim": "https://example.com/groups",
                "groupsPrefix": "g:",
            }
        ],
    }
    unknown = read(side("eks"), "eksctl.yaml")
    assert unknown["metadata"] == {"name": "CLUSTER_NAME", "region": "REGION"}
    assert unknown["identityProviders"][0].keys() == {
        *("type", "name", "issuerURL", "clientID", "usernameClaim", "groupsClaim")
    }


def test_eks_is_warned_of_an_issuer_that_aws_cannot_reach() -> None:
    """EKS fetches the issuer's keys itself."""
    private = side("eks", replace(TRUST, issuer="https://keycloak.corp.internal/realms/a"))
    assert re.match(r"warning: .*\bEKS\b", private.notes[-1])
    assert not any(note.startswith("warning:") for note in side("eks").notes)


def test_gke_by_its_client_config() -> None:
    """One authentication method of the ClientConfig `default` in kube-public. The prefix is explicit if the default is unclear."""
    config = read(side("gke", FULL), "gke-client-config.yaml")
    assert config == {
        "apiVersion": "authentication.gke.io/v2alpha1",
        "kind": "ClientConfig",
        "metadata": {"name": "default", "namespace": "kube-public"},
        "spec": {
            "authentication": [
                {
                    "name": "oidc",
                    "oidc": {
                        "clientID": CLIENT,
                        "issuerURI": ISSUER,
                        "userClaim": "sub",
                        "userPrefix": "u:",
                        "groupsClaim": "https://example.com/groups",
                        "groupPrefix": "g:",
                        "certificateAuthorityData": base64.b64encode(PEM.encode()).decode(),
                    },
                }
            ]
        },
    }
    for trust, prefix in (
        (TRUST, None),
        (replace(TRUST, username_claim="sub"), f"{ISSUER}#"),
        (replace(TRUST, username_claim="sub", own_username_prefix="-"), "-"),
    ):
        (method,) = read(side("gke", trust), "gke-client-config.yaml")["spec"]["authentication"]
        assert method["oidc"].get("userPrefix") == prefix


def test_aks_by_its_jwt_authenticator() -> None:
    """Only expressions, AKS's prefix for every name, and a check of email_verified, as Kubernetes requires."""
    authenticator = read(side("aks"), "aks-jwt-authenticator.json")
    assert authenticator["issuer"] == {"url": ISSUER, "audiences": [CLIENT]}
    assert authenticator["claimMappings"] == {
        "username": {"expression": "'aks:jwt:' + claims.email"},
        "groups": {
            "expression": "has(claims.groups) ? dyn(claims.groups).map(group, 'aks:jwt:' + group) : []"
        },
    }
    assert authenticator["claimValidationRules"][0]["expression"] == (
        "claims.?email_verified.orValue(true) == true"
    )
    full = read(side("aks", FULL), "aks-jwt-authenticator.json")
    assert full["issuer"]["certificateAuthority"] == base64.b64encode(PEM.encode()).decode()
    assert full["claimMappings"] == {
        "username": {"expression": "'aks:jwt:u:' + claims.sub"},
        "groups": {
            "expression": "'https://example.com/groups' in claims ? "
            "dyn(claims['https://example.com/groups']).map(group, 'aks:jwt:g:' + group) : []"
        },
    }
    assert "claimValidationRules" not in full


@pytest.mark.parametrize(
    ("given", "prefix"), [("", "aks:jwt:"), ("-", "aks:jwt:"), ("corp:", "aks:jwt:corp:"), ("aks:jwt:corp:", "aks:jwt:corp:")]
)  # fmt: skip
def test_aks_puts_its_prefix_before_every_other(given: str, prefix: str) -> None:
    """AKS refuses other names, so role bindings need the prefix too."""
    cluster = Cluster(ClusterType.AKS)
    trust = as_trusted_by(cluster, replace(TRUST, own_username_prefix=given, groups_prefix=given.strip("-")))
    assert (trust.user("ada"), trust.group("dev")) == (f"{prefix}ada", f"{prefix}dev")


def test_a_quote_in_a_claims_name_stays_inside_of_the_expression() -> None:
    """A CEL string has its quote escaped and no line break."""
    trust = replace(TRUST, username_claim="a'b\\\n\"c", groups_claim="x")
    mappings = read(side("aks", trust), "aks-jwt-authenticator.json")["claimMappings"]
    assert mappings["username"]["expression"] == "'aks:jwt:' + claims['a\\'b\\\\\\n\"c']"


def test_kubeadm_by_its_cluster_configuration() -> None:
    """In v1beta4 extraArgs is a list of names and values. The certificate authority is a file on each node."""
    one = side("kubeadm", FULL)
    arguments = {**FULL_FLAGS, "oidc-ca-file": "/etc/kubernetes/pki/oidc-ca.crt"}
    assert read(one, "kubeadm.yaml") == {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "apiServer": {"extraArgs": [{"name": name, "value": value} for name, value in arguments.items()]},
    }
    assert one.manifests[0].text() == PEM
    assert "/etc/kubernetes/pki/oidc-ca.crt" in one.manifests[0].purpose
    assert [manifest.name for manifest in side("kubeadm").manifests] == ["kubeadm.yaml"]


def test_a_static_pod_gets_the_flags_by_kubectl_itself(tmp_path: Path) -> None:
    """The command of the page, run by a real kubectl without a cluster on a Pod of kubeadm's, adds the flags at the end."""
    pod, patch = tmp_path / "kube-apiserver.yaml", tmp_path / "kube-apiserver+json.yaml"
    container = {"name": "kube-apiserver", "image": "x", "command": ["kube-apiserver", "--secure-port=6443"]}
    pod.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "a"},
                "spec": {"containers": [container]},
            }
        )
    )
    manifest = side("apiserver", FULL).manifests[1]
    assert manifest.name == patch.name
    patch.write_text(manifest.text())
    words = [
        str(pod) if word == "/etc/kubernetes/manifests/kube-apiserver.yaml" else word
        for word in manifest.command_for(str(patch))
    ]
    done = subprocess.run([parts.program("kubectl"), *words[1:]], capture_output=True, text=True, check=True)
    (patched,) = YAML(typ="safe", pure=True).load(done.stdout)["spec"]["containers"]
    arguments = {**FULL_FLAGS, "oidc-ca-file": "/etc/kubernetes/pki/oidc-ca.crt"}
    assert patched["command"] == [
        *container["command"],
        *(f"--{name}={value}" for name, value in arguments.items()),
    ]


def test_kind_by_a_file_mounted_into_its_node() -> None:
    """The file is mounted into the node, from there into the API server's Pod, and is an argument of the API server."""
    config = read(side("kind", name="dev"), "kind.yaml")
    inside = "/etc/kubernetes/oidc/authentication-configuration.yaml"
    (node,) = config.pop("nodes")
    assert config == {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "name": "dev"}
    (patch,) = node.pop("kubeadmConfigPatches")
    assert node == {
        "role": "control-plane",
        "extraMounts": [
            {"hostPath": "./authentication-configuration.yaml", "containerPath": inside, "readOnly": True}
        ],
    }
    volume = {
        "name": "oidc",
        "hostPath": "/etc/kubernetes/oidc",
        "mountPath": "/etc/kubernetes/oidc",
        "readOnly": True,
    }
    assert YAML(typ="safe", pure=True).load(patch) == {
        "kind": "ClusterConfiguration",
        "apiServer": {"extraArgs": {"authentication-config": inside}, "extraVolumes": [volume]},
    }
    assert read(side("kind"), "authentication-configuration.yaml")["kind"] == "AuthenticationConfiguration"
    assert "name" not in read(side("kind"), "kind.yaml")


def test_kind_mounts_the_file_from_where_it_was_written() -> None:
    """With a directory kind can be run anywhere. Without one the purpose says where to run it."""
    cluster = Cluster(ClusterType.KIND)
    written = steps_for_cluster(cluster, TRUST, "/a b")
    assert written is not None
    (node,) = read(written, "kind.yaml")["nodes"]
    assert node["extraMounts"][0]["hostPath"] == "/a b/authentication-configuration.yaml"
    purpose, with_place = written.manifests[1].purpose, side("kind").manifests[1].purpose
    assert with_place.startswith(purpose)
    assert with_place != purpose


@pytest.mark.parametrize("kind", ["k3s", "rke2"])
def test_k3s_and_rke2_by_a_file_beside_their_configuration(kind: str) -> None:
    """The + adds the arguments to those of other files."""
    one = side(kind, FULL)
    arguments = {**FULL_FLAGS, "oidc-ca-file": f"/etc/rancher/{kind}/oidc-ca.crt"}
    assert read(one, f"{kind}-oidc.yaml") == {
        "kube-apiserver-arg+": [f"{name}={value}" for name, value in arguments.items()]
    }
    assert one.manifests[1].command[-1] == f"/etc/rancher/{kind}/config.yaml.d/oidc.yaml"


def test_talos_by_either_form_of_its_machine_configuration() -> None:
    """KubeAuthenticationConfig with the health probes of Talos's default; else kube-apiserver's arguments, and the authority."""
    one = side("talos", FULL)
    document = read(one, "talos.yaml")
    assert (document["apiVersion"], document["kind"]) == ("v1alpha1", "KubeAuthenticationConfig")
    assert document["configuration"]["anonymous"] == {
        "enabled": True,
        "conditions": [{"path": "/livez"}, {"path": "/readyz"}, {"path": "/healthz"}],
    }
    (jwt,) = document["configuration"]["jwt"]
    assert jwt["issuer"] == {"url": ISSUER, "audiences": [CLIENT], "certificateAuthority": PEM}
    assert jwt["claimMappings"]["username"] == {"claim": "sub", "prefix": "u:"}
    older = read(one, "talos-1.13.yaml")
    assert older["cluster"]["apiServer"] == {
        "extraArgs": {**FULL_FLAGS, "oidc-ca-file": "/var/lib/oidc/ca.crt"},
        "extraVolumes": [{"hostPath": "/var/lib/oidc", "mountPath": "/var/lib/oidc", "readonly": True}],
    }
    assert older["machine"]["files"] == [
        {"path": "/var/lib/oidc/ca.crt", "op": "create", "permissions": 0o644, "content": PEM}
    ]
    assert read(side("talos"), "talos-1.13.yaml").keys() == {"cluster"}
