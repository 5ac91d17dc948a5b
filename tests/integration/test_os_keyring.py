"""``--token-cache-storage=keyring``, and ``auto`` on a desktop: the session rests in a real gnome-keyring."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from . import limits
from .laptop import cache, token_of
from .os_keyring import OsKeyring, serve, starts_when_it_is_asked
from .said import files_with, warning

if TYPE_CHECKING:
    from pathlib import Path

    from .kernel_keys import KernelKeys
    from .laptop import Laptop
    from .mounts import LaptopWithin

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ENDED = 5  # seconds; a token that ends so soon is not handed out a second time


def session_in(keyring: OsKeyring) -> dict[str, str]:
    """Return the one session record that the keyring holds, which fits one entry here."""
    (secret,) = keyring.entries().values()
    record: dict[str, str] = json.loads(secret.partition("\n")[2])
    return record


@pytest.mark.parametrize("storage", ["keyring", "auto"])
def test_a_session_in_the_keyring_answers_without_a_request(
    desktop: Laptop, os_keyring: OsKeyring, storage: str
) -> None:
    """One sign-in serves the later calls; auto chooses the keyring; nothing of a token stands in any file."""
    desktop.storage = storage
    token = desktop.signed_in()
    desktop.realm.forget()
    again = desktop.get_token()
    assert (token_of(again.stdout), again.stderr) == (token, "")
    assert desktop.realm.seen().total == 0
    record = session_in(os_keyring)
    assert record["id_token"] == token
    assert files_with(token, record["refresh_token"]) == []


def test_the_kernel_keyring_stands_beside_the_os_keyring(
    os_keyring: OsKeyring, bare_laptop: LaptopWithin, kernel_keys: KernelKeys
) -> None:
    """Outside containers the kernel keyring holds the current credential, the OS keyring the session; purge empties both."""
    token = bare_laptop.signed_in()
    record = session_in(os_keyring)
    assert kernel_keys.sessions() == {}
    assert token.encode() in kernel_keys.credentials()[kernel_keys.session_id()]
    assert files_with(token, record["refresh_token"]) == []

    bare_laptop.realm.forget()
    with os_keyring.hangs():
        began = time.monotonic()
        assert bare_laptop.signed_in() == token
        assert time.monotonic() - began < 5, "a known command does not ask the OS keyring"
    assert bare_laptop.realm.seen().total == 0

    purged = bare_laptop.purge()
    assert purged.status == 0, purged.stderr
    assert os_keyring.entries() == {}
    assert kernel_keys.credentials() == {}


def test_a_keyring_that_starts_slowly_is_waited_for(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right after a login it is started by whoever asks first: auto does not pass it over."""
    monkeypatch.setenv("CI", "1")
    starts_when_it_is_asked(2)
    laptop.storage = "auto"
    for address in serve(started=False):
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        token = laptop.signed_in()
        assert session_in(OsKeyring(address))["id_token"] == token


def test_a_refresh_replaces_the_session_in_the_keyring(desktop: Laptop, os_keyring: OsKeyring) -> None:
    """An ended token is refreshed in one request; the refresh token that was used is in no entry afterwards."""
    desktop.realm.id_tokens_live(ENDED)
    old = desktop.signed_in()
    before = session_in(os_keyring)
    desktop.realm.id_tokens_live(3600)
    desktop.realm.forget()
    new = desktop.signed_in()
    assert desktop.realm.seen().requests == {"POST /token": 1}
    assert desktop.signed_in() == new != old
    assert desktop.realm.seen().total == 1, "and the new token is kept"
    after = session_in(os_keyring)
    assert after["refresh_token"] != before["refresh_token"]
    assert after["id_token"] == new
    assert len(desktop.browser.opened()) == 1


def test_a_long_token_fits(desktop: Laptop) -> None:
    """A token of more than 12,000 bytes, for a person of many groups, is kept and handed out like any other."""
    desktop.realm.set_groups(alice=[f"team-{number:04}-of-a-large-company" for number in range(400)])
    token = desktop.signed_in()
    assert len(token) > 12_000
    desktop.realm.forget()
    assert desktop.signed_in() == token
    assert desktop.realm.seen().total == 0


def test_purge_removes_every_entry(desktop: Laptop, os_keyring: OsKeyring) -> None:
    """Purge leaves no entry of the session behind, says where it was, and keeps another session's."""
    desktop.signed_in()
    desktop.signed_in("--session=other")
    assert len(os_keyring.entries()) == 2
    ended = desktop.run("purge", *desktop.realm.flags("--session=other"))
    assert (ended.status, ended.stdout) == (0, "")
    assert "OS keyring" in ended.stderr
    assert len(os_keyring.entries()) == 1
    assert desktop.run("purge").status == 0
    assert os_keyring.entries() == {}


def test_a_locked_keyring_costs_nobody_a_token(desktop: Laptop, os_keyring: OsKeyring) -> None:
    """Locked, with nobody to answer its prompt: the token is printed, one warning says why, and nothing goes to a file."""
    os_keyring.lock()
    desktop.storage = "auto"
    ended = desktop.get_token()
    token = token_of(ended.stdout)
    assert "OS keyring" in warning(ended)
    assert files_with(token) == []
    assert not (cache() / "tokens").exists(), "it is no reason to move to another store"


def test_a_session_in_a_keyring_outlives_its_being_locked(desktop: Laptop, os_keyring: OsKeyring) -> None:
    """While the keyring is locked a person signs in anew and nothing is stored; unlocked, the session is as good as before."""
    token = desktop.signed_in()
    before = os_keyring.entries()
    os_keyring.lock()
    ended = desktop.get_token()
    assert "OS keyring" in warning(ended)
    other = token_of(ended.stdout)
    assert other != token
    assert files_with(other) == []

    os_keyring.unlock()
    assert os_keyring.entries() == before
    desktop.realm.forget()
    assert desktop.signed_in() == token
    assert desktop.realm.seen().total == 0


def test_a_keyring_that_hangs_is_given_up(desktop: Laptop, os_keyring: OsKeyring, tmp_path: Path) -> None:
    """A keyring daemon that does not answer ends in bounded time: token printed, one warning, nothing in a file."""
    with os_keyring.hangs():
        ended = desktop.get_token(env=limits.shorter(tmp_path, limits.KEYRING))
    token = token_of(ended.stdout)
    assert "OS keyring" in warning(ended)
    assert files_with(token) == []


@pytest.mark.parametrize("name", ["null", "fail"])
def test_a_backend_that_keeps_nothing_is_no_keyring(
    desktop: Laptop, os_keyring: OsKeyring, name: str
) -> None:
    """Who names keyring's null or fail backend has nothing in the real keyring beside it; ``auto`` goes on to the disk."""
    hollow = {"PYTHON_KEYRING_BACKEND": f"keyring.backends.{name}.Keyring"}
    desktop.storage = "auto"
    token = desktop.signed_in(env=hollow)
    assert desktop.signed_in(env=hollow) == token
    assert len(desktop.browser.opened()) == 1
    assert os_keyring.entries() == {}
    assert files_with(token) != []


ASKS = """
from kubectl_oidc.sessions.stores.os_keyring import KeyringStore, find_backend
print(KeyringStore(find_backend()).asks())
"""


def asks() -> bool:
    """Tell, in a process of its own, whether reading the keyring may show somebody a prompt."""
    done = subprocess.run(
        [sys.executable, "-c", ASKS],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=dict(os.environ),
    )
    return done.stdout == "True\n"


def test_only_a_locked_keyring_asks_a_person(os_keyring: OsKeyring) -> None:
    """What refreshes in the background leaves a keyring alone that would show a prompt."""
    assert not asks()
    os_keyring.lock()
    assert asks()
    os_keyring.unlock()
    assert not asks()
