"""Helm, Terraform, k9s and shell loops start many plugins at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .laptop import claims_of, token_of

if TYPE_CHECKING:
    from .laptop import Laptop

MANY = 50


def test_many_plugins_make_one_refresh(laptop: Laptop) -> None:
    """50 at once with an expired session: one request, 50 times the same answer, no refresh token used twice."""
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    first = laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    # The answer takes a moment, so that all are there before it comes.
    laptop.realm.fail_next("/token", delay_ms=1500)

    plugins = [laptop.start() for _ in range(MANY)]
    ended = [plugin.ended(60) for plugin in plugins]

    assert [one.status for one in ended] == [0] * MANY, {one.stderr for one in ended}
    tokens = {token_of(one.stdout) for one in ended}
    assert len(tokens) == 1
    assert tokens != {first}
    seen = laptop.realm.seen()
    assert seen.requests == {"POST /token": 1}
    assert seen.revoked_grants == 0
    assert len(laptop.browser.opened()) == 1

    laptop.signed_in("--force-refresh")
    assert laptop.realm.seen().revoked_grants == 0, "and the session goes on"


def test_many_plugins_open_one_browser(laptop: Laptop) -> None:
    """50 at once without a session: one tab, one sign-in, 50 times the same answer."""
    plugins = [laptop.start() for _ in range(MANY)]
    ended = [plugin.ended(60) for plugin in plugins]

    assert [one.status for one in ended] == [0] * MANY, {one.stderr for one in ended}
    tokens = {token_of(one.stdout) for one in ended}
    assert len(tokens) == 1
    assert claims_of(tokens.pop())["sub"] == "alice"
    assert len(laptop.browser.opened()) == 1
    assert laptop.realm.seen().token_requests == ["authorization_code"]


def test_the_others_go_on_when_the_one_that_signs_in_is_killed(laptop: Laptop) -> None:
    """The plugin that has the browser open is killed: another signs in at once, and the rest have its answer."""
    laptop.scripted.is_left_alone()
    first = laptop.start()
    laptop.wait_for_browser()
    laptop.scripted.signs_in_as("alice")
    others = [laptop.start() for _ in range(3)]
    first.kill()
    ended = [plugin.ended(60) for plugin in others]
    assert [one.status for one in ended] == [0] * 3, {one.stderr for one in ended}
    assert len({token_of(one.stdout) for one in ended}) == 1
    assert len(laptop.browser.opened()) == 2
