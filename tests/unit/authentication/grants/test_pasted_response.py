"""Pasted responses: what is accepted, and why other texts are rejected."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.authentication.grants.authorization_request import AuthorizationSecrets
from kubectl_oidc.authentication.grants.pasted_response import parse_pasted_response
from kubectl_oidc.loopback.authorization_response import AuthorizationResponse
from kubectl_oidc.secret import Secret
from tests.tokens import ISSUER
from tests.topics import told_apart

SECRETS = AuthorizationSecrets(Secret("the-state"), Secret("the-nonce"), Secret("the-verifier"))
CODE = Secret("a.code-of/the+provider~")
ADDRESS = "http://localhost:8000/?code=a.code-of%2Fthe%2Bprovider~&state=the-state"
REFUSAL = "http://localhost:8000/?error=access_denied&state=the-state"


def answer(text: str, *, iss_required: bool = False) -> AuthorizationResponse | str:
    return parse_pasted_response(text, SECRETS, issuer=ISSUER, iss_required=iss_required)


def rejected(text: str, *, iss_required: bool = False) -> str:
    """Return why a text is not the answer; it must not be."""
    said = answer(text, iss_required=iss_required)
    assert isinstance(said, str)
    return said


@pytest.mark.parametrize(
    "text",
    [
        ADDRESS,
        f"  {ADDRESS}\n",
        f'"{ADDRESS}"',
        f"<{ADDRESS}>",
        f"{ADDRESS}#",
        f"{ADDRESS}#fragment",
        ADDRESS.replace("http://localhost:8000/", "https://sso.example.com/back"),
        ADDRESS.partition("?")[2],
        f"{ADDRESS}&session_state=x",
        f"{ADDRESS}&iss=https%3A%2F%2Fidp.example.com%2Foauth2%2Fdefault",
        "a.code-of/the+provider~",
        "'a.code-of/the+provider~'",
    ],
)
def test_an_address_or_its_code_is_the_answer(text: str) -> None:
    """With or without quotes, brackets and spaces."""
    assert answer(text) == AuthorizationResponse(CODE)


OTHERS_ISSUER = f"{ADDRESS}&iss=https%3A%2F%2Fevil.example.com"
REJECTED = {
    "other sign-in": [ADDRESS.replace("the-state", "another"), ADDRESS.partition("&")[0]],
    "repeated": [f"{ADDRESS}&state=the-state"],
    "other issuer": [OTHERS_ISSUER],
    "code and error": [f"{ADDRESS}&error=x"],
    "neither code nor error": ["http://localhost:8000/?state=the-state"],
    "address without an answer": ["http://localhost:8000/", "https://idp.example.com/sign-in"],
    "no address": ["two words", "", "cödé"],
}


def test_what_is_no_answer_to_this_sign_in_is_not_taken() -> None:
    """RFC 6749 §10.12, §3.1, RFC 9207 §2.4: as from a browser. Each kind has its reason, and the text is not repeated."""
    said = {kind: [rejected(text) for text in texts] for kind, texts in REJECTED.items()}
    told_apart(said)
    assert "evil" not in str(said)
    assert "code=" in said["address without an answer"][0]


def test_a_code_is_taken_to_its_ends() -> None:
    """Only quotes and brackets are removed."""
    assert answer("X-code-X") == AuthorizationResponse(Secret("X-code-X"))


def test_an_address_must_name_its_issuer_where_the_provider_promised_it() -> None:
    """RFC 9207 §2.4. A code without an address is still accepted."""
    told_apart(
        {
            "missing": [rejected(ADDRESS, iss_required=True), rejected(REFUSAL, iss_required=True)],
            "other": [rejected(OTHERS_ISSUER, iss_required=True), rejected(OTHERS_ISSUER)],
        }
    )
    assert answer(CODE.reveal(), iss_required=True) == AuthorizationResponse(CODE)


@pytest.mark.parametrize(
    "text",
    [
        f"{REFUSAL}&iss=https%3A%2F%2Fevil.example.com",
        f"{ADDRESS}&iss=https%3A%2F%2Fidp.example.com%2Foauth2%2Fdefault%2F",
    ],
)
def test_errors_must_name_their_issuer_too(text: str) -> None:
    """RFC 9207 §2.4: compared byte for byte. An error from another provider does not end this sign-in."""
    assert rejected(text, iss_required=True) == rejected(OTHERS_ISSUER)


def test_a_refusal_is_an_answer_too() -> None:
    """The provider's error, with the right state."""
    text = "http://localhost:8000/?error=access_denied&error_description=no&state=the-state"
    assert answer(text) == AuthorizationResponse(None, "access_denied", "no", None)
    assert answer(text.partition("?")[2]) == answer(text)
    assert answer("error=access_denied&state=the-state") == AuthorizationResponse(
        None, "access_denied", None, None
    )


@given(st.text(max_size=60))
def test_nothing_that_is_pasted_is_too_odd(text: str) -> None:
    """Any text is a response, or rejected with a reason."""
    for prefix in ("", "http://x/?", "code="):
        assert isinstance(answer(prefix + text), AuthorizationResponse | str)


@given(
    code=st.text(min_size=1),
    before=st.sampled_from(["", " ", '"', "<"]),
    behind=st.sampled_from(["", "#_=_", "#"]),
)
def test_any_code_arrives_in_a_pasted_address(code: str, before: str, behind: str) -> None:
    """Unchanged, with anything that a browser or terminal adds around the address."""
    query = urlencode({"code": code, "state": "the-state"})
    assert answer(f"{before}http://localhost:8000/?{query}{behind}{before}") == AuthorizationResponse(
        Secret(code)
    )
