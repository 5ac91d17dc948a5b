"""The token that kubectl would send, and what is said about it: by what the cluster is thought to take, and by its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.authentication.outcome import Outcome
from kubectl_oidc.diagnosis.session import check_claims, check_session, known
from kubectl_oidc.diagnosis.token_facts import facts_of, findings
from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.kube_api import Identity
from kubectl_oidc.manifests import Trust
from kubectl_oidc.oidc.jws import unverified_algorithm
from kubectl_oidc.oidc.token_exchange import TokenExchange
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.session import Session
from tests.patient import patient, seen
from tests.tokens import ABSENT, CLIENT_ID, ISSUER, good_claims, id_token, signing_key

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.diagnosis.token_lint import TokenFacts

TRUST = Trust(issuer=ISSUER, audience=CLIENT_ID, groups_claim="roles", own_username_prefix="oidc:")


def outcome(token: Secret, *, refresh_token: str = "") -> Outcome:
    """Return a stored token that is handed out."""
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
    return Outcome(
        token=token,
        expiry=0,
        id_token=None,
        session=session,
        signed_in=False,
        replaced=None,
        storage="",
        place="",
        repository=None,
    )


def read(token: Secret, refresh_token: str = "", **request: Any) -> TokenFacts:
    return facts_of(patient(**request).request, outcome(token, refresh_token=refresh_token), TRUST)


def test_a_stored_token_is_read_with_its_algorithm() -> None:
    """And with what the cluster is thought to make of it."""
    facts = read(id_token(signing_key("ES256")), "rt")
    assert (facts.algorithm, facts.claims["email"], facts.has_refresh_token) == (
        "ES256",
        "ada@example.com",
        True,
    )
    assert (facts.client_id, facts.groups_claim, facts.username_prefix) == (CLIENT_ID, "roles", "oidc:")


def test_a_client_that_signs_in_as_itself_needs_no_refresh_token() -> None:
    assert not read(id_token()).has_refresh_token
    assert read(id_token(), grant="client-credentials").has_refresh_token


def test_an_access_token_is_read_where_it_can_be() -> None:
    """Its algorithm is the API's matter; one that is opaque has no claims, and no API server can read it."""
    facts = read(id_token(claims=good_claims(aud="api")), use_access_token=True)
    assert (facts.algorithm, facts.claims["aud"]) == (None, "api")
    opaque = read(Secret("SECRET-opaque"), use_access_token=True)
    (finding,) = findings(patient(use_access_token=True).request, opaque)
    assert (finding.topic, "--oidc-use-access-token" in finding.hint) == ("claims-access-token", True)
    exchange = TokenExchange(audience="b", token_type="access_token")
    (finding,) = findings(patient(exchange=exchange).request, opaque)
    assert "--oidc-token-exchange-type" in finding.hint


@pytest.mark.parametrize("token", ["a", "a.b", "%.b.c", "bm8.b.c"])
def test_the_algorithm_of_what_is_no_jwt_is_not_read(token: str) -> None:
    with pytest.raises(IdTokenError):
        unverified_algorithm(Secret(token))


def test_a_header_without_an_algorithm_has_none() -> None:
    assert unverified_algorithm(id_token(header=b'{"alg": 7}')) is None


def test_nobody_is_asked_to_sign_in(tmp_path: Path) -> None:
    """Without a session it is a problem, with the command that signs in."""
    kind, message, hint = seen(check_session(patient(cache_dir=tmp_path, storage="disk")))
    assert (kind, message) == ("problem", "a sign-in is needed: first use of this session")
    assert hint == "`kubectl oidc-login login` signs in; then run doctor again"


def claims_said(identity: Identity | None, **claims: object) -> list[str]:
    examination = patient()
    facts = read(id_token(claims=good_claims(**claims)), "rt")
    examination.facts = replace(facts, groups_claim="groups")
    examination.identity = identity
    return [one if isinstance(one, str) else getattr(one, "topic", "") for one in check_claims(examination)]


def test_what_the_cluster_does_not_mind_is_no_fault() -> None:
    """Once it has taken the token, an address that is not verified is no matter; missing groups are."""
    somebody = Identity(username="somebody", groups=("eks-admins",))
    assert claims_said(None, email_verified=False, groups=ABSENT) == [
        "claims-email-verified",
        "claims-groups",
    ]
    assert claims_said(somebody, email_verified=False, groups=ABSENT) == ["claims-groups"]
    assert claims_said(somebody, email_verified=False) == [
        (
            "email ada@example.com; groups: eks-admins; this API server accepts the token, although the claim email_verified is false, "
            "and the user name is email"
        )
    ]
    assert claims_said(Identity(username="somebody")) == [
        "email ada@example.com; groups: eks-admins; the cluster reads none of them"
    ]


def test_what_needs_a_session_says_so() -> None:
    with pytest.raises(LookupError):
        known(patient())
