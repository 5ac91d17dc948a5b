"""The discovery document: its issuer, the required members, and which endpoints are accepted."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, strategies as st

from kubectl_oidc.errors import InvalidProviderResponse
from kubectl_oidc.oidc.metadata import (
    PUBLIC_ADDRESS,
    Metadata,
    OtherIssuerError,
    discovery_url,
    is_inside,
    parse_metadata,
)
from kubectl_oidc.oidc.workload_issuers import WORKLOADS
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import url_fault
from tests.hostile import discovery
from tests.tokens import ISSUER
from tests.topics import told_apart

LOCAL = "http://localhost:8080/realms/dev"
REQUIRED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
OPTIONAL = (
    "device_authorization_endpoint",
    "revocation_endpoint",
    "end_session_endpoint",
    "pushed_authorization_request_endpoint",
)


def refused(document: dict[str, object], issuer: str = ISSUER) -> InvalidProviderResponse:
    with pytest.raises(InvalidProviderResponse) as caught:
        parse_metadata(document, issuer)
    for words in (caught.value.message, caught.value.hint):
        assert words
        assert sanitize(words, limit=1000) == words
    return caught.value


def naming(issuer: object) -> dict[str, object]:
    """Return a valid document with another issuer; ``...`` leaves the issuer out."""
    document = {**discovery(ISSUER), "issuer": issuer}
    return {name: value for name, value in document.items() if value is not ...}


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("https://idp.test", "https://idp.test/.well-known/openid-configuration"),
        ("https://idp.test/", "https://idp.test/.well-known/openid-configuration"),
        ("https://idp.test/a/b", "https://idp.test/a/b/.well-known/openid-configuration"),
        ("https://idp.test/a/b/", "https://idp.test/a/b/.well-known/openid-configuration"),
        ("https://idp.test/a//", "https://idp.test/a//.well-known/openid-configuration"),
    ],
)
def test_discovery_is_under_the_issuer(issuer: str, url: str) -> None:
    """Discovery §4: appended to the issuer, one slash at its end not doubled."""
    assert discovery_url(issuer) == url


def test_a_minimal_document_is_accepted() -> None:
    """The three endpoints are enough. Every other member is then empty."""
    assert parse_metadata(
        {"issuer": ISSUER, **{name: f"https://idp.example.com/{name}" for name in REQUIRED}}, ISSUER
    ) == Metadata(
        issuer=ISSUER,
        authorization_endpoint="https://idp.example.com/authorization_endpoint",
        token_endpoint="https://idp.example.com/token_endpoint",
        jwks_uri="https://idp.example.com/jwks_uri",
    )


def test_all_members_are_read() -> None:
    """Lists and optional endpoints too."""
    metadata = parse_metadata(
        discovery(
            ISSUER,
            code_challenge_methods_supported=["plain", "S256"],
            token_endpoint_auth_methods_supported=["none"],
            token_endpoint_auth_signing_alg_values_supported=["PS256"],
            scopes_supported=["openid", "email"],
            grant_types_supported=["authorization_code"],
            authorization_response_iss_parameter_supported=True,
            **{name: f"https://elsewhere.example/{name}?tenant=a" for name in OPTIONAL},
        ),
        ISSUER,
    )
    assert metadata.code_challenge_methods == ("plain", "S256")
    assert metadata.token_endpoint_auth_methods == ("none",)
    assert metadata.token_endpoint_auth_algorithms == ("PS256",)
    assert metadata.scopes_supported == ("openid", "email")
    assert metadata.grant_types == ("authorization_code",)
    assert metadata.id_token_algorithms == ("RS256",)
    assert metadata.iss_parameter_supported
    assert metadata.revocation_endpoint == "https://elsewhere.example/revocation_endpoint?tenant=a"
    assert metadata.device_authorization_endpoint is not None
    assert metadata.end_session_endpoint is not None
    assert metadata.pushed_authorization_request_endpoint is not None


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), *[(other, False) for other in ("true", 1, None, [True])]]
)
def test_only_true_sets_a_boolean_member(*, value: object, expected: bool) -> None:
    """RFC 9207 §3 (responses have ``iss``) and RFC 9126 §5 (requests must be pushed)."""
    promised = parse_metadata(discovery(ISSUER, authorization_response_iss_parameter_supported=value), ISSUER)
    required = parse_metadata(discovery(ISSUER, require_pushed_authorization_requests=value), ISSUER)

    assert (promised.iss_parameter_supported, promised.pushed_authorization_required) == (expected, False)
    assert (required.iss_parameter_supported, required.pushed_authorization_required) == (False, expected)


def test_odd_members_of_a_list_are_left_out() -> None:
    """Members of a list that are not strings are ignored. Null counts as missing."""
    metadata = parse_metadata(
        discovery(ISSUER, scopes_supported=["openid", 1, None, ["x"]], grant_types_supported=None), ISSUER
    )
    assert metadata.scopes_supported == ("openid",)
    assert metadata.grant_types == ()


@pytest.mark.parametrize(
    "named",
    [
        ISSUER + "/",
        ISSUER.upper(),
        ISSUER.replace("https", "http"),
        ISSUER.replace("idp.example.com", "IDP.example.com"),
        ISSUER.replace("idp.example.com", "idp.example.com:443"),
        ISSUER.replace("default", "d%65fault"),
        ISSUER + "?",
        " " + ISSUER,
        ISSUER + "\n",
        ISSUER.replace("/oauth2/default", ""),
    ],
)
def test_an_issuer_that_is_not_the_same_byte_for_byte_is_refused(named: str) -> None:
    """Nothing is normalized (Discovery §4.3, RFC 8414 §3.3). The message names both."""
    error = refused(naming(named))
    assert error.topic == "issuer-url"
    assert "idp.example.com" in error.message.lower()


@given(st.text(max_size=40) | st.sampled_from([ISSUER, ISSUER + "/"]).map(lambda url: url + "\u200b"))
def test_no_other_issuer_is_taken(named: str) -> None:
    """Any other issuer is refused with a printable message."""
    assume(named != ISSUER)
    refused(naming(named))


@pytest.mark.parametrize("named", [None, "", 7, [ISSUER], {"a": ISSUER}, ...])
def test_a_document_without_an_issuer_is_refused(named: object) -> None:
    """The issuer must be a string that is not empty."""
    error = refused(naming(named))
    assert not isinstance(error, OtherIssuerError)
    assert "issuer" in error.message


@pytest.mark.parametrize(("issuer", "named"), [(ISSUER, f"{ISSUER}/"), (f"{ISSUER}/", ISSUER)])
def test_another_issuer_is_named_and_not_proposed(issuer: str, named: str) -> None:
    """The message names both. Only ``wrong_issuer`` proposes another, after asking it."""
    error = refused(naming(named), issuer)
    assert isinstance(error, OtherIssuerError)
    assert error.named == named
    assert f'"{named}"' in error.message
    assert f'"{issuer}"' in error.message
    assert "--oidc-issuer-url=" not in error.hint


def test_a_pattern_is_not_shown_as_an_issuer() -> None:
    """The metadata of Entra's common has a placeholder as issuer."""
    assert "{" not in refused(naming("https://idp.example.com/{tenantid}/v2.0")).message


def test_metadata_without_endpoints_to_sign_in_belongs_to_workloads() -> None:
    """If both endpoints are missing, the issuer is one for workloads and its metadata is not at fault."""
    error = refused(discovery(ISSUER, authorization_endpoint=..., token_endpoint=""))
    assert ISSUER in error.message
    assert WORKLOADS in error.message
    assert error.topic == "issuer-url"


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [..., None])
def test_a_missing_endpoint_is_named(name: str, value: object) -> None:
    """The three endpoints are required."""
    assert refused(discovery(ISSUER, **{name: value})).message.endswith(f" {name}")


BAD_ENDPOINTS = [
    "http://idp.example.com/x",
    "http://localhost/x",
    "http://127.0.0.1:8080/x",
    "ftp://idp.example.com/x",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "/oauth2/token",
    "https://",
    "https://me:SECRET@idp.example.com/x",
    "https://idp.example.com/x#a",
    "https://idp.example.com/\x1b[31m",
    "https://idp.example.com/a b",
    "https://idp.example.com\\@evil.example",
    "https://[::1",
    "https://idp.example.com:99999/",
]


@pytest.mark.parametrize("name", [*REQUIRED, *OPTIONAL])
@pytest.mark.parametrize("value", BAD_ENDPOINTS)
def test_an_endpoint_that_must_not_be_spoken_to_is_refused(name: str, value: str) -> None:
    """Every endpoint must be https. The error names the member and its fault, and does not repeat the value."""
    error = refused(discovery(ISSUER, **{name: value}))
    fault = url_fault(value, http_allowed=False)
    assert fault
    assert re.search(rf" {name} .*{re.escape(fault)}$", error.message)
    assert "SECRET" not in error.message + error.hint


@pytest.mark.parametrize("name", [*REQUIRED, *OPTIONAL])
def test_an_endpoint_that_is_not_a_text_is_told_from_a_bad_one(name: str) -> None:
    kinds: dict[str, tuple[object, ...]] = {
        "not a text": (7, ["https://idp.example.com/x"]),
        "not a URL": ("https://[::1",),
        "not https": ("ftp://idp.example.com/x",),
    }
    said = {
        kind: [refused(discovery(ISSUER, **{name: value})).message for value in values]
        for kind, values in kinds.items()
    }
    told_apart(said)
    assert all(re.search(rf"\b{name}\b", text) for texts in said.values() for text in texts)


def test_a_provider_on_this_machine_may_be_http() -> None:
    """If the issuer is on this machine, its endpoints there may be http too."""
    assert parse_metadata(discovery(LOCAL), LOCAL).token_endpoint == f"{LOCAL}/token"
    elsewhere = discovery(LOCAL, token_endpoint="http://[::1]:1/token")
    assert parse_metadata(elsewhere, LOCAL).token_endpoint == "http://[::1]:1/token"


def test_a_provider_on_this_machine_sends_nobody_to_http_elsewhere() -> None:
    """A local issuer does not allow http to other hosts."""
    error = refused(discovery(LOCAL, jwks_uri="http://idp.example.com/k"), LOCAL)
    assert re.search(r"\bjwks_uri .*\bhttp\b", error.message)
    assert error.hint == PUBLIC_ADDRESS


@pytest.mark.parametrize("name", REQUIRED)
def test_an_empty_text_is_no_endpoint(name: str) -> None:
    """A required endpoint must not be empty."""
    assert re.search(rf"\b{name} .*https://", refused(discovery(ISSUER, **{name: ""})).message)


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_empty_text_for_an_optional_endpoint_is_none(name: str) -> None:
    """It counts as missing, and doctor mentions it."""
    metadata = parse_metadata(discovery(ISSUER, **{name: ""}), ISSUER)
    assert getattr(metadata, name) is None
    (oddity,) = metadata.oddities
    assert oddity.startswith(f"{name} ")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("code_challenge_methods_supported", "code_challenge_methods"),
        ("token_endpoint_auth_methods_supported", "token_endpoint_auth_methods"),
        ("token_endpoint_auth_signing_alg_values_supported", "token_endpoint_auth_algorithms"),
        ("scopes_supported", "scopes_supported"),
        ("grant_types_supported", "grant_types"),
    ],
)
@pytest.mark.parametrize(
    ("value", "words"),
    [("one", ("one",)), ("one two", ("one", "two")), ("", ()), (7, ()), (True, ()), ({"a": 1}, ())],
)
def test_an_optional_list_that_is_no_list_does_no_harm(
    name: str, field: str, value: object, words: tuple[str, ...]
) -> None:
    """A string is split into words, anything else counts as empty. Doctor mentions it."""
    metadata = parse_metadata(discovery(ISSUER, **{name: value}), ISSUER)
    assert getattr(metadata, field) == words
    (oddity,) = metadata.oddities
    assert oddity.startswith(f"{name} ")


def test_valid_metadata_has_no_oddities() -> None:
    """Null and unknown members are not oddities."""
    assert parse_metadata(discovery(ISSUER, scopes_supported=None, x_unknown=""), ISSUER).oddities == ()


@pytest.mark.parametrize("value", ["RS256", {"a": 1}, 7, True])
def test_an_algorithm_list_that_is_no_list_is_refused(value: object) -> None:
    """It must not count as missing, because then all algorithms would be allowed."""
    document = discovery(ISSUER, id_token_signing_alg_values_supported=value)
    assert " id_token_signing_alg_values_supported " in refused(document).message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*discovery(ISSUER), *OPTIONAL, "scopes_supported"]), JSON))
def test_any_document_is_accepted_or_refused(changes: dict[str, object]) -> None:
    """No document raises another error, and accepted endpoints are https."""
    try:
        metadata = parse_metadata({**discovery(ISSUER), **changes}, ISSUER)
    except InvalidProviderResponse:
        return
    assert metadata.issuer == ISSUER
    assert metadata.token_endpoint.startswith("https://")


def test_an_issuer_that_is_no_url_is_refused_like_another() -> None:
    """A URL that cannot be parsed is not mistaken for Okta's."""
    assert refused(naming("https://[::1")).hint == refused(naming("https://other.example.com")).hint


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("https://keycloak:8443/token", True),
        ("https://keycloak.auth.svc/token", True),
        ("https://keycloak.auth.svc.cluster.local/token", True),
        ("https://idp.corp/token", True),
        ("https://10.1.2.3/token", True),
        ("https://[fd00::1]/token", True),
        ("https://idp.example.com/token", False),
        ("https://login.example.net/token", False),
        ("https://8.8.8.8/token", False),
        ("http://localhost:1/token", False),
    ],
)
def test_hosts_inside_a_network_are_told_apart(url: str, *, inside: bool) -> None:
    """By names and addresses. The issuer's own host is never internal."""
    assert is_inside(url, ISSUER) is inside
    assert not is_inside(url, url)
