"""A wrong issuer URL, with the installed program: what is proposed answers, and what does not answer is not proposed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.oidc.workload_issuers import WORKLOADS, workload_issuer
from tests.internet import WELL_KNOWN, Internet
from tests.plugin import run_plugin

from .said import topics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

TENANT = "11111111-2222-3333-4444-555555555555"
HOSTS = (
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.windows.net",
    "sts.windows.net",
    "corp.b2clogin.com",
    "corp.ciamlogin.com",
    f"{TENANT}.ciamlogin.com",
    "idcs-1.identity.oraclecloud.com",
    "identity.oraclecloud.com",
    "sso.example.com",
    "token.actions.githubusercontent.com",
    "k8s.example.com",
    "oidc.eks.eu-central-1.amazonaws.com",
)
PROPOSED = re.compile(r"`--oidc-issuer-url=(\S+)`")


@pytest.fixture
def internet(tmp_path: Path) -> Iterator[Internet]:
    with Internet(tmp_path, *HOSTS) as running:
        yield running


def refusal(internet: Internet, issuer: str, *more: str) -> str:
    """Return what get-token says about an issuer."""
    flags = [f"--oidc-issuer-url={issuer}", "--oidc-client-id=k8s", "--skip-open-browser", *internet.flags]
    ended = run_plugin("get-token", *flags, "--authentication-timeout-sec=5", *more, env=internet.env)
    assert (ended.returncode, ended.stdout) == (1, ""), ended.stderr
    assert topics(ended.stderr) == ["issuer-url"]
    return ended.stderr


def b2c(policy: str = "b2c_1_susi") -> str:
    return f"https://corp.b2clogin.com/corp.onmicrosoft.com/{policy}/v2.0"


ANSWERS = [
    # what is configured, what its metadata names, what is proposed
    ("https://sso.example.com/a", "https://sso.example.com/b", "https://sso.example.com/b"),
    ("https://sso.example.com/a", "https://sso.example.com/a/", "https://sso.example.com/a/"),
    (
        f"https://login.microsoftonline.us/{TENANT}",
        f"https://sts.windows.net/{TENANT}/",
        f"https://login.microsoftonline.us/{TENANT}/v2.0",
    ),
    (
        f"https://login.windows.net/{TENANT}",
        f"https://sts.windows.net/{TENANT}/",
        f"https://login.microsoftonline.com/{TENANT}/v2.0",
    ),
    (
        f"https://login.windows.net/{TENANT}/v2.0",
        f"https://login.microsoftonline.com/{TENANT}/v2.0",
        f"https://login.microsoftonline.com/{TENANT}/v2.0",
    ),
    (
        f"https://corp.ciamlogin.com/{TENANT}/v2.0",
        f"https://{TENANT}.ciamlogin.com/{TENANT}/v2.0",
        f"https://{TENANT}.ciamlogin.com/{TENANT}/v2.0",
    ),
    (
        b2c(),
        f"https://corp.b2clogin.com/{TENANT}/v2.0/",
        f"https://corp.b2clogin.com/tfp/{TENANT}/b2c_1_susi/v2.0/",
    ),
]


@pytest.mark.parametrize(("issuer", "named", "proposed"), ANSWERS)
def test_an_issuer_that_answers_is_proposed(
    internet: Internet, issuer: str, named: str, proposed: str
) -> None:
    """It was asked for, without the headers that were given for the configured one; nothing else was asked."""
    internet.issuer(issuer, issuer=named)
    internet.issuer(proposed)
    said = refusal(internet, issuer, "--oidc-request-header=X-Tenant=SECRET")
    assert PROPOSED.findall(said) == [proposed]
    assert internet.asked() == [
        issuer.removesuffix("/") + WELL_KNOWN,
        proposed.removesuffix("/") + WELL_KNOWN,
    ]
    assert sum("SECRET" in header for header in internet.headers()) == 1


@pytest.mark.parametrize(
    ("issuer", "named"),
    [
        *((issuer, named) for issuer, named, proposed in ANSWERS if not proposed.endswith("/a/")),
        ("https://idcs-1.identity.oraclecloud.com", "https://identity.oraclecloud.com/"),
    ],
)
def test_an_issuer_that_does_not_answer_is_not_proposed(internet: Internet, issuer: str, named: str) -> None:
    """Azure AD B2C and Oracle name issuers that have no metadata."""
    internet.issuer(issuer, issuer=named)
    assert PROPOSED.findall(refusal(internet, issuer)) == []


@pytest.mark.parametrize(
    "host", ["login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"]
)
def test_a_pattern_is_no_issuer(internet: Internet, host: str) -> None:
    """Entra's common names its issuer with a brace; the hint has the cloud's own host, and nobody is asked a second time."""
    issuer = f"https://{host}/common/v2.0"
    internet.issuer(issuer, issuer=f"https://{host}/{{tenantid}}/v2.0")
    said = refusal(internet, issuer)
    assert "{tenantid}" not in said
    assert f"https://{host}/TENANT_ID/v2.0" in said
    assert internet.asked() == [issuer + WELL_KNOWN]


def test_b2c_without_its_issuer_leads_to_the_setting(internet: Internet) -> None:
    """The issuer that its tokens name by default has no metadata: a setting of the user flow changes it."""
    internet.issuer(b2c(), issuer=f"https://corp.b2clogin.com/{TENANT}/v2.0/")
    assert "Issuer (iss) claim" in refusal(internet, b2c())


WORKLOAD = {"authorization_endpoint": ..., "token_endpoint": ..., "response_types_supported": ["id_token"]}


@pytest.mark.parametrize(
    ("issuer", "changes", "whose"),
    [
        ("https://token.actions.githubusercontent.com", WORKLOAD, "GitHub Actions"),
        ("https://oidc.eks.eu-central-1.amazonaws.com/id/ABC", WORKLOAD, "Kubernetes"),
        (
            "https://k8s.example.com",
            {**WORKLOAD, "issuer": "https://kubernetes.default.svc"},
            "Kubernetes",
        ),
        ("https://sso.example.com/spire", {"authorization_endpoint": "", "token_endpoint": ""}, "SPIRE"),
    ],
)
def test_an_issuer_that_signs_nobody_in_is_called_so(
    internet: Internet, issuer: str, changes: dict[str, object], whose: str
) -> None:
    """By its metadata, which has no place to sign in at."""
    internet.issuer(issuer, **changes)
    said = refusal(internet, issuer)
    assert (workload_issuer(issuer) or WORKLOADS) in said
    assert whose in said
    assert PROPOSED.findall(said) == []


def test_an_issuer_of_workloads_that_cannot_be_reached_is_called_so(internet: Internet) -> None:
    """The address of service accounts is one that only pods can reach."""
    issuer = "https://kubernetes.default.svc.cluster.local"
    whose = workload_issuer(issuer)
    assert whose
    assert whose in refusal(internet, issuer)


def test_doctor_says_the_same(internet: Internet) -> None:
    """With one request for the proposal."""
    internet.issuer("https://sso.example.com/a", issuer="https://sso.example.com/b")
    internet.issuer("https://sso.example.com/b")
    flags = ["--oidc-issuer-url=https://sso.example.com/a", "--oidc-client-id=k8s", *internet.flags]
    ended = run_plugin("doctor", *flags, env=internet.env)
    assert "https://sso.example.com/b" in PROPOSED.findall("".join(ended.stdout.split("\n")) + ended.stdout)
