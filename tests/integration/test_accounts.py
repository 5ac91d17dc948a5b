"""Which account it is, and how long its token lasts: refused, kept apart, renewed in time, with a real provider."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.plugin import wait_until

from .laptop import claims_of, token_of
from .said import reason, topics

if TYPE_CHECKING:
    from tests.plugin import Ended

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ALICE, BOB = "--expect-claim=email=alice@*", "--expect-claim=email=bob@*"


def refused(ended: Ended) -> str:
    """Return the error of a sign-in with another account."""
    assert (ended.status, ended.stdout) == (1, "")
    assert topics(ended.stderr) == ["wrong-account"]
    assert "--prompt=select_account" in ended.stderr
    return next(line for line in ended.stderr.splitlines() if line.startswith("error:"))


def test_another_account_is_refused_and_nothing_of_it_is_kept(laptop: Laptop) -> None:
    """The claim, what was expected and what came are named; the browser says so too; the next call asks again."""
    error = refused(laptop.get_token(BOB))
    for named in ('email "alice@example.com"', "--expect-claim", "email=bob@*"):
        assert named in error
    assert laptop.stored() == {}
    assert laptop.realm.seen().token_requests == ["authorization_code"]
    laptop.scripted.signs_in_as("bob")
    laptop.run(*laptop.words(BOB, command="login"))
    assert claims_of(laptop.signed_in(BOB))["sub"] == "bob"
    assert len(laptop.browser.opened()) == 2


def test_a_session_stays_as_it_was_when_another_account_comes(laptop: Laptop) -> None:
    """A sign-in on purpose with the wrong account costs nobody the right one's session, nor is it handed out."""
    token = laptop.signed_in(ALICE)
    before = laptop.stored()
    laptop.scripted.signs_in_as("bob")
    refused(laptop.run(*laptop.words(ALICE, command="login")))
    assert laptop.stored() == before
    assert laptop.signed_in(ALICE) == token


def test_a_session_without_the_guard_is_not_handed_out_under_it(laptop: Laptop) -> None:
    """Neither a stored one nor one that the fast path knows."""
    laptop.signed_in()
    refused(laptop.get_token(BOB))
    assert len(laptop.browser.opened()) == 2


def test_a_refresh_that_changes_the_account_needs_a_person(laptop: Laptop) -> None:
    """Whoever leaves a group loses the session that wants it, and hears why."""
    wanted = "--expect-claim=groups=eks-admins"
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    laptop.signed_in(wanted)
    laptop.realm.set_groups(alice=["dev"])
    ended = laptop.get_token(wanted)
    for named in ('groups ["dev"]', "--expect-claim", "groups=eks-admins"):
        assert named in reason(ended.stderr)
    refused(ended)
    assert len(laptop.browser.opened()) == 2


def test_two_accounts_at_one_issuer_are_kept_apart_by_a_name(laptop: Laptop) -> None:
    """Each has its session, its token and its end; neither asks for a browser again."""
    work, home = "--session=work", "--session=home"
    laptop.signed_in(work)
    laptop.scripted.signs_in_as("bob")
    laptop.signed_in(home)
    for name, person in ((work, "alice"), (home, "bob"), (work, "alice")):
        assert claims_of(laptop.signed_in(name))["sub"] == person
        assert claims_of(laptop.signed_in(name, "--force-refresh"))["sub"] == person
    assert len(laptop.browser.opened()) == 2
    assert laptop.purge(home).status == 0
    assert claims_of(laptop.signed_in(work))["sub"] == "alice"
    assert len(laptop.browser.opened()) == 2


def test_the_provider_is_told_which_account_is_asked_for(laptop: Laptop) -> None:
    """login_hint, prompt and max_age as the standard has them; auth_time comes back and is checked."""
    token = laptop.signed_in("--login-hint=alice@example.com", "--prompt=login", "--max-age=8h")
    (asked,) = laptop.realm.seen().authorization_requests
    assert (asked["login_hint"], asked["prompt"], asked["max_age"]) == ("alice@example.com", "login", "28800")
    assert "auth_time" in claims_of(token)


def test_who_signed_in_too_long_ago_signs_in_again(laptop: Laptop) -> None:
    """The session is not refreshed, though it could be; the line says why, with the time."""
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    laptop.signed_in("--max-age=0")
    ended = laptop.get_token("--max-age=0")
    assert ended.status == 0, ended.stderr
    assert re.search(r" \d\d:\d\d, .*--max-age=0s", reason(ended.stderr))
    assert laptop.realm.seen().token_requests == ["authorization_code", "authorization_code"]
    laptop.signed_in("--max-age=1h")
    assert laptop.realm.seen().token_requests[-1] == "refresh_token", (
        "the same session, and not too old for this"
    )


@pytest.mark.parametrize("span", ["30m", "1h30m"])
def test_tokens_that_live_shorter_than_min_ttl_are_not_renewed_by_every_call(
    laptop: Laptop, span: str
) -> None:
    """Half of their life is what is asked for, by the slow path and from memory."""
    laptop.realm.id_tokens_live(120)
    token = laptop.signed_in(f"--min-ttl={span}")
    for more in ((), ("-v=1",), ()):
        assert token_of(laptop.get_token(f"--min-ttl={span}", *more).stdout) == token
    assert laptop.realm.seen().token_requests == ["authorization_code"]


def test_half_of_its_life_over_a_token_is_renewed(laptop: Laptop) -> None:
    """Also one that the fast path knows: it is good for some seconds, and not for long enough."""
    laptop.realm.id_tokens_live(24)
    old = laptop.signed_in("--min-ttl=30m")
    laptop.realm.id_tokens_live(3600)
    wait_until(lambda: laptop.signed_in("--min-ttl=30m") != old, "the token is renewed")
    assert laptop.realm.seen().token_requests == ["authorization_code", "refresh_token"]
    assert len(laptop.browser.opened()) == 1


def test_without_a_refresh_token_a_person_signs_in_and_hears_why(laptop: Laptop) -> None:
    """When it ends, and that this is sooner than was asked for; and once it has ended, when that was."""
    laptop.client = "code-only"
    laptop.realm.id_tokens_live(5)
    laptop.signed_in()
    ended = laptop.get_token()
    assert re.search(r"\b\d\d:\d\d\b", reason(ended.stderr))
    assert "--min-ttl" not in reason(ended.stderr)
