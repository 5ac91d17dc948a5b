"""The proposals of `setup`: from the kubeconfig's users, and the scopes that the provider lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubectl_oidc.cli.setup.questions import _scopes, _users
from kubectl_oidc.kubeconfig import Entry, Kubeconfig
from kubectl_oidc.oidc.metadata import Metadata
from tests.settings_files import Machine

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
    ids=["a provider that lists none", "Google", "Dex", "none that is useful"],
)
def test_only_scopes_of_the_provider_are_proposed(listed: tuple[str, ...], proposed: list[str]) -> None:
    """A provider may answer another scope with invalid_scope."""
    assert _scopes(METADATA._replace(scopes_supported=listed)) == proposed


def entry(name: str, value: object) -> Entry:
    """Return a user of a kubeconfig."""
    return Entry(name, {"exec": value}, Path("config"))


def test_the_current_contexts_user_is_proposed_first() -> None:
    """Users of another program, with invalid arguments or without a client are not proposed."""
    ours = {"command": "kubectl-oidc_login", "args": WORDS}
    users = {
        "first": entry("first", ours),
        "aws": entry("aws", {"command": "aws", "args": ["eks", "get-token"]}),
        "wrong": entry("wrong", {**ours, "args": [*WORDS, "--no-such-flag"]}),
        "half": entry("half", {**ours, "args": WORDS[:2]}),
        "current": entry("current", {**ours, "args": [*WORDS, "--session=work"]}),
    }
    contexts = {"here": Entry("here", {"user": "current"}, Path("config"))}
    found = _users(Kubeconfig((), users=users, contexts=contexts, current_context="here"))
    assert list(found) == ["current", "first"]
    assert found["current"] == {
        "oidc_issuer_url": "https://issuer.example.com",
        "oidc_client_id": "kubernetes",
        "session": "work",
    }


def test_what_the_machine_forbids_exec_sections_to_set_is_not_taken_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Else setup would run a program that the kubeconfig names."""
    words = [*WORDS, "--browser-command=/tmp/evil", "--session=work"]
    kubeconfig = Kubeconfig((), users={"a": entry("a", {"command": "kubectl-oidc_login", "args": words})})
    assert _users(kubeconfig)["a"]["browser_command"] == "/tmp/evil"
    Machine(monkeypatch, tmp_path).has('[rules]\nforbidden-in-exec-section = ["browser-command"]\n')
    assert _users(kubeconfig)["a"].keys() == {"oidc_issuer_url", "oidc_client_id", "session"}
