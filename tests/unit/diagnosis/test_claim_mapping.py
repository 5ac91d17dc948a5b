"""Which claims and prefixes a cluster uses, as its answer shows."""

from __future__ import annotations

import pytest

from kubectl_oidc.diagnosis.claim_mapping import as_the_cluster_reads, differences
from kubectl_oidc.kube_api.responses import Identity
from tests.tokens import ABSENT, ISSUER
from tests.topics import told_apart
from tests.unit.diagnosis.fake_cluster import (
    ADA,
    facts,
)


@pytest.mark.parametrize(
    ("claims", "identity", "username_claim", "groups_claim"),
    [
        ({}, ADA, "email", "groups"),
        (
            {"email": ABSENT, "groups": ABSENT, "roles": ["a"], "preferred_username": "ada"},
            Identity(username="oidc:ada", groups=("oidc:a", "system:authenticated")),
            "preferred_username",
            "roles",
        ),
        ({}, Identity(username=f"{ISSUER}#00u1"), "sub", "groups"),
        ({}, Identity(username="mapped-by-cel"), "email", "groups"),
    ],
)
def test_the_claims_that_the_cluster_uses_are_derived_from_its_answer(
    claims: dict[str, object], identity: Identity, username_claim: str, groups_claim: str
) -> None:
    """A name that comes from no claim leaves the expected claim."""
    found = as_the_cluster_reads(facts(**claims), identity)
    assert (found.username_claim, found.groups_claim) == (username_claim, groups_claim)


@pytest.mark.parametrize(
    ("claims", "identity", "names"),
    [
        ({}, ADA, []),
        ({}, Identity(username="ada@example.com"), [(" groups ", "eks-admins")]),
        ({}, Identity(username="oidc:ada@example.com", groups=("eks-admins",)), [("oidc: ", "ada@example.com")]),
        ({}, Identity(username="ada@example.com", groups=("oidc:eks-admins",)), [("oidc: ", "eks-admins")]),
        (
            {},
            Identity(username=f"{ISSUER}#00u1", groups=("eks-admins",)),
            [(" sub", f"{ISSUER}# ", "email (ada@example.com)")],
        ),
        (
            {"roles": ["ops", "dev"]},
            Identity(username="ada@example.com", groups=("ops", "dev")),
            [(" roles", "groups (eks-admins)")],
        ),
        (
            {"groups": ["a", "b", "c"]},
            Identity(username="ada@example.com", groups=("p:b", "p:c")),
            [("p: ", "a, b, c")],
        ),
        ({"groups": ["team-a", "b"]}, Identity(username="ada@example.com", groups=("b",)), [("team-a",)]),
        ({}, Identity(username="mapped", groups=("eks-admins",)), [()]),
        ({}, Identity(username="ada@example.com", groups=("made-by-a-webhook",)), []),
        ({"groups": "eks-admins"}, ADA, []),
        ({"groups": ABSENT}, Identity(username="ada@example.com"), []),
    ],
)  # fmt: skip
def test_each_difference_from_the_token_is_one_sentence(
    claims: dict[str, object], identity: Identity, names: list[tuple[str, ...]]
) -> None:
    """Another claim, a prefix, or no groups."""
    claims = {"groups": ["eks-admins"], **claims}
    found = differences(facts(**claims), identity)
    assert len(found) == len(names)
    assert all(name in one for wanted, one in zip(names, found, strict=True) for name in wanted)


def test_a_user_name_from_no_claim_is_told_from_one_of_another_claim() -> None:
    """Nothing can be named there."""

    def difference(username: str) -> str:
        (one,) = differences(facts(groups=["devs"]), Identity(username=username, groups=("devs",)))
        return one

    told_apart(
        {
            "no claim": map(difference, ("mapped", "made-by-a-webhook")),
            "another claim": [difference(f"{ISSUER}#00u1")],
            "a prefix": [difference("oidc:ada@example.com")],
        }
    )
