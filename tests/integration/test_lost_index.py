"""The cache directory was removed (``rm -rf ~/.kube/cache``): sessions in keyrings are still listed, removed and signed out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from . import limits
from .laptop import cache
from .said import failure

if TYPE_CHECKING:
    from .kernel_keys import KernelKeys
    from .laptop import Laptop
    from .os_keyring import OsKeyring

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

COMMANDS = {
    "purge": ["purge", "--all"],
    "clean": ["clean"],
    "logout": ["logout", "--all", "--keep-provider-session"],
}


@pytest.fixture
def lost(laptop: Laptop, kernel_keys: KernelKeys) -> Laptop:
    """Have a session in the kernel keyring that no file knows of any more."""
    laptop.storage = "kernel"
    laptop.signed_in()
    assert len(kernel_keys.sessions()) == 1
    shutil.rmtree(cache())
    return laptop


def listed(laptop: Laptop) -> list[tuple[str, str, str]]:
    """Return whom `status` lists, where they are kept, and how it stands."""
    sessions = json.loads(laptop.run("status", "-o", "json").stdout)["sessions"]
    return [(one["person"], one["storage"], one["state"]) for one in sessions]


def test_status_lists_it(lost: Laptop) -> None:
    """By the kernel's list of keys: the person, and that its token is good."""
    assert listed(lost) == [("alice@example.com", "kernel", "good")]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_session_means_that_one_too(lost: Laptop, kernel_keys: KernelKeys, command: str) -> None:
    """It is removed with its credential, and the next call signs in; `logout` revokes its refresh token."""
    ended = lost.run(*COMMANDS[command])
    assert ended.status == 0, ended.stderr
    assert "alice@example.com" in ended.stderr
    assert (kernel_keys.sessions(), kernel_keys.credentials()) == ({}, {})
    assert listed(lost) == []
    assert (lost.realm.seen().requests.get("POST /token/revocation", 0) > 0) is (command == "logout")
    lost.realm.forget()
    lost.signed_in()
    assert lost.realm.seen().token_requests == ["authorization_code"]


def test_the_only_one_is_what_purge_means(lost: Laptop, kernel_keys: KernelKeys) -> None:
    """Without flags it removes the only session that is known, and says whose it was."""
    ended = lost.run("purge")
    assert ended.status == 0, ended.stderr
    assert "alice@example.com" in ended.stderr
    assert kernel_keys.sessions() == {}


def test_of_several_none_is_removed_unless_it_is_named(lost: Laptop, kernel_keys: KernelKeys) -> None:
    """Never an arbitrary one: they are named, with how to choose."""
    lost.signed_in("--session=other")
    kernel_keys.session_ids()
    shutil.rmtree(cache())
    before = kernel_keys.sessions()
    assert len(before) == 2
    ended = lost.run("purge")
    assert ended.status == 2
    assert ended.stderr.count("alice@example.com") == 2
    assert "--all" in ended.stderr
    assert kernel_keys.sessions() == before


def test_of_several_on_disk_none_is_removed_either(laptop: Laptop) -> None:
    """The index alone is gone, and one of the records is damaged: it cannot be told whose it is."""
    laptop.signed_in()
    laptop.signed_in("--session=other")
    shutil.rmtree(cache() / "sessions")
    first, _ = sorted((cache() / "tokens").iterdir())
    first.write_bytes(b"damaged")
    before = laptop.stored()
    ended = laptop.run("purge")
    assert ended.status == 2
    assert "alice@example.com" in ended.stderr
    assert f"--session={first.name[:8]}" in ended.stderr
    assert laptop.stored() == before


def test_sessions_of_another_directory_are_left(
    lost: Laptop, kernel_keys: KernelKeys, tmp_path: Path
) -> None:
    """A keyring is the user's, whatever HOME and --token-cache-dir say: another home's session is neither shown nor removed."""
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    env = {"HOME": str(other)}
    assert json.loads(lost.run("status", "-o", "json", env=env).stdout) == {"sessions": []}
    before = kernel_keys.sessions()
    for command in (["purge", "--all"], ["purge"], ["logout", "--all"]):
        assert lost.run(*command, env=env).status == 0
    assert kernel_keys.sessions() == before
    assert listed(lost) == [("alice@example.com", "kernel", "good")], "and its own home still finds it"


def test_the_secret_service_is_searched_too(desktop: Laptop, os_keyring: OsKeyring) -> None:
    """Its entries can be found by their attributes."""
    desktop.signed_in()
    assert os_keyring.entries() != {}
    shutil.rmtree(cache())
    assert listed(desktop) == [("alice@example.com", "keyring", "good")]
    ended = desktop.run("purge", "--all")
    assert ended.status == 0, ended.stderr
    assert os_keyring.entries() == {}
    assert Path(cache()).is_dir()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("state", ["locked", "hangs"])
def test_a_keyring_that_cannot_be_searched_is_not_called_empty(
    desktop: Laptop, os_keyring: OsKeyring, tmp_path: Path, state: str, command: str
) -> None:
    """Who asked for every session to be removed hears that there may be more, and the exit status says so; later it works."""
    desktop.signed_in()
    before = os_keyring.entries()
    shutil.rmtree(cache())
    if state == "locked":
        os_keyring.lock()
        ended = desktop.run(*COMMANDS[command])
        os_keyring.unlock()
    else:
        with os_keyring.hangs():
            ended = desktop.run(*COMMANDS[command], env=limits.shorter(tmp_path, limits.KEYRING))
    assert "OS keyring" in failure(ended, "purge" if state == "locked" else "os-keyring")
    assert os_keyring.entries() == before
    ended = desktop.run(*COMMANDS[command])
    assert ended.status == 0, ended.stderr
    assert os_keyring.entries() == {}
