"""What client programs do that are not kubectl at a terminal: they are killed, they keep standard error, they ask many times."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.plugin import Ended, wait_until

from . import limits
from .laptop import claims_of, token_of
from .on_terminal import OnTerminal
from .said import locks_held
from .test_terminal import sign_in_by_hand

if TYPE_CHECKING:
    from pathlib import Path

    from .laptop import Laptop
    from .realm import OpenIdProvider, Realm

# A client program: it starts the plugin as client-go does, and reads its answer.
CLIENT = """
import subprocess, sys
print(subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout)
"""


class Client:
    """A client program that waits for a plugin.

    Args:
        words: The plugin's command line.
    """

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLIENT, str(parts.plugin()), *words], text=True
        )

    def kill(self) -> None:
        """End it so that it can do nothing about it."""
        self.process.kill()
        self.process.wait()


def plugins_of(client: Client) -> list[int]:
    """Return the process ids of a client's children."""
    return [int(pid) for pid in _children(client.process.pid)]


def _children(pid: int) -> list[str]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123
        return file.read().split()


def is_running(pid: int) -> bool:
    """Tell whether a process that is no child of ours is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def realm(openid_provider: OpenIdProvider) -> Realm:
    """Have a provider with the grants that need no browser."""
    return openid_provider.new_realm(more_grants=True)


# The client is killed


def test_a_client_that_is_killed_takes_its_plugin_along(laptop: Laptop) -> None:
    """While a person is awaited: lock and port are free within seconds, and the next client signs in."""
    laptop.scripted.is_left_alone()
    client = Client(*laptop.words())
    laptop.wait_for_browser()
    (plugin,) = plugins_of(client)
    client.kill()
    wait_until(lambda: not is_running(plugin), "the plugin ends", timeout=5)
    assert locks_held() == []
    laptop.scripted.signs_in_as("alice")
    with_terminal = laptop.run(*laptop.words(command="login"))
    assert with_terminal.status == 0, with_terminal.stderr


def test_a_client_that_is_killed_takes_a_waiting_plugin_along(laptop: Laptop) -> None:
    """While the plugin waits for another's lock; that other goes on."""
    laptop.scripted.is_left_alone()
    holder = laptop.start()
    laptop.wait_for_browser()
    client = Client(*laptop.words())
    wait_until(lambda: plugins_of(client), "the plugin has started")
    (plugin,) = plugins_of(client)
    time.sleep(1)
    client.kill()
    wait_until(lambda: not is_running(plugin), "the plugin ends", timeout=5)
    sign_in_by_hand(laptop, laptop.browser.opened()[0])
    assert claims_of(token_of(holder.ended().stdout))["sub"] == "alice"


def test_a_client_that_is_killed_in_a_request_takes_its_plugin_along(laptop: Laptop) -> None:
    """While the provider does not answer."""
    laptop.realm.fail_next("/.well-known/openid-configuration", delay_ms=60_000, drop="before")
    client = Client(*laptop.words())
    wait_until(lambda: laptop.realm.seen().total, "the metadata is asked for")
    (plugin,) = plugins_of(client)
    client.kill()
    wait_until(lambda: not is_running(plugin), "the plugin ends", timeout=5)
    assert locks_held() == []


def test_a_reader_that_has_gone_ends_the_plugin(laptop: Laptop) -> None:
    """The client lives and has closed its end of the pipe, as after a time-out of its own."""
    laptop.scripted.is_left_alone()
    running = laptop.start()
    laptop.wait_for_browser()
    assert running.process.stdout is not None
    running.process.stdout.close()
    running.process.wait(5)
    assert locks_held() == []


def test_a_refresh_that_is_on_its_way_is_stored_before_the_end(laptop: Laptop) -> None:
    """The client goes while the answer to a refresh comes: the session is not lost."""
    laptop.realm.id_tokens_live(5)
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.fail_next("/token", delay_ms=800)
    client = Client(*laptop.words())
    wait_until(lambda: laptop.realm.seen().token_requests.count("refresh_token"), "the refresh is sent")
    (plugin,) = plugins_of(client)
    client.kill()
    wait_until(lambda: not is_running(plugin), "the plugin ends", timeout=5)
    laptop.signed_in("--force-refresh")
    assert laptop.realm.seen().revoked_grants == 0
    assert len(laptop.browser.opened()) == 1


# What is written to standard error without a terminal


def test_a_wait_for_a_person_elsewhere_is_told_once(laptop: Laptop) -> None:
    """After some seconds: who holds the session, and what ends it; at a pipe as well."""
    laptop.scripted.is_left_alone()
    holder = laptop.start()
    laptop.wait_for_browser()
    waiting = laptop.start()
    time.sleep(9)
    sign_in_by_hand(laptop, laptop.browser.opened()[0])
    first, second = holder.ended(), waiting.ended()
    assert token_of(first.stdout) == token_of(second.stdout)
    (line,) = second.stderr.splitlines()
    assert re.match(rf".*\b{holder.process.pid}\b.*\b\d+ (min|s)\b", line)


def test_a_wait_for_no_person_is_silent(laptop: Laptop) -> None:
    """Another's refresh takes long: what succeeds without a person writes nothing."""
    laptop.realm.id_tokens_live(5)
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    laptop.realm.fail_next("/token", delay_ms=8000)
    holder = laptop.start()
    wait_until(lambda: laptop.realm.seen().total, "the refresh is sent")
    waiting = laptop.start()
    ended = [holder.ended(), waiting.ended()]
    assert [(one.status, one.stderr) for one in ended] == [(0, "")] * 2


def joined(laptop: Laptop) -> Ended:
    """Run ``get-token`` as fabric8 does: standard error and standard output in one pipe."""
    done = subprocess.run(
        [str(parts.plugin()), *laptop.words()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=40,
        check=False,
    )
    return Ended(done.returncode, done.stdout, "")


@pytest.fixture
def robot(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> Laptop:
    """Have a client that signs in as itself, without a person."""
    laptop.client = "robot"
    monkeypatch.setenv("KUBECTL_OIDC_CLIENT_SECRET", "secret of the robot")
    monkeypatch.setenv("KUBECTL_OIDC_GRANT_TYPE", "client-credentials")
    monkeypatch.setenv("KUBECTL_OIDC_USE_ACCESS_TOKEN", "true")
    return laptop


def test_a_client_that_signs_in_itself_writes_nothing(robot: Laptop) -> None:
    """The first call has no session, and says nothing of where it is stored."""
    robot.storage = "auto"
    for _ in range(2):
        ended = joined(robot)
        assert ended.status == 0
        assert token_of(ended.stdout)


def test_a_warning_waits_for_somebody_who_reads_it(robot: Laptop) -> None:
    """A store that is not there costs fabric8 nothing; a terminal, -v 1 and an error have the warning."""
    robot.storage = "keyring"
    warning = "warning: the sign-in"
    ended = joined(robot)
    assert token_of(ended.stdout)
    with OnTerminal(*robot.words()) as terminal:
        terminal.ended()
    assert warning in terminal.text()
    assert warning in robot.get_token("-v", "1").stderr
    robot.realm.fail_next("/token", times=5, status=503)
    failed = robot.get_token()
    assert failed.status == 1
    assert failed.stderr.startswith(warning)


# Without a browser and without a terminal


@pytest.mark.parametrize("grant", ["authcode", "device-code"])
def test_nobody_is_awaited_for_long_who_cannot_see_the_address(
    laptop: Laptop, tmp_path: Path, grant: str
) -> None:
    """Many clients show standard error at the end: it comes soon, and names the command that signs in."""
    if grant == "device-code":
        laptop.client = "device"
    began = time.monotonic()
    ended = laptop.get_token(
        "--skip-open-browser", f"--grant-type={grant}", env=limits.shorter(tmp_path, limits.UNSEEN)
    )
    assert time.monotonic() - began >= limits.SECONDS, ended.stderr
    assert ended.status == 1
    assert re.search(r"^hint: .*kubectl oidc-login login ", ended.stderr, re.MULTILINE)


def test_a_time_that_was_chosen_is_waited_for(laptop: Laptop, tmp_path: Path) -> None:
    """--authentication-timeout-sec is kept: somebody may read the words as they come, as in a job's log."""
    running = laptop.start(
        "--skip-open-browser",
        "--authentication-timeout-sec=60",
        env=limits.shorter(tmp_path, limits.UNSEEN),
    )
    assert running.process.stderr
    assert running.process.stderr.readline()  # where the person signs in
    time.sleep(2 * limits.SECONDS)
    assert running.is_running()
    running.kill()
