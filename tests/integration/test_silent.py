"""Silent when all is well: a full-screen program (standard error is no terminal) gets no word unless a person is needed."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from tests.plugin import wait_until
from tests.reasons import NOT_SIGNED_IN

from .laptop import cache, token_of
from .said import reason
from .test_take_over import leave, tokens_of_a_sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ENDED = 5  # seconds; a token that ends so soon is not handed out again


def cached(laptop: Laptop) -> list[str]:
    """Answered by the fast path."""
    laptop.signed_in()
    return []


def by_the_slow_path(laptop: Laptop) -> list[str]:
    """The session is good, the command is new."""
    laptop.signed_in()
    return ["--authentication-timeout-sec=99"]


def refreshed(laptop: Laptop) -> list[str]:
    """The token has ended."""
    laptop.realm.id_tokens_live(ENDED)
    laptop.signed_in()
    return []


def forced(laptop: Laptop) -> list[str]:
    """Somebody wants another token."""
    laptop.signed_in()
    return ["--force-refresh"]


def refreshed_ahead(laptop: Laptop) -> list[str]:
    """The token nears its end."""
    laptop.realm.id_tokens_live(40)
    laptop.signed_in("--refresh-ahead=0.001")
    time.sleep(1.1)  # a token that is younger than a second is not due
    return ["--refresh-ahead=0.001"]


def awaited(laptop: Laptop) -> list[str]:
    """Another refreshes, and takes its time."""
    laptop.realm.id_tokens_live(ENDED)
    laptop.signed_in()
    laptop.realm.forget()
    laptop.realm.fail_next("/token", delay_ms=3000)
    laptop.start()
    wait_until(lambda: laptop.realm.seen().requests.get("POST /token"), "another refreshes")
    return []


def taken_over(laptop: Laptop) -> list[str]:
    """Kubelogin left a session."""
    leave(tokens_of_a_sign_in(laptop))
    return []


def settled(laptop: Laptop) -> list[str]:
    """The index has lost the session."""
    laptop.signed_in()
    shutil.rmtree(cache() / "sessions")
    return ["--authentication-timeout-sec=99"]


def renewed_in_time(laptop: Laptop) -> list[str]:
    """The token is good, and not for long enough."""
    laptop.realm.id_tokens_live(24)
    laptop.signed_in("--min-ttl=30m")
    time.sleep(13)  # more than half of its life
    return ["--min-ttl=30m"]


def of_the_right_account(laptop: Laptop) -> list[str]:
    """The account is the one that is expected, after a refresh too."""
    laptop.realm.id_tokens_live(ENDED)
    laptop.signed_in("--expect-claim=email=alice@*")
    return ["--expect-claim=email=alice@*"]


WELL = (
    *(cached, by_the_slow_path, refreshed, forced, refreshed_ahead, awaited, taken_over, settled),
    *(renewed_in_time, of_the_right_account),
)


@pytest.mark.parametrize("case", WELL, ids=lambda case: case.__name__)
def test_not_a_word_is_said_where_nobody_is_needed(
    laptop: Laptop, case: Callable[[Laptop], list[str]]
) -> None:
    """A token comes, no browser is opened, and standard error stays empty."""
    flags = case(laptop)
    browsers = len(laptop.browser.opened())
    ended = laptop.get_token(*flags)
    assert (ended.status, ended.stderr) == (0, "")
    assert token_of(ended.stdout)
    assert len(laptop.browser.opened()) == browsers


def test_whoever_is_needed_hears_why_without_a_terminal(laptop: Laptop) -> None:
    """The one line, and nothing but that where a browser opens by itself."""
    ended = laptop.get_token()
    assert len(ended.stderr.splitlines()) == 1
    assert reason(ended.stderr).startswith(f"127.0.0.1 ({NOT_SIGNED_IN})")
