"""What is reported about the token before and after the API server accepted it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubectl_oidc.diagnosis.claims import check_claims
from kubectl_oidc.kube_api.responses import Identity
from tests.tokens import ABSENT, good_claims, id_token
from tests.topics import told_apart
from tests.unit.diagnosis.doctor_run import doctor_run
from tests.unit.diagnosis.token.test_facts import stored_facts


def claims_said(identity: Identity | None, **claims: object) -> list[str]:
    run = doctor_run()
    facts = stored_facts(id_token(claims=good_claims(**claims)), "rt")
    run.facts = replace(facts, groups_claim="groups")
    run.identity = identity
    return [one if isinstance(one, str) else getattr(one, "topic", "") for one in check_claims(run)]


def test_after_the_api_server_accepted_the_token_only_some_findings_matter() -> None:
    """An unverified email address no longer matters; missing groups do."""
    somebody = Identity(username="somebody", groups=("eks-admins",))
    assert claims_said(None, email_verified=False, groups=ABSENT) == [
        "claims-email-verified",
        "claims-groups",
    ]
    assert claims_said(somebody, email_verified=False, groups=ABSENT) == ["claims-groups"]
    claims = "email ada@example.com; groups: eks-admins; "
    (accepted,) = claims_said(somebody, email_verified=False)
    assert accepted.startswith(claims)
    assert "email_verified" in accepted
    (unread,) = claims_said(Identity(username="somebody"))
    assert unread.startswith(claims)
    told_apart({"accepted": [accepted], "unread": [unread], "both": [claims]})


def test_facts_before_the_session_check_are_a_bug() -> None:
    with pytest.raises(LookupError):
        doctor_run().require_facts()
