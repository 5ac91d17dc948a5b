"""The facts about a token: its claims, its algorithm, and how the cluster is expected to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.diagnosis.token.facts import facts_of_session
from kubectl_oidc.diagnosis.token.findings import token_findings
from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.manifests.trust import ClusterTrust
from kubectl_oidc.oidc.jws import unverified_algorithm
from kubectl_oidc.oidc.token_exchange import TokenExchange
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.session import Session
from tests.tokens import CLIENT_ID, ISSUER, good_claims, id_token, signing_key
from tests.unit.diagnosis.doctor_run import doctor_run

if TYPE_CHECKING:
    from kubectl_oidc.diagnosis.token.facts import TokenFacts

TRUST = ClusterTrust(issuer=ISSUER, audience=CLIENT_ID, groups_claim="roles", own_username_prefix="oidc:")


def stored_facts(token: Secret, refresh_token: str = "", **request: Any) -> TokenFacts:
    """Return the facts about a session with this token."""
    session = Session(
        session_id="0" * 32,
        generation=1,
        issuer=ISSUER,
        subject="00u1",
        audience=(CLIENT_ID,),
        person="ada@example.com",
        id_token=token,
        access_token=None,
        refresh_token=Secret(refresh_token) if refresh_token else None,
        expiry=0,
        signed_in_at=0,
    )
    return facts_of_session(doctor_run(**request).request, session, TRUST)


def test_a_stored_token_has_an_algorithm_and_the_clusters_claims() -> None:
    """And with what the cluster is thought to make of it."""
    facts = stored_facts(id_token(signing_key("ES256")), "rt")
    assert (facts.algorithm, facts.claims["email"], facts.has_refresh_token) == (
        "ES256",
        "ada@example.com",
        True,
    )
    assert (facts.client_id, facts.groups_claim, facts.username_prefix) == (CLIENT_ID, "roles", "oidc:")


def test_client_credentials_need_no_refresh_token() -> None:
    assert not stored_facts(id_token()).has_refresh_token
    assert stored_facts(id_token(), grant="client-credentials").has_refresh_token


def test_an_access_token_is_read_if_it_is_a_jwt() -> None:
    """Its algorithm does not matter. No API server can read an opaque one."""
    facts = stored_facts(id_token(claims=good_claims(aud="api")), use_access_token=True)
    assert (facts.algorithm, facts.claims["aud"]) == (None, "api")
    opaque = stored_facts(Secret("SECRET-opaque"), use_access_token=True)
    (finding,) = token_findings(doctor_run(use_access_token=True).request, opaque)
    assert (finding.topic, "--oidc-use-access-token" in finding.hint) == ("claims-access-token", True)
    exchange = TokenExchange(audience="b", token_type="access_token")
    (finding,) = token_findings(doctor_run(exchange=exchange).request, opaque)
    assert "--oidc-token-exchange-type" in finding.hint


@pytest.mark.parametrize("token", ["a", "a.b", "%.b.c", "bm8.b.c"])
def test_only_a_jwt_has_an_algorithm(token: str) -> None:
    with pytest.raises(IdTokenError):
        unverified_algorithm(Secret(token))


def test_a_header_may_have_no_algorithm() -> None:
    assert unverified_algorithm(id_token(header=b'{"alg": 7}')) is None
