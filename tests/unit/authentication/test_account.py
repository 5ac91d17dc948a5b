"""Which account, how the provider asks, how long a token lasts: what matches, what is sent, what makes another session."""

from __future__ import annotations

import pytest
from hypothesis import given

from kubectl_oidc.authentication.account import AccountOptions, _matches
from kubectl_oidc.errors import WrongAccount
from tests.arbitrary import JSON, TEXT, is_one_plain_line
from tests.topics import about


def expecting(*pairs: tuple[str, str]) -> AccountOptions:
    return AccountOptions(expect_claims=pairs)


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("*@corp.example", "ada@corp.example"),
        ("ada", "ada"),
        ("ops-[ab]", ["dev", "ops-b"]),
        ("true", True),
        ("7?", 71),
        ("*", ""),
    ],
)
def test_an_account_that_matches_is_taken(pattern: str, value: object) -> None:
    """Shell-style; of a list one item is enough, and what is no text is compared as JSON writes it."""
    expecting(("claim", pattern)).check({"claim": value})


@pytest.mark.parametrize(
    ("pattern", "value", "came"),
    [
        ("*@corp.example", "ada@CORP.example", 'team "ada@CORP.example"'),
        ("*@corp.example", "ada@corp.example.evil", 'team "ada@corp.example.evil"'),
        ("ops", ["dev", "opsx"], 'team ["dev", "opsx"]'),
        ("*", [], "team []"),
        ("*", None, "team"),
        ("*", [None], "team [null]"),
    ],
)
def test_another_account_is_refused(pattern: str, value: object, came: str) -> None:
    """Capitals count; a claim that is missing matches nothing. What was wanted, what came and what to do is said."""
    wanted = about("wrong-account", came, "--expect-claim", f"team={pattern}")
    with pytest.raises(WrongAccount, check=wanted) as caught:
        expecting(("team", pattern)).check({"team": value})
    assert "--prompt=select_account" in caught.value.hint
    assert ("--oidc-extra-scope=email" in caught.value.hint) == (value is None), (
        "a scope may be all that is missing"
    )


def test_every_expectation_must_hold() -> None:
    """Two of one claim are both wanted."""
    both = expecting(("groups", "dev"), ("groups", "ops"))
    both.check({"groups": ["ops", "dev"]})
    with pytest.raises(WrongAccount, check=about("wrong-account", "--expect-claim", "groups=ops")):
        both.check({"groups": ["dev"]})


@given(TEXT, TEXT, JSON)
def test_any_claim_is_taken_or_refused_in_one_plain_line(name: str, pattern: str, value: object) -> None:
    """What a provider says harms no terminal."""
    claims = {name: value}
    if _matches(value, pattern):
        expecting((name, pattern)).check(claims)
        return
    with pytest.raises(WrongAccount) as caught:
        expecting((name, pattern)).check(claims)
    assert is_one_plain_line(caught.value.message)


def test_what_goes_into_the_authorization_request() -> None:
    """An age of no seconds is one."""
    assert AccountOptions().parameters() == {}
    whole = AccountOptions(
        login_hint="ada", prompt="login consent", max_age=0, min_ttl=9, expect_claims=(("a", "b"),)
    )
    assert whole.parameters() == {"login_hint": "ada", "prompt": "login consent", "max_age": "0"}
