"""Each fault of a token is one finding, with a hint for its provider."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from kubectl_oidc.diagnosis import Finding, Severity
from kubectl_oidc.diagnosis.token.facts import TokenFacts
from kubectl_oidc.diagnosis.token.findings import check_token
from kubectl_oidc.oidc.vendors import Vendor, vendor_of
from tests.tokens import ABSENT, CLIENT_ID, ISSUER, good_claims
from tests.topics import told_apart

GOOD = TokenFacts(
    issuer=ISSUER,
    client_id=CLIENT_ID,
    scopes=("openid", "email", "profile", "offline_access"),
    claims=good_claims(),
    algorithm="RS256",
    has_refresh_token=True,
)
WARNING, PROBLEM = Severity.WARNING, Severity.PROBLEM


def facts(issuer: str = ISSUER, **claims: object) -> TokenFacts:
    """Return good facts with other claims; ABSENT drops one."""
    return replace(GOOD, issuer=issuer, claims=good_claims(**{"iss": issuer, **claims}))


def with_claim(name: str, value: object) -> TokenFacts:
    """Return good facts without groups and with another claim."""
    return replace(GOOD, claims={**good_claims(groups=ABSENT), name: value})


def only(found: list[Finding]) -> Finding:
    """Return the only finding."""
    assert len(found) == 1, found
    return found[0]


def test_a_good_token_has_no_findings() -> None:
    assert check_token(GOOD) == []
    assert check_token(facts(email_verified=True)) == []


@pytest.mark.parametrize(
    ("issuer", "entra"), [(ISSUER, False), ("https://login.microsoftonline.com/1-2-3/v2.0", True)]
)
def test_another_issuer_is_a_finding(issuer: str, *, entra: bool) -> None:
    """An access token of Entra may be of version 1, which has another issuer."""
    finding = only(check_token(facts(issuer, iss="https://sts.windows.net/1-2-3/")))
    assert finding.topic == "claims-issuer"
    assert "https://sts.windows.net/1-2-3/" in finding.message
    assert finding.hint
    assert ("requestedAccessTokenVersion" in finding.hint) is entra


@pytest.mark.parametrize(
    ("claims", "severity", "topic", "named"),
    [
        pytest.param({"groups": ABSENT}, WARNING, "claims-groups", " groups", id="no groups"),
        pytest.param({"groups": None}, WARNING, "claims-groups", " groups", id="null groups"),
        pytest.param({"groups": []}, WARNING, "claims-groups", "groups", id="empty groups"),
        pytest.param({"groups": "eks-admins"}, WARNING, "claims-groups", '"eks-admins"', id="one string"),
        pytest.param({"groups": {"a": "b"}}, PROBLEM, "claims-groups", "groups", id="a mapping"),
        pytest.param({"groups": ["a", 1]}, PROBLEM, "claims-groups", "groups", id="a number among them"),
        pytest.param(
            {"groups": ["system:masters"]}, WARNING, "claims-system", "system:masters", id="system:"
        ),
        pytest.param({"groups": ["a\u202eb"]}, WARNING, "claims-groups", "", id="odd name"),
        pytest.param({"email": ABSENT}, PROBLEM, "claims-username", " email", id="no email"),
        pytest.param({"email": ""}, PROBLEM, "claims-username", '""', id="empty email"),
        pytest.param({"email": ["a@b"]}, PROBLEM, "claims-username", '["a@b"]', id="email is a list"),
        pytest.param({"email": "system:admin"}, PROBLEM, "claims-system", "system:admin", id="system user"),
        pytest.param({"email_verified": False}, PROBLEM, "claims-email-verified", "false", id="not verified"),
        pytest.param(
            {"email_verified": "true"}, PROBLEM, "claims-email-verified", '"true"', id="verified, as a string"
        ),
        pytest.param({"aud": "other"}, WARNING, "claims-audience", '"other"', id="other audience"),
        pytest.param({"aud": ABSENT}, WARNING, "claims-audience", "null", id="no audience"),
    ],
)
def test_each_fault_of_a_claim_is_one_finding(
    claims: dict[str, Any], severity: Severity, topic: str, named: str
) -> None:
    """What the API server rejects is a problem, the rest a warning."""
    finding = only(check_token(facts(**claims)))
    assert (finding.severity, finding.topic) == (severity, topic)
    assert named in finding.message
    assert finding.hint


def test_a_group_that_a_terminal_cannot_show_is_told_from_none() -> None:
    """Whatever its characters are."""
    groups: dict[str, list[object]] = {"odd": [["a\u202eb"], ["\x1b[2J"]], "none": [ABSENT], "empty": [[]]}
    told_apart(
        {
            kind: [only(check_token(facts(groups=one))).message for one in each]
            for kind, each in groups.items()
        }
    )


def test_an_empty_list_of_groups_is_not_called_missing() -> None:
    """The provider sends the claim, so the client's settings are right."""
    groups = {"missing": (ABSENT, None), "empty": ([],)}
    told_apart(
        {
            kind: [only(check_token(facts(groups=value))).message for value in values]
            for kind, values in groups.items()
        }
    )


def test_email_matters_only_if_it_is_the_user_name() -> None:
    given = replace(facts(email=ABSENT, email_verified=False), username_claim="sub")

    assert check_token(given) == []


def test_a_missing_email_claim_is_explained_by_a_missing_scope() -> None:
    given = replace(facts(email=ABSENT), scopes=("openid", "offline_access"))

    assert "--oidc-extra-scope=email" in only(check_token(given)).hint


def test_another_claim_that_looks_like_groups_is_suggested() -> None:
    finding = only(check_token(with_claim("https://example.com/groups", ["a"])))

    assert "--oidc-groups-claim=https://example.com/groups" in finding.hint


@pytest.mark.parametrize("claims", [{"hasgroups": True}, {"_claim_names": {"groups": "src1"}}])
def test_too_many_groups_for_entra_are_explained(claims: dict[str, Any]) -> None:
    """Entra leaves out the claim, and says where to request it instead; kubectl cannot."""
    finding = only(check_token(facts(groups=ABSENT, **claims)))

    assert finding.topic == "claims-groups"
    assert "Entra" in finding.message


def test_oktas_org_server_is_the_reason_for_missing_groups() -> None:
    """The issuer without /oauth2/ cannot issue a groups claim; a custom server can."""
    finding = only(check_token(facts("https://acme.okta.com", groups=ABSENT)))

    assert finding.topic == "claims-groups"
    assert "Okta" in finding.message
    assert "https://ORG.okta.com/oauth2/ID" in finding.hint


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ("https://acme.okta.com", Vendor.OKTA_ORG),
        ("https://acme.okta.com/oauth2/default", Vendor.OKTA),
        ("https://acme.oktapreview.com/oauth2/aus1", Vendor.OKTA),
        ("https://login.microsoftonline.com/tenant/v2.0", Vendor.ENTRA),
        ("https://accounts.google.com", Vendor.GOOGLE),
        ("https://sso.example.com/realms/corp", Vendor.KEYCLOAK),
        ("https://acme.eu.auth0.com/", Vendor.AUTH0),
        ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x", Vendor.COGNITO),
        ("https://gitlab.com", Vendor.GITLAB),
        ("https://okta.com.evil.example", Vendor.OTHER),
        ("https://dex.example.com", Vendor.OTHER),
    ],
)
def test_the_vendor_is_recognised_by_the_issuers_host(issuer: str, expected: Vendor) -> None:
    """The host, not any part of the URL, decides."""
    assert vendor_of(issuer) is expected


@pytest.mark.parametrize(
    ("scopes", "issuer", "hint"),
    [
        pytest.param(
            ("openid",),
            ISSUER,
            "--oidc-extra-scope=offline_access",
            id="not asked",
        ),
        pytest.param(
            ("openid", "offline_access"),
            "https://acme.okta.com/oauth2/aus1",
            "Refresh Token",
            id="Okta, Authorization Code only",
        ),
        pytest.param(("openid",), "https://accounts.google.com", "prompt=consent", id="Google"),
    ],
)
def test_the_hint_for_a_missing_refresh_token_depends_on_the_requested_scopes(
    scopes: tuple[str, ...], issuer: str, hint: str
) -> None:
    """Not requested and not issued need different actions."""
    claims = good_claims(iss=issuer, email_verified=True)
    given = replace(GOOD, issuer=issuer, scopes=(*scopes, "email"), claims=claims, has_refresh_token=False)
    finding = only(check_token(given))

    assert (finding.severity, finding.topic) == (WARNING, "claims-refresh-token")
    assert re.search(r"\b60 ", finding.message)
    assert hint in finding.hint


def test_a_short_lifetime_is_shown_in_seconds() -> None:
    """A token of 90 seconds does not last "1 minutes"."""
    given = replace(facts(iat=0, exp=90), has_refresh_token=False)

    assert re.search(r"\b90 ", only(check_token(given)).message)


@pytest.mark.parametrize(
    ("algorithm", "severity"), [("ES384", WARNING), ("PS256", WARNING), ("EdDSA", PROBLEM)]
)
def test_an_algorithm_other_than_rs256_is_a_finding(algorithm: str, severity: Severity) -> None:
    """kube-apiserver's flags accept only RS256 by default, and never EdDSA."""
    finding = only(check_token(replace(GOOD, algorithm=algorithm)))

    assert (finding.severity, finding.topic) == (severity, "claims-algorithm")
    assert algorithm in finding.message


def test_an_http_issuer_is_a_problem() -> None:
    """It is good enough for tests on loopback, but no API server accepts it."""
    finding = only(check_token(facts("http://localhost:8080")))
    assert (finding.severity, finding.topic) == (PROBLEM, "claims-issuer")


def test_problems_come_before_warnings() -> None:
    found = check_token(facts(groups="one", email_verified=False))

    assert [finding.severity for finding in found] == [PROBLEM, WARNING]


def test_a_prefix_decides_whether_a_name_is_reserved() -> None:
    """The cluster checks the name with its prefix."""
    given = facts(email="system:admin", groups=["system:masters"])
    assert check_token(replace(given, username_prefix="oidc:", groups_prefix="oidc:")) == []
    assert "system:ada" in only(check_token(replace(facts(email="ada"), username_prefix="system:"))).message
    assert "system:ops" in only(check_token(replace(facts(groups=["ops"]), groups_prefix="system:"))).message


def test_text_from_the_provider_is_sanitized() -> None:
    """Messages and hints have no escape sequences from claims and group names."""
    evil = "\x1b[31m\u202e\n"
    cases = [
        facts(groups=[f"system:{evil}"], email=f"system:{evil}", email_verified=evil, aud=evil),
        facts(groups=evil, email=[evil]),
        with_claim(f"groups{evil}", ["a"]),
        replace(GOOD, algorithm=evil),
    ]

    for given in cases:
        for finding in check_token(given):
            assert not set("\x1b\u202e\n") & set(finding.message + finding.hint)
