"""A keyring that is none: ``auto`` goes on to the kernel or the disk, and who asks for that keyring is told what it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.sessions.stores import index

from .laptop import cache, token_of
from .said import beside_the_reason, files_with, warning

if TYPE_CHECKING:
    from pathlib import Path

    from .laptop import Laptop
    from .os_keyring import OsKeyring

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

VARIABLE = "PYTHON_KEYRING_BACKEND"
BACKENDS = '''
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.backends.null import Keyring as Null

class Swallows(KeyringBackend):
    """Takes everything and returns nothing."""
    priority = 5
    def get_password(self, service, username): return None
    def set_password(self, service, username, password): pass
    def delete_password(self, service, username): pass

class Changes(Swallows):
    """Returns something else."""
    def get_password(self, service, username): return "something else"

class Raises(Swallows):
    """Fails whatever it is asked."""
    def get_password(self, service, username): raise RuntimeError("no daemon behind it")
    set_password = delete_password = get_password

class Chain(ChainerBackend):
    """Has nothing viable."""
    __module__ = "keyring.backends.chainer"
    priority = 5
    backends = ()
'''
HOLLOW = {
    "null": "keyring.backends.null.Keyring",
    "fail": "keyring.backends.fail.Keyring",
    "swallows": "hollow.Swallows",
    "changes": "hollow.Changes",
    "raises": "hollow.Raises",
    "chain": "hollow.Chain",
    "not there": "no_such_module.Keyring",
}


@pytest.fixture(params=HOLLOW)
def hollow(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a shell profile that names such a keyring; in CI, so that the kernel is not taken."""
    directory = tmp_path / "modules"
    directory.mkdir()
    (directory / "hollow.py").write_text(BACKENDS)
    return {VARIABLE: HOLLOW[request.param], "PYTHONPATH": str(directory), "CI": "1"}


def test_auto_goes_on_to_a_store_that_keeps_the_session(laptop: Laptop, hollow: dict[str, str]) -> None:
    """One sign-in, one note, and the second call has the token; it was a sign-in for every call."""
    laptop.storage = "auto"
    first = laptop.get_token(env=hollow)
    assert first.status == 0, first.stderr
    (note,) = beside_the_reason(first.stderr).splitlines()
    assert note.startswith("note: ")
    assert str(cache() / "tokens") in note
    second = laptop.get_token(env=hollow)
    assert (token_of(second.stdout), second.stderr) == (token_of(first.stdout), "")
    assert len(laptop.browser.opened()) == 1
    (entry,) = index.read_entries(cache())
    assert entry.storage == "disk"


def test_a_session_of_1_0_0_that_was_never_kept_moves(laptop: Laptop, hollow: dict[str, str]) -> None:
    """The index says keyring, and nothing is there: one more sign-in, and then it is kept."""
    if hollow[VARIABLE] in {HOLLOW["not there"], HOLLOW["raises"]}:
        # Not a missing part: the case cannot exist for these two keyrings.
        pytest.skip("1.0.0 could store nothing there, so the index never said keyring")
    laptop.storage = "auto"
    laptop.signed_in(env={"CI": "1"})
    (path,) = (cache() / index.DIRECTORY).glob("*.json")
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, "storage": "keyring", "credential": "keyring"}))
    (cache() / "tokens" / values["session_id"]).unlink()
    (cache() / "credentials" / values["session_id"]).unlink(missing_ok=True)
    token = laptop.signed_in(env=hollow)
    assert laptop.signed_in(env=hollow) == token
    assert len(laptop.browser.opened()) == 2
    (entry,) = index.read_entries(cache())
    assert entry.storage == "disk"


def test_who_asks_for_such_a_keyring_is_told(laptop: Laptop, hollow: dict[str, str]) -> None:
    """The token is printed, with one warning that names the variable; nothing is stored anywhere."""
    laptop.storage = "keyring"
    ended = laptop.get_token(env=hollow)
    said = warning(ended)
    assert VARIABLE in said or HOLLOW["not there"] == hollow[VARIABLE]
    assert files_with(token_of(ended.stdout)) == []


def test_doctor_says_what_it_found(laptop: Laptop, hollow: dict[str, str]) -> None:
    """The backend by its name, the variable that chooses it, and where sessions are stored instead."""
    words = ["doctor", *laptop.realm.flags(), "-o", "json"]
    ended = laptop.run(*words, env=hollow)
    checks = [one for one in json.loads(ended.stdout)["checks"] if one["name"] == "storage"]
    found = [one for one in checks if one["topic"] == "os-keyring"]
    assert [one["status"] for one in found] == ["warning"], checks
    if hollow[VARIABLE] != HOLLOW["not there"]:
        assert VARIABLE in found[0]["hint"]
        assert hollow[VARIABLE].rpartition(".")[2] in found[0]["message"]
    assert str(cache() / "tokens") in found[0]["message"]


def test_a_keyring_that_works_is_tried_and_stays_as_it_was(
    laptop: Laptop, os_keyring: OsKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gnome-keyring: the session is there alone, and no trace of the trial."""
    monkeypatch.setenv("CI", "1")
    laptop.storage = "auto"
    token = laptop.signed_in()
    services = set(os_keyring.entries())
    assert services
    assert not any("probe" in service for service in services)
    (entry,) = index.read_entries(cache())
    assert entry.storage == "keyring"
    assert laptop.signed_in() == token
    assert len(laptop.browser.opened()) == 1
