"""A refusal, with the installed program: the hint is about what was asked for, and about nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.hostile import json_reply
from tests.tokens import ABSENT

if TYPE_CHECKING:
    from .visitor import Outcome, VisitedLaptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ELSEWHERE = ("redirect URI", "redirect_uri", "PKCE", "--prompt", "client authentication")


def hint_of(outcome: Outcome) -> str:
    (line,) = [line for line in outcome.said() if line.startswith("hint:")]
    return line


@pytest.mark.parametrize(
    ("error", "description"),
    [
        ("invalid_scope", ""),
        ("invalid_request", "invalid_scope"),
        ("server_error", "the scope is not known here"),
        ("invalid_scope", 'Unrecognized scope(s) ["roles"]'),
    ],
)
def test_a_refused_scope_is_named(visited: VisitedLaptop, error: str, description: str) -> None:
    """Whatever code the provider chose for it; the metadata tells which scope it is."""
    visited.provider.metadata["scopes_supported"] = ["openid", "email"]
    visited.provider.callback = lambda pairs: [
        ("error", error),
        ("error_description", description),
        *[pair for pair in pairs if pair[0] == "state"],
    ]
    outcome = visited.run("--oidc-extra-scope=roles")
    assert outcome.status == 1
    hint = hint_of(outcome)
    assert re.search(r"\broles\b", hint)
    assert not any(words in hint for words in ELSEWHERE)


def test_a_device_code_blames_no_redirect_uri(visited: VisitedLaptop) -> None:
    """None is sent."""
    visited.provider.on_device = json_reply({"error": "invalid_request"}, 400)
    outcome = visited.run("--grant-type=device-code")
    assert outcome.status == 1
    hint = hint_of(outcome)
    assert "scopes" in hint
    assert "redirect" not in hint


@pytest.mark.parametrize(
    ("listed", "advised"),
    [
        (["openid"], False),
        (["openid", "groups"], False),
        (["openid", "email", "offline_access"], True),
        ([], True),
    ],
)
def test_setup_advises_no_scope_that_the_provider_does_not_have(
    visited: VisitedLaptop, listed: list[str], *, advised: bool
) -> None:
    """Vault, Slack, GitLab and Cognito list neither offline_access nor, some of them, email."""
    if listed:
        visited.provider.metadata["scopes_supported"] = listed
    visited.provider.claims |= {"email": ABSENT}
    visited.provider.answer["refresh_token"] = ABSENT
    words = [word for word in visited.words(command="setup") if word != "--oidc-extra-scope=email"]
    outcome = visited.run_words(words)
    assert outcome.status == 0, outcome.stderr
    said = " ".join(outcome.stderr.split())
    assert ("--oidc-extra-scope=offline_access" in said) is advised
    assert ("--oidc-extra-scope=email" in said) is advised
