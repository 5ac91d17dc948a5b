"""The parameter ``claims``: which texts are requests, and which ID tokens meet them (OpenID Connect Core 5.5)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.authentication.requested_claims import check_essential, has_essential, parse_claims
from kubectl_oidc.errors import IdTokenError, UsageError
from tests.arbitrary import JSON, TEXT, or_refused
from tests.topics import about


def asks(**wanted: object) -> str:
    return parse_claims(json.dumps({"id_token": wanted}))


@pytest.mark.parametrize(
    ("wanted", "claims"),
    [
        ({"essential": True, "values": ["phr", "phrh"]}, {"acr": "phrh"}),
        ({"essential": True, "value": "phr"}, {"acr": "phr"}),
        ({"essential": True}, {"acr": "anything"}),
        ({"essential": True, "value": "otp"}, {"acr": ["pwd", "otp"]}),
        ({"values": ["phr"]}, {"acr": "pwd"}),
        ({"essential": False, "values": ["phr"]}, {}),
        (None, {}),
    ],
)
def test_what_meets_the_request_is_taken(wanted: object, claims: dict[str, object]) -> None:
    """Of an essential claim one of the values; what is voluntary may be anything or missing (Core 5.5.1)."""
    check_essential(asks(acr=wanted), claims, refreshed=False)


@pytest.mark.parametrize(
    ("claims", "came"),
    [({"acr": "pwd"}, '"pwd"'), ({}, ""), ({"acr": None}, ""), ({"acr": []}, "[]")],
)
def test_an_essential_claim_that_is_not_met_is_named(claims: dict[str, object], came: str) -> None:
    """With what was asked for, and what came."""
    with pytest.raises(IdTokenError, check=about("step-up", "acr", "--claims", '"phr"', '"phrh"', came)):
        check_essential(asks(acr={"essential": True, "values": ["phr", "phrh"]}), claims, refreshed=False)


def test_a_refresh_may_omit_a_claim_but_not_contradict() -> None:
    """Core 12.2: it is about the same sign-in."""
    request = asks(acr={"essential": True, "value": "phr"})
    check_essential(request, {}, refreshed=True)
    with pytest.raises(IdTokenError, check=about("step-up")):
        check_essential(request, {"acr": "pwd"}, refreshed=True)


def test_equal_requests_are_one_text() -> None:
    """Whatever their spaces and the order of their members, so that they are one session."""
    first = parse_claims('{"userinfo": {"b": null, "a": null}, "id_token": {}}')
    assert first == parse_claims('{"id_token":{},"userinfo":{"a":null,"b":null}}')
    assert not has_essential(first)
    assert has_essential(asks(acr={"essential": True}))
    assert not has_essential("")


@pytest.mark.parametrize(
    "text",
    [
        "acr",
        "[]",
        "{}",
        '{"acr":null}',
        '{"id_token":null}',
        '{"id_token":{"acr":"phr"}}',
        '{"id_token":{"acr":{"essential":"yes"}}}',
        '{"id_token":{"acr":{"values":"phr"}}}',
        '{"id_token":{"acr":{"values":[]}}}',
        '{"id_token":{"acr":null,"acr":null}}',
        '{"id_token":{"acr":{"value":NaN}}}',
        '{"id_token":{"\\ud800":null}}',
        '{"id_token":{"a":{"value":' + "[" * 3000 + "]" * 900 + "}}}",
        '{"id_token":{"a":{"value":"' + "x" * 5000 + '"}}}',
    ],
)
def test_what_is_no_request_is_refused(text: str) -> None:
    """By the flag, before anybody is asked, with an example."""
    with pytest.raises(UsageError, check=about("usage", "--claims", "essential")):
        parse_claims(text)


@given(
    st.one_of(
        TEXT,
        JSON.map(json.dumps),
        st.dictionaries(st.sampled_from(["id_token", "userinfo"]), JSON).map(json.dumps),
    )
)
def test_any_text_is_a_request_or_refused(text: str) -> None:
    """In words that a terminal may show; what is taken can be sent, and checked against any ID token."""
    with or_refused(UsageError):
        request = parse_claims(text)
        request.encode()
        assert parse_claims(request) == request
        has_essential(request)
