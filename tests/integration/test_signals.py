"""Ctrl-C, SIGTERM and SIGHUP in every phase: the program ends at once, frees its port and its lock, and leaves nothing behind.

Who pressed Ctrl-C is told in an error and a hint; a program that ends us is told nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.plugin import wait_until

from . import limits
from .laptop import cache, claims_of, token_of
from .said import beside_the_reason, locks_held, port_of, topics
from .slow_keyring import SlowKeyring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugin import Running

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
ENDED = 5  # seconds; a token that ends so soon is not handed out a second time
AT_ONCE = 3.0  # seconds; far less than any time-out of the program


def ends_by(running: Running, signum: signal.Signals) -> str:
    """Send a signal, hold the end of the program against it, and return what it had said before beside why one signs in."""
    began = time.monotonic()
    running.send(signum)
    ended = running.ended(20)
    assert time.monotonic() - began < AT_ONCE
    assert (ended.status, ended.stdout) == (128 + signum, "")
    assert "Traceback" not in ended.stderr
    # A process in the background may be storing the session just now.
    wait_until(
        lambda: not [path for path in cache().rglob(".*") if path.is_file()], "no half-written file is left"
    )
    said = beside_the_reason(ended.stderr)
    lines = said.splitlines(keepends=True)
    if signum != signal.SIGINT:
        return said
    assert lines[-2].startswith("error: ")
    assert topics(lines[-1]) == ["interrupted"]
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
def test_a_signal_ends_discovery_that_hangs(laptop: Laptop, signum: signal.Signals) -> None:
    """While the provider's metadata does not come: the lock is free, no browser was opened, and the next call signs in."""
    laptop.realm.fail_next("/.well-known/openid-configuration", delay_ms=60_000, drop="before")
    running = laptop.start()
    wait_until(lambda: laptop.realm.seen().total, "the metadata is asked for")
    assert ends_by(running, signum) == ""
    assert locks_held() == []
    assert laptop.browser.opened() == []
    laptop.signed_in()


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_ends_an_exchange_that_hangs(laptop: Laptop, signum: signal.Signals) -> None:
    """While the code is exchanged and the browser waits for its page: port and lock are free, nothing is stored."""
    laptop.realm.fail_next("/token", delay_ms=60_000, drop="before")
    running = laptop.start()
    wait_until(lambda: laptop.realm.seen().requests.get("POST /token"), "the code is sent")
    address = ("127.0.0.1", port_of(laptop.browser.opened()[0]))
    assert ends_by(running, signum) == ""
    socket.create_server(address).close()
    assert locks_held() == []
    assert laptop.stored() == {}


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_ends_the_wait_for_another_plugin(laptop: Laptop, signum: signal.Signals) -> None:
    """Who waits for another's lock ends quietly; the other goes on, and its sign-in works."""
    laptop.scripted.is_left_alone()
    holder = laptop.start()
    laptop.wait_for_browser()
    waiting = laptop.start("-v", "1")
    assert waiting.process.stderr is not None
    line = waiting.process.stderr.readline()
    assert line.startswith("[v1] no session"), "the next that it does is to ask for the lock"

    said = ends_by(waiting, signum)
    assert all(line.startswith("[v1] ") for line in said.splitlines()), said
    assert holder.is_running()
    assert locks_held() != []
    assert ends_by(holder, signal.SIGTERM) == ""
    assert locks_held() == []


@pytest.fixture
def expired(laptop: Laptop) -> Laptop:
    """Have a session whose token has as good as ended; what is issued next lives for an hour."""
    return ended_token(laptop)


def ended_token(laptop: Laptop) -> Laptop:
    """Sign in for a token that has as good as ended; what is issued next lives for an hour."""
    laptop.realm.id_tokens_live(ENDED)
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    return laptop


def goes_on(laptop: Laptop, *refreshes: str) -> None:
    """Hold against the provider's books that the session goes on without a browser after these token requests."""
    assert claims_of(laptop.signed_in())["sub"] == "alice"
    assert laptop.realm.seen().token_requests == list(refreshes)
    assert laptop.realm.seen().revoked_grants == 0
    assert len(laptop.browser.opened()) == 1


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="what a process catches is read from /proc"
)
@pytest.mark.parametrize("signum", SIGNALS)
@pytest.mark.usefixtures("started")  # what the system says of its process
def test_a_signal_ends_the_lock_wait_for_another_plugin(expired: Laptop, signum: signal.Signals) -> None:
    """A command that is known waits with next to nothing imported, and ends as well; the other's refresh goes on."""
    expired.realm.hold_next("/token")
    holder = expired.start()
    wait_until(lambda: expired.realm.seen().total, "the refresh is sent")
    waiting = expired.start()
    wait_until(lambda: catches(waiting.process.pid, signum), "the program catches the signal")
    wait_until(lambda: "State:\tS" in status_of(waiting.process.pid), "it sleeps between two looks")
    assert "libssl" not in Path(f"/proc/{waiting.process.pid}/maps").read_text(), (
        "the slow path is not loaded"
    )

    assert ends_by(waiting, signum) == ""
    assert locks_held() != []
    expired.realm.release()
    assert claims_of(token_of(holder.ended().stdout))["sub"] == "alice"
    goes_on(expired, "refresh_token")


def status_of(pid: int) -> str:
    """Return what the system says of a process."""
    return Path(f"/proc/{pid}/status").read_text()


def catches(pid: int, signum: signal.Signals) -> bool:
    """Tell whether a process has a handler for a signal, and SIGTERM, which Python itself does not catch."""
    (mask,) = [int(line.split()[1], 16) for line in status_of(pid).splitlines() if line.startswith("SigCgt:")]
    return all(mask >> (number - 1) & 1 for number in (signum, signal.SIGTERM, signal.SIGHUP))


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_ends_a_refresh_that_hangs(expired: Laptop, tmp_path: Path, signum: signal.Signals) -> None:
    """While the token endpoint does not answer: the session is busy until the request's time is over, and goes on."""
    expired.realm.fail_next("/token", delay_ms=60_000, drop="before")
    running = expired.start(env=limits.shorter(tmp_path, limits.REQUEST))
    wait_until(lambda: expired.realm.seen().total, "the refresh is sent")

    assert ends_by(running, signum) == ""
    goes_on(expired, "refresh_token")


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_costs_no_session_whose_refresh_is_on_its_way(
    expired: Laptop, signum: signal.Signals
) -> None:
    """An answer that comes within a second is stored first: the next call has the new token."""
    expired.realm.fail_next("/token", delay_ms=400)
    running = expired.start()
    wait_until(lambda: expired.realm.seen().total, "the refresh is sent")
    assert ends_by(running, signum) == ""
    assert locks_held() == []
    goes_on(expired, "refresh_token")


@pytest.fixture
def slow_keyring(laptop: Laptop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SlowKeyring:
    """Have the laptop's sessions rest in an OS keyring that takes as long as the test says."""
    keyring = SlowKeyring(tmp_path / "keyring")
    for name, value in keyring.environment.items():
        monkeypatch.setenv(name, value)
    laptop.storage = "keyring"
    return keyring


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_ends_the_wait_for_a_keyring_that_hangs(
    laptop: Laptop, slow_keyring: SlowKeyring, signum: signal.Signals
) -> None:
    """While the OS keyring does not say what it holds: the session stays in it."""
    token = laptop.signed_in()
    slow_keyring.takes(60, "get")
    running = laptop.start()
    wait_until(lambda: slow_keyring.was_asked("get"), "the keyring is asked")
    assert ends_by(running, signum) == ""
    assert locks_held() == []
    slow_keyring.takes(0, "get")
    assert laptop.signed_in() == token


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_ends_a_store_that_hangs(
    laptop: Laptop, slow_keyring: SlowKeyring, signum: signal.Signals
) -> None:
    """While the OS keyring does not take a refreshed session: a second is waited, then a process in the background goes on."""
    ended_token(laptop)
    slow_keyring.takes(60, "set")
    running = laptop.start()
    wait_until(lambda: slow_keyring.was_asked("set"), "the session is stored")
    assert ends_by(running, signum) == ""
    slow_keyring.takes(0, "set")
    assert claims_of(laptop.signed_in())["sub"] == "alice"


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_costs_no_session_that_is_being_stored(
    laptop: Laptop, slow_keyring: SlowKeyring, signum: signal.Signals
) -> None:
    """An OS keyring that takes its time over a refreshed session, several entries long, gets to the end of it."""
    ended_token(laptop)
    slow_keyring.takes(0.1, "set")
    running = laptop.start()
    wait_until(lambda: slow_keyring.was_asked("set"), "the session is stored")
    assert ends_by(running, signum) == ""
    slow_keyring.takes(0, "set")
    goes_on(laptop, "refresh_token")


SLOW_DISK = """
import os, pathlib, time

def slow(descriptor, sync=os.fsync):
    if os.readlink(f"/proc/self/fd/{descriptor}").startswith(os.environ["SLOW_DISK"]):
        pathlib.Path(os.environ["SLOW_DISK_REACHED"]).touch()
        time.sleep(60)
    sync(descriptor)

os.fsync = slow
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="which file is written is read from /proc")
@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_while_the_disk_hangs_leaves_no_half_written_file(
    laptop: Laptop, tmp_path: Path, signum: signal.Signals
) -> None:
    """In the middle of the write of a first session: nothing of it stays, and the next call signs in."""
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "sitecustomize.py").write_text(SLOW_DISK)
    reached = tmp_path / "reached"
    environ = {
        "PYTHONPATH": str(tmp_path / "slow"),
        "SLOW_DISK": f"{cache()}/tokens/",
        "SLOW_DISK_REACHED": str(reached),
    }
    running = laptop.start(env=environ)
    wait_until(reached.exists, "the session is written")
    assert [path for path in (cache() / "tokens").iterdir() if path.name.startswith(".")] != []
    assert ends_by(running, signum) == ""
    assert locks_held() == []
    assert laptop.stored() == {}
    laptop.signed_in()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="whose a process is is read from /proc")
@pytest.mark.parametrize("signum", SIGNALS)
@pytest.mark.usefixtures("started")  # what the system says of its process
def test_a_signal_leaves_no_process_but_the_person_s_browser(laptop: Laptop, signum: signal.Signals) -> None:
    """The browser that was opened is the person's own: it goes on, and nothing else does."""
    browser = Path.home() / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {laptop.scripted.command.parent}/opened\nexec sleep 60\n')
    browser.chmod(0o700)
    running = laptop.start(f"--browser-command={browser}")
    laptop.wait_for_browser()
    assert ends_by(running, signum) == ""
    assert locks_held() == []
    (left,) = processes_of_this_test()
    os.kill(left, signal.SIGKILL)


def processes_of_this_test() -> Iterator[int]:
    """Return the ids of the processes that have the test's own HOME."""
    home = f"HOME={Path.home()}".encode()
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and home in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)


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
