"""Ctrl-C, SIGTERM and SIGHUP: the program ends at once, and frees its port and its lock.

Who pressed Ctrl-C is told in an error and a hint; a program that ends us is told nothing.
"""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.plugin import wait_until

from .laptop import claims_of, token_of
from .said import locks_held, port_of

if TYPE_CHECKING:
    from tests.plugin import Running

    from .laptop import Laptop

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
ENDED = 5  # seconds; a token that ends so soon is not handed out a second time
AT_ONCE = 3.0  # seconds; far less than any time-out of the program


def ends_by(running: Running, signum: signal.Signals) -> str:
    """Send a signal, hold the end of the program against it, and return what it had said before."""
    began = time.monotonic()
    running.send(signum)
    ended = running.ended(20)
    assert time.monotonic() - began < AT_ONCE
    assert (ended.status, ended.stdout) == (128 + signum, "")
    assert "Traceback" not in ended.stderr
    lines = ended.stderr.splitlines(keepends=True)
    if signum != signal.SIGINT:
        return ended.stderr
    assert lines[-2].startswith("error: interrupted by Ctrl-C")
    assert lines[-1].startswith("hint: ")
    return "".join(lines[:-2])


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_ends_the_wait_for_the_browser(signed_in: Laptop, signum: signal.Signals) -> None:
    """While a person is in the browser: port and lock are free, stored sessions as they were."""
    before = signed_in.stored()
    signed_in.scripted.is_left_alone()
    running = signed_in.start("--session=other")
    signed_in.wait_for_browser()
    address = ("127.0.0.1", port_of(signed_in.browser.opened()[0]))
    socket.create_connection(address, timeout=5).close()
    assert locks_held() != []

    assert ends_by(running, signum) == ""
    socket.create_server(address).close()
    assert locks_held() == []
    assert signed_in.stored() == before


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_ends_the_wait_for_another_plugin(laptop: Laptop, signum: signal.Signals) -> None:
    """Who waits for another's lock ends quietly; the other goes on, and its sign-in works."""
    laptop.scripted.is_left_alone()
    holder = laptop.start()
    laptop.wait_for_browser()
    waiting = laptop.start("-v", "1")
    assert waiting.process.stderr is not None
    line = waiting.process.stderr.readline()
    assert line.startswith("[v1] no session in"), "the next that it does is to ask for the lock"

    said = ends_by(waiting, signum)
    assert all(line.startswith("[v1] ") for line in said.splitlines()), said
    assert holder.is_running()
    assert locks_held() != []
    assert ends_by(holder, signal.SIGTERM) == ""
    assert locks_held() == []


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_ends_a_refresh_that_hangs(laptop: Laptop, signum: signal.Signals) -> None:
    """While the token endpoint does not answer: the lock is free, and the session goes on."""
    laptop.realm.id_tokens_live(ENDED)
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    laptop.realm.fail_next("/token", delay_ms=60_000, drop="before")
    running = laptop.start()
    wait_until(lambda: laptop.realm.seen().total, "the refresh is sent")

    assert ends_by(running, signum) == ""
    assert locks_held() == []
    again = laptop.get_token()
    assert claims_of(token_of(again.stdout))["sub"] == "alice"
    assert laptop.realm.seen().token_requests == ["refresh_token"]
    assert len(laptop.browser.opened()) == 1


def test_a_hangup_that_is_ignored_stays_ignored(laptop: Laptop) -> None:
    """Under nohup the program outlives its terminal: SIGHUP changes nothing, and SIGTERM still ends it."""
    laptop.scripted.is_left_alone()
    command = [parts.program("nohup"), str(parts.plugin())]
    running = laptop.begin(*laptop.words(), command=command)
    laptop.wait_for_browser()
    running.send(signal.SIGHUP)
    time.sleep(0.5)
    assert running.is_running()
    said = ends_by(running, signal.SIGTERM)
    assert all(line.startswith("nohup: ") for line in said.splitlines()), said
