"""Purge and sign out while something is on its way: what was removed stays removed, or it is said that this is not sure."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.plugin import Ended, wait_until

from .laptop import cache, claims_of, token_of
from .said import topics
from .slow_disk import SlowDisk

if TYPE_CHECKING:
    from pathlib import Path

    from .kernel_keys import KernelKeys
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ENDED = 5  # seconds; a token that ends so soon is not handed out a second time
LONGER = 8.5  # seconds; a purge waits 5 s for the session's own lock, and a sign-out then revokes

COMMANDS = {
    "purge": ["purge", "--all"],
    "clean": ["clean"],
    "logout": ["logout", "--all", "--keep-provider-session"],
}


@pytest.fixture
def expired(laptop: Laptop) -> Laptop:
    """Have a session whose token has as good as ended; what is issued next lives for an hour."""
    laptop.realm.id_tokens_live(ENDED)
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    return laptop


def left() -> dict[str, bytes]:
    """Return every file of the cache that holds anything of a session but what the index knows."""
    places = ("tokens", "credentials", "words")
    return {str(path): path.read_bytes() for place in places for path in (cache() / place).glob("*")}


def is_over(laptop: Laptop) -> None:
    """Nothing of the session is left, no refresh token is sent again, and the next call signs in."""
    assert left() == {}
    entries = [json.loads(path.read_bytes()) for path in (cache() / "sessions").glob("*.json")]
    assert [(entry["storage"], entry["person"]) for entry in entries] == [("", "")] * len(entries)
    laptop.realm.forget()
    laptop.signed_in()
    assert laptop.realm.seen().token_requests == ["authorization_code"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_refresh_that_is_being_stored_on_a_slow_disk_does_not_bring_the_session_back(
    expired: Laptop, tmp_path: Path, command: str
) -> None:
    """The record is written, and the index entry takes longer than the session's lock is waited for."""
    disk = SlowDisk(tmp_path / "slow", "sessions", 2, LONGER)
    refreshing = expired.begin(*expired.words(), command=disk.command)
    disk.wait()
    removed = expired.run(*COMMANDS[command])
    assert removed.status == 0, removed.stderr
    assert re.search("Removed .*alice@example.com", removed.stderr)
    assert claims_of(token_of(refreshing.ended().stdout))["sub"] == "alice", "who asked before has the answer"
    is_over(expired)


def test_a_refresh_that_is_about_to_be_sent_does_not_bring_the_session_back(
    expired: Laptop, tmp_path: Path
) -> None:
    """Its mark in the index is being written: it does not overwrite what the purge wrote there."""
    disk = SlowDisk(tmp_path / "slow", "sessions", 1, LONGER)
    refreshing = expired.begin(*expired.words(), command=disk.command)
    disk.wait()
    removed = expired.purge()
    assert removed.status == 0, removed.stderr
    refreshing.ended()
    is_over(expired)


def test_a_session_in_the_kernel_does_not_come_back(
    laptop: Laptop, kernel_keys: KernelKeys, tmp_path: Path
) -> None:
    """The same for its keys."""
    laptop.storage = "kernel"
    laptop.realm.id_tokens_live(ENDED)
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    disk = SlowDisk(tmp_path / "slow", "sessions", 2, LONGER)
    refreshing = laptop.begin(*laptop.words(), command=disk.command)
    disk.wait()
    assert kernel_keys.session_ids()
    removed = laptop.run("purge", "--all")
    assert removed.status == 0, removed.stderr
    refreshing.ended()
    assert (kernel_keys.sessions(), kernel_keys.credentials()) == ({}, {})
    is_over(laptop)


def test_a_credential_that_is_being_published_does_not_come_back(signed_in: Laptop, tmp_path: Path) -> None:
    """A plugin has read the good session without its lock; the purge has the lock and removes the index entry too."""
    for path in (*(cache() / "credentials").glob("*"), *(cache() / "words").glob("*")):
        path.unlink()
    disk = SlowDisk(tmp_path / "slow", "credentials", 1, 2.0)
    reading = signed_in.begin(*signed_in.words(), command=disk.command)
    disk.wait()
    removed = signed_in.purge()
    assert removed.status == 0, removed.stderr
    reading.ended()
    is_over(signed_in)


def purged_on_a_full_disk(laptop: Laptop) -> Ended:
    """Run purge where no byte can be written to any file."""
    full = [parts.program("prlimit"), "--fsize=0", str(parts.plugin())]
    return laptop.begin(*laptop.words(command="purge"), command=full).ended()


def test_a_purge_that_cannot_be_sure_says_so(signed_in: Laptop) -> None:
    """Somebody holds the session's lock, and the disk is full, so no mark can be left for them: exit 1, and what helps."""
    signed_in.scripted.is_left_alone()
    waiting = signed_in.start(command="login")
    signed_in.wait_for_browser()
    ended = purged_on_a_full_disk(signed_in)
    assert ended.status == 1
    removed, error, hint = ended.stderr.splitlines()
    assert "alice@example.com" in removed
    assert error.startswith("error: ")
    assert topics(hint) == ["purge"]
    waiting.kill()
    again = signed_in.purge()
    assert (again.status, left()) == (0, {})


def test_a_purge_that_is_sure_needs_no_room(signed_in: Laptop) -> None:
    """Nobody holds the session's lock: everything is removed on a full disk, and it ends well."""
    ended = purged_on_a_full_disk(signed_in)
    assert ended.status == 0, ended.stderr
    is_over(signed_in)


def test_who_waits_to_remove_a_session_is_told_for_whom(signed_in: Laptop, tmp_path: Path) -> None:
    """After a moment a person at a terminal reads which process is still writing the session."""
    disk = SlowDisk(tmp_path / "slow", "sessions", 1, 9.0)
    refreshing = signed_in.begin(*signed_in.words("--force-refresh"), command=disk.command)
    disk.wait()
    script = [parts.program("script"), "-qec", f"{parts.plugin()} purge --all", "/dev/null"]
    done = subprocess.run(
        script, capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL
    )
    assert str(refreshing.process.pid) in done.stdout
    assert done.returncode == 0
    refreshing.ended()


def test_a_refresh_that_takes_longer_than_a_purge_waits_leaves_nothing(signed_in: Laptop) -> None:
    """Its answer is stored nowhere, and the command is not remembered."""
    signed_in.realm.fail_next("/token", delay_ms=6_000)
    refreshing = signed_in.start("--force-refresh")
    wait_until(lambda: signed_in.realm.seen().token_requests, "the refresh is sent")
    removed = signed_in.purge()
    assert removed.status == 0, removed.stderr
    refreshing.ended()
    is_over(signed_in)
