"""After a sign-in that failed or that nobody answered, background programs do not open tab after tab."""

from __future__ import annotations

import shlex
import signal
from typing import TYPE_CHECKING

import pytest

from .laptop import cache, claims_of, token_of
from .on_terminal import OnTerminal
from .said import complaint, failure

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

PAUSED = "sign-in-paused"


@pytest.fixture
def abandoned(laptop: Laptop) -> Laptop:
    """Have a laptop where nobody answered a sign-in a moment ago, and where somebody would answer the next."""
    laptop.scripted.is_left_alone()
    failure(laptop.get_token("--authentication-timeout-sec=1"), "sign-in-timeout")
    laptop.scripted.signs_in_as("alice")
    return laptop


def test_the_next_background_program_fails_at_once(abandoned: Laptop) -> None:
    """No browser, no request; the error says what failed when, the hint names the command to run."""
    abandoned.realm.forget()
    ended = abandoned.get_token()
    failure(ended, PAUSED, " 1 s", "kubectl oidc-login login ")
    assert len(abandoned.browser.opened()) == 1
    assert abandoned.realm.seen().total == 0


def test_the_command_that_the_hint_names_signs_in(abandoned: Laptop) -> None:
    """It is for the same session: afterwards background programs are served from it."""
    _, hint = complaint(abandoned.get_token())
    command = shlex.split(hint.split("`")[1])[2:]
    done = abandoned.run(*command, abandoned.browser.flag, "--listen-address=127.0.0.1:0")
    assert done.status == 0, done.stderr
    assert claims_of(abandoned.signed_in())["sub"] == "alice"
    assert len(abandoned.browser.opened()) == 2


def test_a_command_at_a_terminal_signs_in_all_the_same(abandoned: Laptop) -> None:
    """Who types a command is asked again, and the pause is over for everybody."""
    with OnTerminal(*abandoned.words()) as terminal:
        ended = terminal.ended()
    assert ended.status == 0, ended.stderr
    assert list((cache() / "failed").iterdir()) == []
    abandoned.signed_in("--force-refresh")
    assert len(abandoned.browser.opened()) == 2


def test_another_session_is_not_concerned(abandoned: Laptop) -> None:
    """A failure at one provider, client or name says nothing of another."""
    assert claims_of(abandoned.signed_in("--session=other"))["sub"] == "alice"


def test_a_purge_ends_the_pause(abandoned: Laptop) -> None:
    """A person who purges begins anew."""
    abandoned.purge()
    assert claims_of(abandoned.signed_in())["sub"] == "alice"


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_sign_in_that_is_ended_by_a_signal_counts(laptop: Laptop, signum: signal.Signals) -> None:
    """The program that waited is closed: the next does not open the tab again."""
    laptop.scripted.is_left_alone()
    running = laptop.start()
    laptop.wait_for_browser()
    running.send(signum)
    running.ended()
    failure(laptop.get_token(), PAUSED, "kubectl oidc-login login ")
    assert len(laptop.browser.opened()) == 1


def test_many_that_wait_for_a_sign_in_that_fails_open_no_further_tab(laptop: Laptop) -> None:
    """One tab for all of them: when nobody answers it, the others end with it."""
    laptop.scripted.is_left_alone()
    first = laptop.start("--authentication-timeout-sec=3")
    laptop.wait_for_browser()
    others = [laptop.start("--authentication-timeout-sec=30") for _ in range(5)]
    failure(first.ended(), "sign-in-timeout")
    for other in others:
        failure(other.ended(20), PAUSED)
    assert len(laptop.browser.opened()) == 1


def test_what_fails_before_a_person_is_asked_does_not_count(laptop: Laptop) -> None:
    """A provider that is down for a moment opened no tab, so the next call tries again."""
    laptop.realm.fail_next("/.well-known/openid-configuration", times=3, status=503)
    assert laptop.get_token().status == 1
    assert claims_of(laptop.signed_in())["sub"] == "alice"


def test_a_session_that_lives_is_not_concerned(laptop: Laptop) -> None:
    """A refresh needs no browser, so no pause holds it up."""
    laptop.realm.id_tokens_live(5)
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    (cache() / "failed").mkdir(mode=0o700, exist_ok=True)
    laptop.scripted.is_left_alone()
    assert token_of(laptop.get_token("--force-refresh").stdout)
    assert laptop.realm.seen().token_requests == ["authorization_code", "refresh_token"]
