"""When an access token expires, by the provider's answer or by the token itself."""

from __future__ import annotations

import pytest

from kubectl_oidc.oidc.token_response import TokenResponse
from kubectl_oidc.oidc.tokens import OPAQUE_SECONDS, expiry_of_access_token
from kubectl_oidc.secret import Secret
from tests.tokens import NOW, good_claims, id_token, signing_key

KEY = signing_key()


def token(**claims: object) -> Secret:
    return id_token(KEY, claims=good_claims(**claims))


def expiry(access_token: Secret, expires_in: int | None = None) -> int:
    return expiry_of_access_token(TokenResponse(access_token=access_token, expires_in=expires_in), NOW)


def test_an_access_token_lives_as_long_as_the_answer_says() -> None:
    """``expires_in`` comes first (RFC 6749 §5.1)."""
    assert expiry(token(exp=NOW + 9), expires_in=60) == NOW + 60


def test_an_access_token_may_say_itself_when_it_ends() -> None:
    """A JWT has ``exp`` (RFC 9068)."""
    assert expiry(token(exp=NOW + 120)) == NOW + 120


@pytest.mark.parametrize("exp", [None, True, "soon", -1.5, -1, 10**12, 10**30, [NOW]])
def test_an_exp_that_is_no_moment_counts_as_not_said(exp: object) -> None:
    """Milliseconds, booleans and huge numbers are ignored."""
    assert expiry(token(exp=exp)) == NOW + OPAQUE_SECONDS


@pytest.mark.parametrize("opaque", ["opaque", "a.b", "a.b.c", "....", "eyJ.e30."])
def test_an_opaque_access_token_is_used_for_a_short_while(opaque: str) -> None:
    """If nothing says when it expires, it is used only for a short time."""
    assert expiry(Secret(opaque)) == NOW + OPAQUE_SECONDS
