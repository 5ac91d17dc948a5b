"""Helm, Terraform, k9s and shell loops start many plugins at once."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.plugin import wait_until

from .laptop import claims_of, token_of
from .on_terminal import OnTerminal
from .said import topics

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = [
    pytest.mark.usefixtures("start_program", "fork_server"),
    pytest.mark.together("many"),  # one after the other: 50 are enough at once
]

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


def test_a_failure_of_the_one_that_asks_counts_for_those_that_waited(laptop: Laptop) -> None:
    """A provider that hangs: six callers end together with the reason, not each after the time of the one before it."""
    laptop.realm.fail_next("/.well-known/openid-configuration", times=20, delay_ms=60_000, drop="before")
    began = time.monotonic()
    plugins = [laptop.start("--authentication-timeout-sec=6") for _ in range(6)]
    ended = [plugin.ended(60) for plugin in plugins]
    assert time.monotonic() - began < 18, "half of what it takes one after the other"
    assert {one.status for one in ended} == {1}
    reasons = {one.stderr for one in ended}
    assert len(reasons) == 1
    assert topics(reasons.pop()) == ["provider-unreachable"]
    assert laptop.browser.opened() == []


def test_a_failure_counts_for_nobody_who_comes_later(laptop: Laptop) -> None:
    """The provider answers again: the next call tries for itself."""
    laptop.realm.fail_next("/.well-known/openid-configuration", times=4, delay_ms=60_000, drop="before")
    first = laptop.start("--authentication-timeout-sec=3")
    wait_until(lambda: laptop.realm.seen().total, "the metadata is asked for")
    second = laptop.start("--authentication-timeout-sec=30")
    ended = [first.ended(), second.ended()]
    assert [one.status for one in ended] == [1, 1]
    laptop.realm.forget()
    laptop.realm.fail_next("/.well-known/openid-configuration", times=0)
    assert claims_of(laptop.signed_in())["sub"] == "alice"


def test_a_sign_in_that_nobody_finishes_at_a_terminal_opens_one_tab(laptop: Laptop) -> None:
    """Several commands at one terminal, as `xargs -P` starts them: the others end with the first, and say why."""
    laptop.scripted.is_left_alone()
    script = '"$@" --authentication-timeout-sec=4 & sleep 1; for each in 2 3; do "$@" & done; wait'
    with OnTerminal(*laptop.words(), through=(parts.program("sh"), "-c", script, "sh")) as terminal:
        terminal.ended()
    assert len(re.findall(r"^error: .*\b4 s$", terminal.text(), re.MULTILINE)) == 3
    assert set(topics(terminal.text())) == {"sign-in-timeout"}
    assert len(laptop.browser.opened()) == 1


def test_a_secret_is_not_in_what_others_can_read(laptop: Laptop) -> None:
    """The record is its owner's alone, and holds the words of the error."""
    laptop.realm.fail_next("/.well-known/openid-configuration", times=4, status=503)
    assert laptop.get_token("--oidc-client-secret=s3cr3t-word").status == 1
    (record,) = Path(os.environ["XDG_RUNTIME_DIR"]).rglob("*.failure")
    assert record.stat().st_mode & 0o777 == 0o600
    assert b"s3cr3t" not in record.read_bytes()
