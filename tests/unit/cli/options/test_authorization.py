"""The flags about the account and the token's life: understood, refused by name, and written into a stanza again."""

from __future__ import annotations

from typing import Any

import click
import pytest

from kubectl_oidc.authentication.account import AccountOptions
from kubectl_oidc.cli.options.click_options import options
from kubectl_oidc.cli.options.flags import FLAGS, FORCE
from kubectl_oidc.cli.options.to_request import token_request
from kubectl_oidc.cli.program import main
from kubectl_oidc.cli.users.to_stanza import stanza_args
from kubectl_oidc.errors import UsageError
from tests.tokens import CLIENT_ID, ISSUER

BOTH = (f"--oidc-issuer-url={ISSUER}", f"--oidc-client-id={CLIENT_ID}")
ALL = (
    "--expect-claim=email=*@corp.example",
    '--expect-claim="note=a,b=c"',
    "--login-hint=ada",
    "--prompt=login consent",
    "--max-age=8h",
    "--min-ttl=1h30m",
)
UNDERSTOOD = AccountOptions(
    expect_claims=(("email", "*@corp.example"), ("note", "a,b=c")),
    login_hint="ada",
    prompt="login consent",
    max_age=28800,
    min_ttl=5400,
)


@click.command()
@options(*FLAGS, FORCE)
@click.pass_context
def everything(ctx: click.Context, /, **values: Any) -> tuple[AccountOptions, list[str]]:
    """Return what was understood, and the arguments that say the same."""
    request = token_request(values)
    return request.account, [arg.with_secret() for arg in stanza_args(ctx)]


def typed(*words: str) -> tuple[AccountOptions, list[str]]:
    result: tuple[AccountOptions, list[str]] = everything.main([*BOTH, *words], standalone_mode=False)
    return result


def test_the_flags_are_understood_and_written_again() -> None:
    """What setup writes into a kubeconfig is understood as what was typed."""
    account, args = typed(*ALL)
    assert account == UNDERSTOOD
    assert {"--min-ttl=1h30m", "--max-age=8h", "--expect-claim=email=*@corp.example"} <= set(args)
    assert everything.main(args, standalone_mode=False)[0] == UNDERSTOOD


def test_nothing_is_asked_for_by_default() -> None:
    """As kubelogin has it."""
    assert typed()[0] == AccountOptions()


def test_variables_say_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern with a comma stands in one as it does in a flag."""
    monkeypatch.setenv("KUBECTL_OIDC_EXPECT_CLAIM", "groups=a,b")
    monkeypatch.setenv("KUBECTL_OIDC_MIN_TTL", "30m")
    monkeypatch.setenv("KUBECTL_OIDC_MAX_AGE", "0")
    assert typed()[0] == AccountOptions(expect_claims=(("groups", "a,b"),), min_ttl=1800, max_age=0)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("--expect-claim=email", "NAME=PATTERN"),
        ("--expect-claim==x", "NAME=PATTERN"),
        ("--min-ttl=soon", "'soon'"),
        ("--max-age=-1", "'-1'"),
        ("--prompt=select-account", "'select-account'"),
        ("--prompt=none login", "=none "),
        ("--login-hint=\udcff", "UTF-8"),
    ],
)
def test_what_is_malformed_is_named(word: str, said: str) -> None:
    """Before anything is done; the hint shows how it is written."""
    with pytest.raises(UsageError) as caught:
        main(["get-token", *BOTH, word])
    assert word.partition("=")[0] in caught.value.message
    assert said in caught.value.message
    assert caught.value.hint
