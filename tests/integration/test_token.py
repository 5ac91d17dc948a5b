"""``token``: the token alone, one claim, or the header, for scripts and curl."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .kubeconfigs import write_kubeconfig
from .laptop import cache, claims_of
from .on_terminal import OnTerminal
from .said import failure

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here


@pytest.fixture
def with_context(signed_in: Laptop) -> Laptop:
    """Have a context whose user has signed in."""
    write_kubeconfig({"oidc": signed_in.words()[1:]}, {"production": "oidc"}, current="production")
    return signed_in


def test_the_token_alone_is_printed(with_context: Laptop) -> None:
    """It is the one that kubectl gets, and nothing else is said."""
    ended = with_context.run("token")
    assert (ended.status, ended.stderr) == (0, "")
    assert ended.stdout == with_context.signed_in() + "\n"
    assert with_context.browser.opened() == []


def test_the_header_is_for_curl(with_context: Laptop) -> None:
    ended = with_context.run("token", "--header", "--context=production")
    assert ended.stdout == f"Authorization: Bearer {with_context.signed_in()}\n"


@pytest.mark.parametrize("claim", ["email", "groups", "email_verified", "iat"])
def test_a_claim_is_text_or_json(with_context: Laptop, claim: str) -> None:
    value = claims_of(with_context.signed_in())[claim]
    ended = with_context.run("token", f"--claim={claim}")
    assert ended.stdout == (value if isinstance(value, str) else json.dumps(value)) + "\n"


def test_without_a_session_the_user_signs_in(laptop: Laptop) -> None:
    """As kubectl would do; the session is stored."""
    write_kubeconfig({"oidc": laptop.words()[1:]}, {"production": "oidc"}, current="production")
    ended = laptop.run("token")
    assert claims_of(ended.stdout)["email"] == "alice@example.com"
    assert len(laptop.browser.opened()) == 1
    assert ended.stdout == laptop.signed_in() + "\n"


def test_a_token_that_has_ended_is_renewed(laptop: Laptop) -> None:
    laptop.realm.id_tokens_live(5)
    first = laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    ended = laptop.run(*laptop.words(command="token"))
    assert ended.stdout.strip() not in {"", first}
    assert len(laptop.browser.opened()) == 1


def test_a_terminal_shows_the_token_only_if_asked(with_context: Laptop) -> None:
    """A claim is no secret, as whoami shows it too. Nothing is asked of anybody before the refusal."""
    token = with_context.signed_in()
    through = ("sh", "-c", '"$@" >&2', "sh")
    for words in (["token"], ["token", "--header"]):
        with OnTerminal(*words, through=through) as terminal:
            ended = terminal.ended()
        assert ended.status == 2
        assert "--show" in ended.stderr
        assert "(troubleshooting: token)" in ended.stderr
        assert token not in ended.stderr
    with OnTerminal("token", "--show", through=through, columns=4000) as terminal:
        assert token in terminal.ended().stderr
    with OnTerminal("token", "--claim=email", through=through) as terminal:
        assert terminal.ended().stderr == "alice@example.com\n"


def test_a_claim_that_is_not_there_is_an_error(with_context: Laptop) -> None:
    """It names the claims that are there. An empty name never prints the token."""
    failure(with_context.run("token", "--claim=shoe_size"), "token", "shoe_size", "email", "groups")
    failure(with_context.run("token", "--claim="), "usage", "--claim", status=2)
    failure(with_context.run("token", "--claim=email", "--header"), "usage", "--claim", "--header", status=2)


def test_a_token_that_is_no_jwt_has_no_claims(laptop: Laptop) -> None:
    write_kubeconfig({"oidc": laptop.words("--oidc-use-access-token")[1:]}, {"p": "oidc"}, current="p")
    ended = laptop.run("token")
    assert ended.status == 0, ended.stderr
    failure(laptop.run("token", "--claim=email"), "token", "--oidc-use-access-token")


def test_a_user_that_signs_in_in_another_way_is_an_error(laptop: Laptop) -> None:
    write_kubeconfig({"robot": {"token": "x"}}, {"machines": "robot"}, current="machines")
    failure(laptop.run("token"), "stanza", "user robot")
    assert not cache().exists()
