"""What several flags make together, and what the session is known by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.authentication.account import AccountOptions
from kubectl_oidc.cli.options.to_request import session_identity, token_request
from kubectl_oidc.oidc.token_exchange import TokenExchange
from tests.tokens import CLIENT_ID, ISSUER

BOTH = {"oidc_issuer_url": ISSUER, "oidc_client_id": CLIENT_ID}
AUDIENCE = {"oidc_token_exchange_audience": "cluster-b"}


@pytest.mark.parametrize(
    "values",
    [{}, {"oidc_token_exchange_audience": ""}, {"oidc_token_exchange_scope": ("a",)}],
)
def test_without_an_audience_nothing_is_exchanged(values: dict[str, Any]) -> None:
    """An empty variable is no audience."""
    assert token_request({**BOTH, **values}).exchange is None


def test_the_exchange_has_a_type_and_scopes() -> None:
    """The type is an ID token by default; each scope is there once, whatever stands between them."""
    assert token_request({**BOTH, **AUDIENCE}).exchange == TokenExchange("cluster-b", "id_token", ())
    more = {"oidc_token_exchange_type": "jwt", "oidc_token_exchange_scope": ("a,b", "b c")}
    exchange = token_request({**BOTH, **AUDIENCE, **more}).exchange
    assert exchange == TokenExchange("cluster-b", "jwt", ("a", "b", "c"))


def test_a_key_pair_is_both_files_or_nothing() -> None:
    """The flags are kept for errors about the files."""
    files = {"oidc_client_certificate": "client.crt", "oidc_client_key": "client.key"}
    pair = token_request({**BOTH, **files}).tls.key_pair
    assert pair
    assert (pair.certificate, pair.key) == (Path("client.crt"), Path("client.key"))
    assert pair.flags == ("--oidc-client-certificate", "--oidc-client-key")
    for name in files:
        assert token_request({**BOTH, **files, name: None}).tls.key_pair is None


def identity(*claims: str, **values: Any) -> tuple[tuple[str, object], ...]:
    return token_request({**BOTH, "expect_claim": claims, **values}).identity


@given(st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_the_order_of_expected_claims_makes_no_other_session(pairs: list[tuple[str, str]]) -> None:
    """Nor does a claim that is expected twice."""
    request = token_request(BOTH)
    one, other = (
        request._replace(account=AccountOptions(expect_claims=tuple(claims)))
        for claims in (pairs, [*reversed(pairs), *pairs])
    )
    assert tuple(session_identity(one)) == tuple(session_identity(other))
    assert identity("a=1", "b=2") == identity("b=2", "a=1", "a=1") != identity("a=1")


def test_only_what_decides_whose_session_it_is_is_in_its_key() -> None:
    """The names are those of the first versions, so that their sessions are found."""
    assert identity() == ()
    assert identity(prompt="login", max_age=0, min_ttl=1800) == ()
    assert identity(login_hint="ada") == (("login_hint", "ada"),)
    assert identity("a=b", login_hint="ada") == (("expect_claims", [("a", "b")]), ("login_hint", "ada"))
    request = token_request({**BOTH, "login_hint": "ada"})
    assert request.key().more_identity == request.identity
