"""What `setup` proposes: users of the kubeconfig, and scopes that the provider names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kubectl_oidc.cli.setup.questions import _scopes, _users
from kubectl_oidc.kubeconfig import Entry, Kubeconfig
from kubectl_oidc.oidc.metadata import Metadata

METADATA = Metadata("https://a", "https://a/auth", "https://a/token", "https://a/keys")
WORDS = ["get-token", "--oidc-issuer-url=https://issuer.example.com", "--oidc-client-id=kubernetes"]


@pytest.mark.parametrize(
    ("listed", "proposed"),
    [
        ((), ["email", "profile", "offline_access"]),
        (("openid", "email", "profile"), ["email", "profile"]),
        (("openid", "email", "groups", "offline_access"), ["email", "offline_access", "groups"]),
        (("openid",), ["openid"]),
    ],
    ids=["a provider that lists none", "Google", "Dex", "nothing of use"],
)
def test_scopes_are_proposed_that_the_provider_has(listed: tuple[str, ...], proposed: list[str]) -> None:
    """One that it does not list may end the sign-in with invalid_scope."""
    assert _scopes(replace(METADATA, scopes_supported=listed)) == proposed


def entry(name: str, value: object) -> Entry:
    """Return a user of a kubeconfig."""
    return Entry(name, {"exec": value}, Path("config"))


def test_the_current_contexts_user_comes_first_and_others_are_no_proposal() -> None:
    """Another program's, one that get-token refuses, and one without a client, are left out."""
    ours = {"command": "kubectl-oidc_login", "args": WORDS}
    users = {
        "first": entry("first", ours),
        "aws": entry("aws", {"command": "aws", "args": ["eks", "get-token"]}),
        "wrong": entry("wrong", {**ours, "args": [*WORDS, "--no-such-flag"]}),
        "half": entry("half", {**ours, "args": WORDS[:2]}),
        "current": entry("current", {**ours, "args": [*WORDS, "--session=work"]}),
    }
    contexts = {"here": Entry("here", {"user": "current"}, Path("config"))}
    found = list(_users(Kubeconfig((), users=users, contexts=contexts, current_context="here")))
    assert [user.name for user in found] == ["current", "first"]
    assert found[0].params == {
        "oidc_issuer_url": "https://issuer.example.com",
        "oidc_client_id": "kubernetes",
        "session": "work",
    }
