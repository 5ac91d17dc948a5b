"""A refresh token of an older generation is never sent, and what was on its way brings nobody's session back."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests import keyring_files
from tests.plugin import wait_until

from .laptop import cache, claims_of, token_of
from .mounts import LaptopWithin, mounting

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin import Running

    from .kernel_keys import KernelKeys
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ENDED = 5  # seconds; a token that ends so soon is not handed out a second time


@pytest.fixture
def expiring(laptop: Laptop) -> Laptop:
    """Have a realm whose tokens end at once, so that each call refreshes."""
    laptop.realm.id_tokens_live(ENDED)
    return laptop


def in_flight() -> bool:
    """Tell whether the index says that a refresh was sent and its answer not stored."""
    (entry,) = (cache() / "sessions").glob("*.json")
    return bool(json.loads(entry.read_bytes())["in_flight"])


def test_a_session_from_a_backup_of_its_file_is_not_used(expiring: Laptop, tmp_path: Path) -> None:
    """tokens/ is restored as it was before the last refresh: its refresh token is not sent, and the person signs in."""
    expiring.signed_in()
    shutil.copytree(cache() / "tokens", tmp_path / "backup")
    expiring.signed_in()
    shutil.copytree(tmp_path / "backup", cache() / "tokens", dirs_exist_ok=True)
    expiring.realm.forget()

    ended = expiring.get_token("-v", "1", "--log-format=json")
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert '"session-outdated"' in ended.stderr
    seen = expiring.realm.seen()
    assert (seen.token_requests, seen.revoked_grants) == (["authorization_code"], 0)

    expiring.realm.forget()
    expiring.signed_in()
    assert expiring.realm.seen().token_requests == ["refresh_token"], "and the new session goes on"


@pytest.mark.parametrize("kind", ["windows", "macos"])
def test_a_session_from_a_backup_of_the_keyring_is_not_used(
    expiring: Laptop, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keyring's entries are restored as they were: the same, with a token that takes many entries on Windows."""
    for name, value in {**keyring_files.environ(kind, tmp_path / "keyring"), "CI": "1"}.items():
        monkeypatch.setenv(name, value)
    expiring.storage = "keyring"
    expiring.realm.set_groups(alice=[f"team-{number:04}-of-a-large-company" for number in range(100)])
    expiring.signed_in()
    assert (len(list((tmp_path / "keyring").iterdir())) > 2) is (kind == "windows")
    (tmp_path / "keyring").rename(tmp_path / "backup")
    shutil.copytree(tmp_path / "backup", tmp_path / "keyring")
    expiring.signed_in()
    shutil.rmtree(tmp_path / "keyring")
    shutil.copytree(tmp_path / "backup", tmp_path / "keyring")
    expiring.realm.forget()

    expiring.signed_in()
    seen = expiring.realm.seen()
    assert (seen.token_requests, seen.revoked_grants) == (["authorization_code"], 0)
    assert expiring.purge().status == 0
    assert list((tmp_path / "keyring").iterdir()) == []


def test_a_refresh_is_on_record_until_its_answer_is_stored(expiring: Laptop) -> None:
    """Its answer is lost: the index says so, the next call sends the same token once more and says so at -v 1."""
    expiring.signed_in()
    record = expiring.stored()
    expiring.realm.fail_next("/token", drop="before")
    lost = expiring.get_token()
    assert (lost.status, lost.stdout) == (1, "")
    assert in_flight()
    (tokens,) = (name for name in record if name.startswith("tokens/"))
    assert expiring.stored()[tokens] == record[tokens]

    expiring.realm.forget()
    again = expiring.get_token("-v", "1", "--log-format=json")
    assert '"refresh-repeated"' in again.stderr
    assert expiring.realm.seen().token_requests == ["refresh_token"], (
        "the provider takes it: it was not used up"
    )
    assert not in_flight()
    assert '"refresh-repeated"' not in expiring.get_token("-v", "1", "--log-format=json").stderr


def test_a_refresh_that_was_never_sent_is_not_on_record(expiring: Laptop) -> None:
    """There is no network: nothing is on its way, and the refresh token is as good as before."""
    expiring.signed_in()
    offline = LaptopWithin(expiring.realm, expiring.browser, expiring.begin)
    offline.within = (*mounting(), "--net")
    ended = offline.get_token()
    assert (ended.status, ended.stdout) == (1, "")
    assert not in_flight()
    expiring.realm.forget()
    expiring.signed_in()
    assert expiring.realm.seen().token_requests == ["refresh_token"]


def delayed_refresh(laptop: Laptop, seconds: float, env: dict[str, str] | None = None) -> Running:
    """Start a refresh of alice's whose answer takes so long, and wait until it is sent."""
    laptop.realm.forget()
    laptop.realm.fail_next("/token", delay_ms=int(seconds * 1000))
    refreshing = laptop.start(env=env)
    wait_until(lambda: laptop.realm.seen().requests.get("POST /token"), "the refresh is sent")
    return refreshing


def test_who_signs_in_while_a_refresh_is_on_its_way_waits_for_it_and_stays(expiring: Laptop) -> None:
    """Bob runs setup with the flags of alice's session: his sign-in comes after her refresh, and the session is his."""
    expiring.signed_in()
    expiring.realm.id_tokens_live(3600)
    refreshing = delayed_refresh(expiring, 2)
    expiring.scripted.signs_in_as("bob")
    setup = expiring.start(command="setup")
    hers, his = refreshing.ended(), setup.ended()
    assert claims_of(token_of(hers.stdout))["sub"] == "alice"
    assert his.status == 0, his.stderr
    assert "bob@example.com" in his.stderr
    assert expiring.realm.seen().token_requests == ["refresh_token", "authorization_code"]
    assert {claims_of(expiring.signed_in())["sub"] for _ in range(2)} == {"bob"}
    assert claims_of(expiring.signed_in("--force-refresh"))["sub"] == "bob"


def test_a_sign_in_waits_for_a_refresh_that_has_another_runtime_directory(
    expiring: Laptop, kernel_keys: KernelKeys, tmp_path: Path
) -> None:
    """Alice's plugin and bob's setup see one kernel keyring and two runtime directories: one lock, and the session is bob's."""
    expiring.storage = "kernel"
    expiring.signed_in()
    expiring.realm.id_tokens_live(3600)
    (tmp_path / "run").mkdir(mode=0o700)
    elsewhere = {"XDG_RUNTIME_DIR": str(tmp_path / "run")}
    refreshing = delayed_refresh(expiring, 4, elsewhere)
    expiring.scripted.signs_in_as("bob")
    setup = expiring.start(command="setup").ended()
    assert setup.status == 0, setup.stderr
    assert not refreshing.is_running(), "his sign-in waited for her refresh"
    assert claims_of(token_of(refreshing.ended().stdout))["sub"] == "alice"
    (record,) = kernel_keys.sessions().values()
    assert json.loads(record)["sub"] == "bob"
    for env in ({}, elsewhere):
        assert claims_of(expiring.signed_in(env=env))["sub"] == "bob"
