"""One home directory on several hosts, as on the login nodes of a cluster: each has a kernel keyring of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.plugin import wait_until

from .laptop import cache, claims_of, token_of
from .mounts import LaptopWithin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .kernel_keys import KernelKeys
    from .laptop import Laptop

ENDED = 5  # seconds; a token that ends so soon is not handed out a second time

# A user namespace has keyrings of its own (user_namespaces(7)); in it another machine-id is mounted, and it has another name.
_HOST = """
mount --bind "$1" /etc/machine-id && hostname other-host && echo ready && exec sleep 600
"""


@pytest.fixture
def other_host(laptop: Laptop, tmp_path: Path) -> Iterator[LaptopWithin]:
    """Have the same person, home and browser on another host."""
    if not os.path.lexists("/etc/machine-id"):
        parts.missing("this machine has no /etc/machine-id, so another one cannot be mounted there")
    machine_id = tmp_path / "machine-id"
    machine_id.write_text("0123456789abcdef" * 2 + "\n")
    unshare = [parts.program("unshare"), "--user", "--map-root-user", "--mount", "--uts"]
    with subprocess.Popen(
        [*unshare, "sh", "-c", _HOST, "sh", str(machine_id)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as host:
        try:
            assert host.stdout is not None
            if host.stdout.readline() != "ready\n":
                parts.missing(
                    "this test needs user and mount namespaces (unshare), and they are forbidden here"
                )
            enter = [parts.program("nsenter"), "--user", "--mount", "--uts", "--preserve-credentials"]
            there = LaptopWithin(laptop.realm, laptop.browser, laptop.begin, storage="kernel")
            there.within = (*enter, f"--target={host.pid}")
            yield there
        finally:
            host.kill()


@pytest.fixture
def this_host(laptop: Laptop, kernel_keys: KernelKeys) -> Laptop:
    """Have the laptop as the first of the hosts."""
    assert kernel_keys.sessions() == {}
    laptop.storage = "kernel"
    return laptop


def test_each_host_refreshes_its_own_session(this_host: Laptop, other_host: LaptopWithin) -> None:
    """Each signs in once. Afterwards they refresh in turn, and neither ends the other's session."""
    this_host.realm.id_tokens_live(ENDED)
    for host in (this_host, other_host):
        assert claims_of(token_of(host.get_token().stdout))["sub"] == "alice"
    assert this_host.realm.seen().token_requests == ["authorization_code"] * 2
    this_host.realm.forget()
    for host in (this_host, other_host, this_host, other_host, other_host, this_host):
        ended = host.get_token()
        assert (ended.status, ended.stderr) == (0, "")
    seen = this_host.realm.seen()
    assert (seen.token_requests, seen.revoked_grants) == (["refresh_token"] * 6, 0)


def test_status_and_purge_are_about_this_host(
    this_host: Laptop, other_host: LaptopWithin, kernel_keys: KernelKeys
) -> None:
    """A host sees and removes its own session; the other host's goes on."""
    for host in (this_host, other_host):
        assert host.get_token().status == 0
    listed = this_host.run("status", "-o", "json")
    assert [one["storage"] for one in json.loads(listed.stdout)["sessions"]] == ["kernel"]

    removed = this_host.run("purge", "--all")
    assert removed.status == 0, removed.stderr
    assert (kernel_keys.sessions(), kernel_keys.credentials()) == ({}, {})
    assert json.loads(this_host.run("status", "-o", "json").stdout) == {"sessions": []}

    this_host.realm.forget()
    again = other_host.get_token("--force-refresh")
    assert (again.status, again.stderr) == (0, "")
    assert this_host.realm.seen().token_requests == ["refresh_token"]


def as_1_0_0_wrote_it() -> Path:
    """Make the index entry what version 1.0.0 had: ``ID.json``, with the same members."""
    (entry,) = (cache() / "sessions").glob("*.json")
    return entry.rename(entry.with_name(f"{entry.name.partition('.')[0]}.json"))


def test_an_entry_of_1_0_0_belongs_to_the_host_that_it_names(
    this_host: Laptop, other_host: LaptopWithin
) -> None:
    """The other host signs in for itself and leaves it; this one goes on with it and replaces it by an entry of its own."""
    this_host.realm.id_tokens_live(ENDED)
    this_host.signed_in()
    old = as_1_0_0_wrote_it()
    shutil.rmtree(cache() / "words")
    before = old.read_bytes()
    this_host.realm.forget()

    assert other_host.get_token().status == 0
    assert this_host.realm.seen().token_requests == ["authorization_code"]
    assert old.read_bytes() == before
    this_host.realm.forget()
    ended = this_host.get_token()
    assert (ended.status, ended.stderr) == (0, "")
    assert this_host.realm.seen().token_requests == ["refresh_token"]
    assert not old.exists()
    assert len(list(old.parent.glob("*.json"))) == 2, "one for each host"


def test_each_host_has_a_lock_of_its_own_for_its_kernel_session(
    this_host: Laptop, other_host: LaptopWithin
) -> None:
    """Neither waits for the other's browser."""
    this_host.scripted.is_left_alone()
    waiting = this_host.start()
    this_host.wait_for_browser()
    this_host.scripted.signs_in_as("alice")
    ended = other_host.get_token(env={"XDG_RUNTIME_DIR": str(cache())})
    assert ended.status == 0, ended.stderr
    assert waiting.is_running()
    wait_until(lambda: len(list((cache() / "locks").glob("*.lock"))) == 2, "each host has its lock")
