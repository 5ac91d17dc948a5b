"""The discovery document: whose it is, what it must name, where its endpoints may be."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, strategies as st

from kubectl_oidc.errors import InvalidProviderResponse, ProviderUnreachable
from kubectl_oidc.http.exchange import Response
from kubectl_oidc.oidc.metadata import (
    Metadata,
    OtherIssuerError,
    check_status,
    discovery_url,
    is_inside,
    parse_metadata,
    unavailable,
)
from kubectl_oidc.text import sanitize
from tests.hostile import discovery
from tests.tokens import ISSUER

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
    """Return a good document but for the issuer; ``...`` leaves it out."""
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


def test_a_plain_document_is_believed() -> None:
    """The three endpoints are enough; what is not said is empty."""
    assert parse_metadata(
        {"issuer": ISSUER, **{name: f"https://idp.example.com/{name}" for name in REQUIRED}}, ISSUER
    ) == Metadata(
        issuer=ISSUER,
        authorization_endpoint="https://idp.example.com/authorization_endpoint",
        token_endpoint="https://idp.example.com/token_endpoint",
        jwks_uri="https://idp.example.com/jwks_uri",
    )


def test_everything_that_is_said_is_read() -> None:
    """Lists and further endpoints come along."""
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
    ("said", "meant"), [(True, True), *[(other, False) for other in ("true", 1, None, [True])]]
)
def test_a_promise_is_a_truth_value(*, said: object, meant: bool) -> None:
    """RFC 9207 §3, RFC 9126 §5: only ``true`` says that answers name their issuer, or that requests must be pushed."""
    promised = parse_metadata(discovery(ISSUER, authorization_response_iss_parameter_supported=said), ISSUER)
    required = parse_metadata(discovery(ISSUER, require_pushed_authorization_requests=said), ISSUER)

    assert (promised.iss_parameter_supported, promised.pushed_authorization_required) == (meant, False)
    assert (required.iss_parameter_supported, required.pushed_authorization_required) == (False, meant)


def test_odd_members_of_a_list_are_left_out() -> None:
    """What is no word in a list of words does no harm; null is as good as missing."""
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
    """Discovery §4.3, RFC 8414 §3.3: nothing is normalized; both are named."""
    error = refused(naming(named))
    assert error.topic == "issuer-url"
    assert "idp.example.com" in error.message.lower()


@given(st.text(max_size=40) | st.sampled_from([ISSUER, ISSUER + "/"]).map(lambda url: url + "\u200b"))
def test_no_other_issuer_is_taken(named: str) -> None:
    """Whatever the document calls itself, it is refused in visible words."""
    assume(named != ISSUER)
    refused(naming(named))


@pytest.mark.parametrize("named", [None, "", 7, [ISSUER], {"a": ISSUER}, ...])
def test_a_document_without_an_issuer_is_refused(named: object) -> None:
    """It must say whose it is, in a string."""
    assert "names no issuer" in refused(naming(named)).message


@pytest.mark.parametrize(("issuer", "named"), [(ISSUER, f"{ISSUER}/"), (f"{ISSUER}/", ISSUER)])
def test_another_issuer_is_named_and_not_proposed(issuer: str, named: str) -> None:
    """Both are said; whether the other is one is known when it was asked (``wrong_issuer``)."""
    error = refused(naming(named), issuer)
    assert isinstance(error, OtherIssuerError)
    assert error.named == named
    assert error.message == f'the provider\'s metadata is that of the issuer "{named}", not of "{issuer}"'
    assert "--oidc-issuer-url=" not in error.hint


def test_a_pattern_is_not_shown_as_an_issuer() -> None:
    """What Entra's common names is none."""
    assert "{" not in refused(naming("https://idp.example.com/{tenantid}/v2.0")).message


def test_metadata_without_a_place_to_sign_in_is_that_of_workloads() -> None:
    """Both endpoints missing: not a fault of the metadata, but another kind of issuer."""
    error = refused(discovery(ISSUER, authorization_endpoint=..., token_endpoint=""))
    assert "signs nobody in" in error.message
    assert error.topic == "issuer-url"


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [..., None])
def test_a_missing_endpoint_is_named(name: str, value: object) -> None:
    """The three endpoints that every sign-in needs must be there."""
    assert f"names no {name}" in refused(discovery(ISSUER, **{name: value})).message


BAD_ENDPOINTS = [
    ("http://idp.example.com/x", "is http, not https"),
    ("http://localhost/x", "is http, not https"),
    ("http://127.0.0.1:8080/x", "is http, not https"),
    ("ftp://idp.example.com/x", "does not begin with https://"),
    ("file:///etc/passwd", "does not begin with https://"),
    ("javascript:alert(1)", "does not begin with https://"),
    ("/oauth2/token", "does not begin with https://"),
    ("https://", "names no host"),
    ("https://me:SECRET@idp.example.com/x", "has a user name or password in it"),
    ("https://idp.example.com/x#a", "has a fragment"),
    ("https://idp.example.com/\x1b[31m", "has a character that no URL has"),
    ("https://idp.example.com/a b", "has a character that no URL has"),
    ("https://idp.example.com\\@evil.example", "has a character that no URL has"),
    ("https://[::1", "is not a URL"),
    ("https://idp.example.com:99999/", "is not a URL"),
    (7, "is no string"),
    (["https://idp.example.com/x"], "is no string"),
]


@pytest.mark.parametrize("name", [*REQUIRED, *OPTIONAL])
@pytest.mark.parametrize(("value", "why"), BAD_ENDPOINTS)
def test_an_endpoint_that_must_not_be_spoken_to_is_refused(name: str, value: object, why: str) -> None:
    """Every endpoint is https, needed or not; the error names the member and does not repeat the value."""
    error = refused(discovery(ISSUER, **{name: value}))
    assert f"a {name} that {why}" in error.message
    assert "SECRET" not in error.message + error.hint


def test_a_provider_on_this_machine_may_be_http() -> None:
    """Its issuer is on this machine, and so are its endpoints."""
    assert parse_metadata(discovery(LOCAL), LOCAL).token_endpoint == f"{LOCAL}/token"
    elsewhere = discovery(LOCAL, token_endpoint="http://[::1]:1/token")
    assert parse_metadata(elsewhere, LOCAL).token_endpoint == "http://[::1]:1/token"


def test_a_provider_on_this_machine_sends_nobody_to_http_elsewhere() -> None:
    """A local issuer does not make http good for other hosts."""
    assert (
        "is http, not https" in refused(discovery(LOCAL, jwks_uri="http://idp.example.com/k"), LOCAL).message
    )


@pytest.mark.parametrize("name", REQUIRED)
def test_an_empty_text_is_no_endpoint(name: str) -> None:
    """What is needed must be there."""
    assert f"a {name} that does not begin with https://" in refused(discovery(ISSUER, **{name: ""})).message


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_empty_text_for_an_optional_endpoint_is_none(name: str) -> None:
    """It counts as left out, and is noted for doctor."""
    metadata = parse_metadata(discovery(ISSUER, **{name: ""}), ISSUER)
    assert getattr(metadata, name) is None
    assert metadata.oddities == (f"{name} is empty",)


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
def test_a_hint_that_is_no_list_harms_nothing(
    name: str, field: str, value: object, words: tuple[str, ...]
) -> None:
    """A text is its words, anything else says nothing; it is noted for doctor."""
    metadata = parse_metadata(discovery(ISSUER, **{name: value}), ISSUER)
    assert getattr(metadata, field) == words
    assert metadata.oddities == (f"{name} is no list",)


def test_good_metadata_has_nothing_to_note() -> None:
    """Neither null nor a member that nobody knows is noted."""
    assert parse_metadata(discovery(ISSUER, scopes_supported=None, x_unknown=""), ISSUER).oddities == ()


@pytest.mark.parametrize("value", ["RS256", {"a": 1}, 7, True])
def test_a_list_that_is_none_is_refused(value: object) -> None:
    """An algorithm list that is no list must not be read as "says nothing"."""
    document = discovery(ISSUER, id_token_signing_alg_values_supported=value)
    assert "id_token_signing_alg_values_supported that is no list" in refused(document).message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*discovery(ISSUER), *OPTIONAL, "scopes_supported"]), JSON))
def test_any_document_is_believed_or_refused(changes: dict[str, object]) -> None:
    """No shape of a member is an unexpected error, and what is believed is https."""
    try:
        metadata = parse_metadata({**discovery(ISSUER), **changes}, ISSUER)
    except InvalidProviderResponse:
        return
    assert metadata.issuer == ISSUER
    assert metadata.token_endpoint.startswith("https://")


# Answers that are no document


def answer(status: int, **headers: str) -> Response:
    return Response(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, b"SECRET-BODY"
    )


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_a_provider_that_cannot_answer_is_unreachable(status: int) -> None:
    """429 and 5xx say nothing about us, so that stale metadata and the refresh token stay in use."""
    with pytest.raises(ProviderUnreachable, match=str(status)):
        check_status(answer(status), discovery_url(ISSUER), issuer=ISSUER)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 204, 304])
def test_any_other_status_is_no_document(status: int) -> None:
    """Only 200 brings a document; the body is not repeated."""
    with pytest.raises(InvalidProviderResponse, match=str(status)) as caught:
        check_status(answer(status), discovery_url(ISSUER), issuer=ISSUER)
    assert caught.value.hint
    assert "SECRET" not in caught.value.message + caught.value.hint


def test_200_is_a_document() -> None:
    """Nothing is raised for it."""
    check_status(answer(200), discovery_url(ISSUER), issuer=ISSUER)


@pytest.mark.parametrize("status", [404, 410])
def test_no_discovery_document_means_no_provider_at_the_issuer(status: int) -> None:
    """The issuer URL is what is wrong then; for another address the address is."""
    with pytest.raises(
        InvalidProviderResponse, match=f'no OpenID provider at "{ISSUER}": https://idp'
    ) as caught:
        check_status(answer(status), discovery_url(ISSUER), issuer=ISSUER)
    assert caught.value.topic == "issuer-url"
    with pytest.raises(InvalidProviderResponse) as caught:
        check_status(answer(status), "https://idp.example.com/keys", issuer=ISSUER)
    assert caught.value.message == f"https://idp.example.com/keys answers {status}"
    assert "--oidc-request-header" in caught.value.hint


def test_the_hint_says_how_long_the_provider_asks_to_wait() -> None:
    """Retry-After is passed on to the person, and the address is shown without its query."""
    error = unavailable(answer(503, retry_after="120"), "https://idp.example.com/token?key=SECRET")
    assert "try again in 120 s, as it asks" in error.hint
    assert "SECRET" not in error.message
    busy = unavailable(answer(429, retry_after="7"), "https://idp.example.com/token?key=SECRET")
    assert busy.message == "the provider answers 429, too many requests (https://idp.example.com/token)"
    assert busy.hint == "try again in 7 s, as it asks"


@pytest.mark.parametrize(
    ("issuer", "shape"),
    [
        ("https://acme.okta.com/app", "Okta's org server is https://ORG.okta.com, a custom"),
        ("https://acme.trexcloud.com/oauth2/x", "Okta's org server is https://ORG.okta.com, a custom"),
        (
            "https://login.microsoftonline.us/x",
            "Entra's issuer is https://login.microsoftonline.us/TENANT_ID/v2.0",
        ),
        (
            "https://sts.chinacloudapi.cn/x",
            "Entra's issuer is https://login.partner.microsoftonline.cn/TENANT_ID/v2.0",
        ),
        ("https://login.windows.net/x", "Entra's issuer is https://login.microsoftonline.com/TENANT_ID/v2.0"),
        (
            "https://corp.ciamlogin.com/x",
            "the issuer of an external tenant is https://TENANT_ID.ciamlogin.com",
        ),
        ("https://corp.b2clogin.com/x", "the issuer is https://corp.b2clogin.com/tfp/TENANT_ID/POLICY/v2.0/"),
        ("https://idp.example.com/app", "an issuer URL looks like https://ORG.okta.com/oauth2/default or"),
    ],
)
def test_the_shape_of_an_issuer_is_shown_where_no_document_is(issuer: str, shape: str) -> None:
    """At Okta the org server or a custom authorization server is meant, and the hint shows both; Entra answers 400."""
    for status in (400, 404):
        with pytest.raises(InvalidProviderResponse) as caught:
            check_status(answer(status), discovery_url(issuer), issuer=issuer)
        assert caught.value.hint.startswith(shape)


def test_an_issuer_that_is_no_url_is_refused_like_another() -> None:
    """What cannot be taken apart is not taken for Okta's."""
    assert "copy the issuer URL" in refused(naming("https://[::1")).hint


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
    """By their names and addresses; the issuer's own host is where the person reaches it."""
    assert is_inside(url, ISSUER) is inside
    assert not is_inside(url, url)
