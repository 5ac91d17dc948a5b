"""What `setup` warns about: each fault of a token is named, with the provider's own way to mend it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kubectl_oidc.diagnosis import Finding, Severity
from kubectl_oidc.diagnosis.token.facts import TokenFacts
from kubectl_oidc.diagnosis.token.findings import lint
from kubectl_oidc.oidc.vendors import Vendor, vendor
from tests.tokens import ABSENT, CLIENT_ID, ISSUER, good_claims

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
    """Return the one thing that was found."""
    assert len(found) == 1, found
    return found[0]


def test_a_good_token_gives_no_warning() -> None:
    """The story's token is good for the story's cluster."""
    assert lint(GOOD) == []
    assert lint(facts(email_verified=True)) == []


@pytest.mark.parametrize(
    ("issuer", "hint"),
    [
        (ISSUER, "the cluster must name that issuer"),
        ("https://login.microsoftonline.com/1-2-3/v2.0", "requestedAccessTokenVersion 2"),
    ],
)
def test_a_token_of_another_issuer_is_told(issuer: str, hint: str) -> None:
    """An access token of Entra's may be one of its v1, whose issuer has another name."""
    finding = only(lint(facts(issuer, iss="https://sts.windows.net/1-2-3/")))
    assert finding.topic == "claims-issuer"
    assert 'of the issuer "https://sts.windows.net/1-2-3/"' in finding.message
    assert hint in finding.hint


@pytest.mark.parametrize(
    ("claims", "severity", "words"),
    [
        pytest.param({"groups": ABSENT}, WARNING, "the token has no claim groups", id="no groups"),
        pytest.param({"groups": None}, WARNING, "the token has no claim groups", id="null groups"),
        pytest.param({"groups": []}, WARNING, "the claim groups is an empty list", id="empty groups"),
        pytest.param({"groups": "eks-admins"}, WARNING, "is a string, not a list", id="one string"),
        pytest.param({"groups": {"a": "b"}}, PROBLEM, "not a list of strings", id="a mapping"),
        pytest.param({"groups": ["a", 1]}, PROBLEM, "not a list of strings", id="a number among them"),
        pytest.param(
            {"groups": ["system:masters"]}, WARNING, "the group system:masters begins with", id="system:"
        ),
        pytest.param(
            {"groups": ["a\u202eb"]}, WARNING, "characters that a terminal does not show", id="odd name"
        ),
        pytest.param({"email": ABSENT}, PROBLEM, "the token has no claim email", id="no email"),
        pytest.param({"email": ""}, PROBLEM, 'has "" as claim email', id="empty email"),
        pytest.param({"email": ["a@b"]}, PROBLEM, 'has ["a@b"] as claim email', id="email is a list"),
        pytest.param(
            {"email": "system:admin"}, PROBLEM, "the user name system:admin begins with", id="system user"
        ),
        pytest.param({"email_verified": False}, PROBLEM, "email_verified is false", id="not verified"),
        pytest.param(
            {"email_verified": "true"}, PROBLEM, 'email_verified is "true"', id="verified, as a string"
        ),
        pytest.param(
            {"aud": "other"}, WARNING, 'for the audience "other", not for the client', id="other audience"
        ),
        pytest.param({"aud": ABSENT}, WARNING, "for the audience null", id="no audience"),
    ],
)
def test_each_fault_of_the_claims_is_named(claims: dict[str, Any], severity: Severity, words: str) -> None:
    """One fault, one finding, with a hint; what the API server refuses is a problem, the rest a warning."""
    finding = only(lint(facts(**claims)))

    assert words in finding.message
    assert finding.severity is severity
    assert finding.hint
    assert finding.topic.startswith("claims-")


def test_email_does_not_matter_where_another_claim_is_the_user_name() -> None:
    """Email and email_verified are looked at only where email is the user claim."""
    given = replace(facts(email=ABSENT, email_verified=False), username_claim="sub")

    assert lint(given) == []


def test_a_scope_that_was_not_asked_for_is_the_first_guess() -> None:
    """Without the scope email there is no claim email."""
    given = replace(facts(email=ABSENT), scopes=("openid", "offline_access"))

    assert only(lint(given)).hint == "add --oidc-extra-scope=email"


def test_groups_under_another_name_are_pointed_out() -> None:
    """A claim that looks like groups is named with the flag that takes it."""
    finding = only(lint(with_claim("https://example.com/groups", ["a"])))

    assert "--oidc-groups-claim=https://example.com/groups" in finding.hint


@pytest.mark.parametrize("claims", [{"hasgroups": True}, {"_claim_names": {"groups": "src1"}}])
def test_groups_that_were_too_many_for_entra_are_explained(claims: dict[str, Any]) -> None:
    """Entra leaves the claim out of a token and says where to ask instead; kubectl cannot."""
    finding = only(lint(facts(groups=ABSENT, **claims)))

    assert "more groups than Entra puts into a token" in finding.message


def test_okta_org_server_is_named_as_the_reason() -> None:
    """The issuer without /oauth2/ cannot carry the groups claim; a custom server can."""
    finding = only(lint(facts("https://acme.okta.com", groups=ABSENT)))

    assert "Okta's org authorization server cannot carry groups" in finding.message
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
def test_the_provider_is_known_by_its_issuer(issuer: str, expected: Vendor) -> None:
    """The host, not any part of the URL, decides."""
    assert vendor(issuer) is expected


@pytest.mark.parametrize(
    ("scopes", "issuer", "message", "hint"),
    [
        pytest.param(
            ("openid",),
            ISSUER,
            "because offline_access was not asked for",
            "add --oidc-extra-scope=offline_access",
            id="not asked",
        ),
        pytest.param(
            ("openid", "offline_access"),
            "https://acme.okta.com/oauth2/aus1",
            "though offline_access was asked for: the browser opens again every 60 minutes",
            "in Okta: the app > General > Grant type > Refresh Token",
            id="Okta, Authorization Code only",
        ),
        pytest.param(
            ("openid",), "https://accounts.google.com", "no refresh token", "access_type=offline", id="Google"
        ),
    ],
)
def test_a_missing_refresh_token_says_whether_it_was_asked_for(
    scopes: tuple[str, ...], issuer: str, message: str, hint: str
) -> None:
    """Not asked for and not given are two different things to do; neither stops anybody from working."""
    claims = good_claims(iss=issuer, email_verified=True)
    given = replace(GOOD, issuer=issuer, scopes=(*scopes, "email"), claims=claims, has_refresh_token=False)
    finding = only(lint(given))

    assert message in finding.message
    assert hint in finding.hint
    assert "types nothing" in finding.hint
    assert finding.severity is WARNING


def test_a_life_in_seconds_is_told_in_seconds() -> None:
    """A token of 90 seconds does not last "1 minutes"."""
    given = replace(facts(iat=0, exp=90), has_refresh_token=False)

    assert "every 90 seconds" in only(lint(given)).message


@pytest.mark.parametrize(
    ("algorithm", "severity", "words"),
    [
        ("ES384", WARNING, "kube-apiserver takes RS256 only"),
        ("PS256", WARNING, "kube-apiserver takes RS256 only"),
        ("EdDSA", PROBLEM, "which kube-apiserver cannot verify"),
    ],
)
def test_an_algorithm_beside_rs256_is_named(algorithm: str, severity: Severity, words: str) -> None:
    """kube-apiserver's flags take RS256 alone by default, and EdDSA never."""
    finding = only(lint(replace(GOOD, algorithm=algorithm)))

    assert words in finding.message
    assert finding.severity is severity


def test_an_http_issuer_is_a_problem() -> None:
    """Good for trying out on loopback; no API server takes it."""
    assert "not https" in only(lint(facts("http://localhost:8080"))).message


def test_problems_come_before_warnings() -> None:
    """What stops everything is read first."""
    found = lint(facts(groups="one", email_verified=False))

    assert [finding.severity for finding in found] == [PROBLEM, WARNING]


def test_a_prefix_keeps_a_name_off_those_of_kubernetes() -> None:
    """The cluster looks at the name with its prefix; a prefix of `system:` makes of every name one that is kept."""
    given = facts(email="system:admin", groups=["system:masters"])
    assert lint(replace(given, username_prefix="oidc:", groups_prefix="oidc:")) == []
    assert (
        "the user name system:ada"
        in only(lint(replace(facts(email="ada"), username_prefix="system:"))).message
    )
    assert (
        "the group system:ops" in only(lint(replace(facts(groups=["ops"]), groups_prefix="system:"))).message
    )


def test_words_from_the_provider_reach_no_terminal_raw() -> None:
    """Escape sequences in claims and group names are gone from every message and hint."""
    evil = "\x1b[31m\u202e\n"
    cases = [
        facts(groups=[f"system:{evil}"], email=f"system:{evil}", email_verified=evil, aud=evil),
        facts(groups=evil, email=[evil]),
        with_claim(f"groups{evil}", ["a"]),
        replace(GOOD, algorithm=evil),
    ]

    for given in cases:
        for finding in lint(given):
            assert not set("\x1b\u202e\n") & set(finding.message + finding.hint)
