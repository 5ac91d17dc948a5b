"""Commands and manifests for Kubernetes and AWS."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from kubectl_oidc.manifests.apiserver import flags as apiserver_flags
from kubectl_oidc.manifests.cluster_type import Cluster, ClusterType
from kubectl_oidc.manifests.eks import eks_command
from kubectl_oidc.manifests.rbac import (
    Binding,
    cluster_role_binding,
    cluster_role_binding_command,
    propose_binding,
)
from kubectl_oidc.manifests.structured_authentication import authentication_configuration
from kubectl_oidc.manifests.trust import ClusterTrust, is_public
from tests import parts

if TYPE_CHECKING:
    from pathlib import Path

TRUST = ClusterTrust(issuer="https://dev-1.okta.com/oauth2/aus1", audience="0oa1")
AWKWARD = ["eks-admins", "a,b", "with space", "yes", "0123", "-dash", 'quo"te', "é"]


def test_the_role_binding_is_what_kubectl_itself_would_make() -> None:
    """The manifest and the command name the same role and the same groups, awkward ones included."""
    kubectl = parts.program("kubectl")
    proposal = Binding("cluster-admin", tuple(AWKWARD))
    command = [kubectl, *cluster_role_binding_command(proposal)[1:], "--dry-run=client", "-o", "json"]
    theirs = json.loads(subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout)
    theirs["metadata"].pop("creationTimestamp", None)

    assert YAML(typ="safe", pure=True).load(cluster_role_binding(proposal).text()) == theirs


def test_kubectl_reads_the_manifest(tmp_path: Path) -> None:
    """Kubectl's strict validation accepts it, without a cluster."""
    manifest = tmp_path / "binding.yaml"
    proposal = Binding("view", ("eks-admins", "yes"))
    manifest.write_text(cluster_role_binding(proposal).text(), encoding="utf-8")
    command = [parts.program("kubectl"), "label", "--local", "-f", str(manifest), "a=b", "-o", "json"]
    read = json.loads(subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout)

    assert [subject["name"] for subject in read["subjects"]] == ["eks-admins", "yes"]
    assert read["roleRef"]["name"] == "view"


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        pytest.param(["eks-admins"], Binding("cluster-admin", ("eks-admins",)), id="admins"),
        pytest.param(
            ["Everyone", "eks-admins"],
            Binding("cluster-admin", ("eks-admins",)),
            id="only the admins of many",
        ),
        pytest.param(["Everyone"], Binding("view", ("Everyone",)), id="no admins: a role that only reads"),
        pytest.param(["dev", "ops"], Binding("view", ("dev", "ops")), id="several"),
        pytest.param([], None, id="none"),
    ],
)
def test_cluster_admin_is_proposed_for_groups_of_admins_only(
    groups: list[str], expected: Binding | None
) -> None:
    """A group of all employees is never proposed for cluster-admin."""
    assert propose_binding(groups) == expected


def test_a_long_list_of_groups_is_not_proposed_whole() -> None:
    """At most ten groups are proposed. Groups from a flag are all used."""
    many = [f"group-{number}" for number in range(40)]
    assert propose_binding(many) == Binding("view", tuple(many[:10]))
    assert propose_binding([], chosen=many) == Binding("view", tuple(many))


def test_the_role_and_the_groups_can_be_chosen() -> None:
    """A role from a flag is used."""
    assert propose_binding(["dev", "ops"], role="edit", chosen=["ops"]) == Binding("edit", ("ops",))
    assert propose_binding(["eks-admins", "dev"], role="edit") == Binding("edit", ("eks-admins", "dev"))
    assert propose_binding(["eks-admins"], chosen=["dev"]) == Binding("view", ("dev",))


def test_eks_is_told_issuer_client_and_claims() -> None:
    """The AWS CLI's shorthand has everything that EKS requires, and no client secret."""
    words = eks_command(TRUST, Cluster(ClusterType.EKS, "prod", "eu-west-1"))

    assert words == [
        *(
            "aws",
            "eks",
            "associate-identity-provider-config",
            "--region",
            "eu-west-1",
            "--cluster-name",
            "prod",
        ),
        "--oidc",
        f"identityProviderConfigName=oidc,issuerUrl={TRUST.issuer},clientId=0oa1,usernameClaim=email,groupsClaim=groups",
    ]


def test_eks_is_told_in_json_what_shorthand_cannot_say() -> None:
    """A comma or a space in a value would end it in the AWS CLI's shorthand."""
    words = eks_command(ClusterTrust(issuer="https://idp.example.com", audience="a,b c"), Cluster())

    assert words[3:5] == ["--cluster-name", "CLUSTER_NAME"]
    assert json.loads(words[-1])["clientId"] == "a,b c"


@pytest.mark.parametrize(
    ("issuer", "public"),
    [
        ("https://dev-1.okta.com/oauth2/aus1", True),
        ("https://8.8.8.8/x", True),
        ("http://dev-1.okta.com", False),
        ("https://localhost:8443", False),
        ("https://10.0.0.5", False),
        ("https://[::1]:8443", False),
        ("https://keycloak.corp.internal", False),
        ("https://dex", False),
    ],
)
def test_eks_can_reach_public_issuers_only(issuer: str, *, public: bool) -> None:
    """Amazon EKS cannot use private names, private addresses or http."""
    assert is_public(issuer) is public


def test_kube_apiserver_is_told_by_flags() -> None:
    """RS256 needs no flag; another algorithm and a private authority do."""
    plain = ["--oidc-issuer-url=https://dev-1.okta.com/oauth2/aus1", "--oidc-client-id=0oa1"]
    claims = ["--oidc-username-claim=email", "--oidc-groups-claim=groups"]

    assert apiserver_flags(TRUST) == [*plain, *claims]
    assert apiserver_flags(ClusterTrust(issuer=TRUST.issuer, audience="0oa1", algorithm="RS256")) == [
        *plain,
        *claims,
    ]
    other = ClusterTrust(issuer=TRUST.issuer, audience="0oa1", algorithm="ES256", ca_pem="PEM\n")
    assert apiserver_flags(other)[4:] == [
        "--oidc-signing-algs=RS256,ES256",
        "--oidc-ca-file=/etc/kubernetes/pki/oidc-ca.crt",
    ]


def test_the_authentication_configuration_maps_claims_as_the_flags_do() -> None:
    """No prefix for `email`, the issuer and # for other claims. Both must be explicit."""
    by_email = YAML(typ="safe", pure=True).load(authentication_configuration(TRUST).text())
    by_sub = YAML(typ="safe", pure=True).load(
        authentication_configuration(
            ClusterTrust(issuer="https://a.example.com", audience="c", username_claim="sub")
        ).text()
    )

    assert (by_email["apiVersion"], by_email["kind"]) == (
        "apiserver.config.k8s.io/v1",
        "AuthenticationConfiguration",
    )
    assert by_email["jwt"][0]["issuer"] == {"url": TRUST.issuer, "audiences": ["0oa1"]}
    assert by_email["jwt"][0]["claimMappings"] == {
        "username": {"claim": "email", "prefix": ""},
        "groups": {"claim": "groups", "prefix": ""},
    }
    assert by_sub["jwt"][0]["claimMappings"]["username"] == {
        "claim": "sub",
        "prefix": "https://a.example.com#",
    }


def test_the_authentication_configuration_refuses_names_of_kubernetes_own() -> None:
    """system:masters in a token makes nobody a cluster administrator."""
    rules = YAML(typ="safe", pure=True).load(authentication_configuration(TRUST).text())["jwt"][0][
        "userValidationRules"
    ]

    assert [rule["expression"] for rule in rules] == [
        "!user.username.startsWith('system:')",
        "user.groups.all(group, !group.startsWith('system:'))",
    ]


def test_the_authentication_configuration_carries_a_private_authority() -> None:
    """With the complete certificate."""
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    text = authentication_configuration(ClusterTrust(issuer=TRUST.issuer, audience="0oa1", ca_pem=pem)).text()

    assert YAML(typ="safe", pure=True).load(text)["jwt"][0]["issuer"]["certificateAuthority"] == pem
