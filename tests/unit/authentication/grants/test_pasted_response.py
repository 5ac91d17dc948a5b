"""Pasted responses: what is accepted, and why other texts are rejected."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.authentication.grants.authorization_request import AuthorizationSecrets
from kubectl_oidc.authentication.grants.pasted_response import parse_pasted_response
from kubectl_oidc.loopback.authorization_response import AuthorizationResponse
from kubectl_oidc.secret import Secret
from tests.tokens import ISSUER

SECRETS = AuthorizationSecrets(Secret("the-state"), Secret("the-nonce"), Secret("the-verifier"))
CODE = Secret("a.code-of/the+provider~")
ADDRESS = "http://localhost:8000/?code=a.code-of%2Fthe%2Bprovider~&state=the-state"
NO_ISSUER, OTHER_ISSUER = r"\bsay\b.*provider", r"^(?!.*\bsay\b).*provider"


def answer(text: str, *, iss_required: bool = False) -> AuthorizationResponse | str:
    return parse_pasted_response(text, SECRETS, issuer=ISSUER, iss_required=iss_required)


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


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (ADDRESS.replace("the-state", "another"), "sign-in"),
        (ADDRESS.partition("&")[0], "sign-in"),
        (f"{ADDRESS}&state=the-state", "repeated"),
        (f"{ADDRESS}&iss=https%3A%2F%2Fevil.example.com", OTHER_ISSUER),
        (f"{ADDRESS}&error=x", r"\bcode\b.*error"),
        ("http://localhost:8000/?state=the-state", r"\bcode\b(?!=|.*error)"),
        ("http://localhost:8000/", "code="),
        ("https://idp.example.com/sign-in", "code="),
        ("two words", "neither"),
        ("", "neither"),
        ("cödé", "neither"),
    ],
)
def test_what_is_no_answer_to_this_sign_in_is_not_taken(text: str, why: str) -> None:
    """RFC 6749 §10.12, §3.1, RFC 9207 §2.4: as from a browser. The text is not repeated."""
    said = answer(text)
    assert isinstance(said, str)
    assert re.search(why, said)
    assert "evil" not in said


def test_a_code_is_taken_to_its_ends() -> None:
    """Only quotes and brackets are removed."""
    assert answer("X-code-X") == AuthorizationResponse(Secret("X-code-X"))


def test_an_address_must_name_its_issuer_where_the_provider_promised_it() -> None:
    """RFC 9207 §2.4. A code without an address is still accepted."""
    assert re.search(NO_ISSUER, str(answer(ADDRESS, iss_required=True)))
    assert answer(CODE.reveal(), iss_required=True) == AuthorizationResponse(CODE)


REFUSAL = "http://localhost:8000/?error=access_denied&state=the-state"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (REFUSAL, NO_ISSUER),
        (f"{REFUSAL}&iss=https%3A%2F%2Fevil.example.com", OTHER_ISSUER),
        (f"{ADDRESS}&iss=https%3A%2F%2Fidp.example.com%2Foauth2%2Fdefault%2F", OTHER_ISSUER),
    ],
)
def test_errors_must_name_their_issuer_too(text: str, why: str) -> None:
    """RFC 9207 §2.4: compared byte for byte. An error from another provider does not end this sign-in."""
    assert re.search(why, str(answer(text, iss_required=True)))


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
