"""Ctrl-C, SIGTERM or SIGHUP while a refresh is on its way: the answer is stored all the same, and nobody waits for it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.slow_path import _REFRESH_STATES
from tests import parts
from tests.plugin import wait_until

from .said import failure, locks_held
from .test_signals import SIGNALS, ended_token, ends_by, goes_on, processes_of_this_test, slow_keyring

if TYPE_CHECKING:
    from .laptop import Laptop
    from .slow_keyring import SlowKeyring

__all__ = ["slow_keyring"]  # a fixture

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="whose a process is is read from /proc"
)

SLOW = 4000  # milliseconds; longer than the second that the process itself waits


@pytest.fixture
def expired(laptop: Laptop) -> Laptop:
    """Have a session whose token has as good as ended; what is issued next lives for an hour."""
    return ended_token(laptop)


def nothing_goes_on() -> bool:
    """Tell whether no process of the program is left."""
    return not list(processes_of_this_test())


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_costs_no_session_whose_refresh_takes_long(expired: Laptop, signum: signal.Signals) -> None:
    """The program ends, and the next call waits for the session that is stored meanwhile: one refresh, no browser."""
    expired.realm.fail_next("/token", delay_ms=SLOW)
    running = expired.start()
    wait_until(lambda: expired.realm.seen().total, "the refresh is sent")
    assert ends_by(running, signum) == ""
    assert locks_held() != [], "the session is still busy"
    goes_on(expired, "refresh_token")
    wait_until(nothing_goes_on, "the process in the background ends")
    assert locks_held() == []


def test_what_is_said_is_true(expired: Laptop) -> None:
    """The hint says that the answer is stored in the background, and names it no loss."""
    expired.realm.fail_next("/token", delay_ms=SLOW)
    running = expired.start()
    wait_until(lambda: expired.realm.seen().total, "the refresh is sent")
    running.send(signal.SIGINT)
    said = failure(running.ended(), "interrupted", _REFRESH_STATES["goes on"], status=130)
    assert _REFRESH_STATES["given up"] not in said
    goes_on(expired, "refresh_token")


def test_a_second_ctrl_c_does_not_wait_the_second(expired: Laptop) -> None:
    """The first waits a second for the answer, the second hands it over at once; the answer is stored all the same."""
    expired.realm.fail_next("/token", delay_ms=SLOW)
    running = expired.start()
    wait_until(lambda: expired.realm.seen().total, "the refresh is sent")
    time.sleep(0.5)  # what validates the answer is loaded
    began = time.monotonic()
    running.send(signal.SIGINT)
    time.sleep(0.1)
    assert running.is_running()
    running.send(signal.SIGINT)
    failure(running.ended(), "interrupted", status=130)
    assert time.monotonic() - began < 0.95
    goes_on(expired, "refresh_token")


def test_who_waits_for_what_was_handed_on_is_not_held_up(expired: Laptop, tmp_path: Path) -> None:
    """A script's own lock, handed on as a descriptor above 255, is free as soon as the program has ended."""
    expired.realm.fail_next("/token", delay_ms=SLOW)
    lock = os.open(tmp_path / "script.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.dup2(lock, 300)
    process = subprocess.Popen(
        [str(parts.plugin()), *expired.words()],
        pass_fds=[300],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.close(300)
    os.close(lock)
    wait_until(lambda: expired.realm.seen().total, "the refresh is sent")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=3)
    again = os.open(tmp_path / "script.lock", os.O_RDWR)
    fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(again)
    goes_on(expired, "refresh_token")


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_costs_no_session_that_a_slow_keyring_takes_long_to_store(
    laptop: Laptop, slow_keyring: SlowKeyring, signum: signal.Signals
) -> None:
    """An OS keyring that takes seconds an entry gets the whole session, from the process in the background."""
    ended_token(laptop)
    slow_keyring.takes(0.8, "set")
    running = laptop.start()
    wait_until(lambda: slow_keyring.was_asked("set"), "the session is stored")
    assert ends_by(running, signum) == ""
    goes_on(laptop, "refresh_token")
