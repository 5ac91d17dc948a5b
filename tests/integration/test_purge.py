"""``purge`` and ``clean``: a session is taken out of every place that it rests in, and nothing else is."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import pytest

from tests.plugin import wait_until

from .laptop import cache, claims_of, token_of
from .said import choices, failure, files_with

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin import Ended

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ENDED = 5  # seconds; a token that ends so soon is not handed out a second time


def removed(ended: Ended) -> list[str]:
    """Return the lines of a purge that removed something; nothing stands on standard output."""
    assert (ended.status, ended.stdout) == (0, ""), ended.stderr
    lines = ended.stderr.splitlines()
    assert all(line.endswith("tokens") for line in lines), "each names its place"
    return lines


def assert_nothing_removed(ended: Ended) -> None:
    """Assert that a purge ended well and says where it looked, and names no place where something was."""
    assert (ended.status, ended.stdout) == (0, ""), ended.stderr
    assert re.search(rf"{re.escape(str(cache()))}(?![\w/])", ended.stderr)
    assert f"{cache()}/" not in ended.stderr


def secrets_on_disk() -> list[str]:
    """Return the tokens of every session that rests on disk."""
    records = [json.loads(path.read_bytes()) for path in (cache() / "tokens").iterdir()]
    return [record[name] for record in records for name in ("id_token", "refresh_token")]


def strangers(directory: Path) -> dict[Path, bytes]:
    """Put files that are not ours where ours are, and return them."""
    files = {
        directory / "notes.txt": b"mine",
        directory / ("0123456789abcdef" * 4): b"what kubelogin keeps",
        directory / "tokens" / "notes.txt": b"mine",
        directory / "sessions" / "notes.json": b"{}",
        directory / "other" / "deeper": b"mine",
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o600)
    return files


@pytest.mark.parametrize("way", ["by its flags", "the only one", "--all", "clean"])
def test_a_purged_session_is_gone(signed_in: Laptop, way: str) -> None:
    """Who it was of and where it was is said; no token is left, and a call that was known signs in again."""
    token = signed_in.signed_in()
    secrets = secrets_on_disk()
    assert signed_in.browser.opened() == []
    others = strangers(cache())
    words = {
        "by its flags": signed_in.words(command="purge"),
        "the only one": ["purge"],
        "--all": ["purge", "--all"],
        "clean": ["clean"],
    }
    (line,) = removed(signed_in.run(*words[way]))
    for named in ("alice@example.com", signed_in.realm.issuer, str(cache() / "tokens")):
        assert named in line
    assert files_with(token, *secrets) == []
    assert {path: path.read_bytes() for path in others} == others, "what is not ours stays"

    assert signed_in.signed_in() != token
    assert len(signed_in.browser.opened()) == 1


def test_with_nothing_to_purge_it_says_so(laptop: Laptop) -> None:
    """Where there is no session: it says where it looked, exits 0 and makes nothing."""
    for words in (["purge"], ["purge", "--all"], ["clean"], laptop.words(command="purge")):
        ended = laptop.run(*words)
        assert (ended.status, ended.stdout) == (0, "")
        assert_nothing_removed(ended)
    assert laptop.stored() == {}


def test_one_of_two_sessions_must_be_named(signed_in: Laptop) -> None:
    """With two sessions purge wants to know which; it removes the named one, and --all or clean the others."""
    signed_in.scripted.signs_in_as("bob")
    other = signed_in.signed_in("--session=other")
    before = signed_in.stored()

    found = choices(signed_in.run("purge"))
    words = sorted(found.values())
    assert words[0].startswith("alice@example.com ")
    assert words[1].startswith("bob@example.com ")
    assert words[1].endswith(" other")
    assert signed_in.stored() == before

    (line,) = removed(signed_in.purge("--session=other"))
    assert "bob@example.com" in line
    assert files_with(other) == []
    assert claims_of(signed_in.signed_in())["sub"] == "alice", "the other session is as good as before"
    assert len(signed_in.browser.opened()) == 1

    signed_in.signed_in("--session=third")
    assert len(removed(signed_in.run("purge", "--all"))) == 2
    assert list((cache() / "tokens").iterdir()) == []


def test_a_session_elsewhere_is_purged_elsewhere(laptop: Laptop, tmp_path: Path) -> None:
    """With --token-cache-dir the session there is removed, and neither the directory nor what else is in it."""
    place = tmp_path / "elsewhere"
    others = strangers(place)
    place.chmod(0o700)
    flag = f"--token-cache-dir={place}"
    laptop.signed_in(flag)
    assert_nothing_removed(laptop.run("purge", "--all"))
    (line,) = removed(laptop.run("purge", flag))
    assert str(place / "tokens") in line
    assert {path: path.read_bytes() for path in others} == others
    laptop.signed_in(flag)
    assert len(laptop.browser.opened()) == 2


def test_a_session_that_the_index_lost_is_purged_by_its_flags(signed_in: Laptop) -> None:
    """Without its index entry the session is found by the flags that name it."""
    secrets = secrets_on_disk()
    for entry in (cache() / "sessions").iterdir():
        entry.unlink()
    ended = signed_in.purge()
    assert (ended.status, ended.stdout) == (0, "")
    assert str(cache() / "tokens") in ended.stderr
    assert files_with(*secrets) == []


@pytest.mark.parametrize("seconds", [1.5, 6.5], ids=["that purge waits for", "that takes too long"])
def test_a_refresh_on_its_way_brings_nothing_back(laptop: Laptop, seconds: float) -> None:
    """Purged while another plugin refreshes: that one has its token, and afterwards nothing of the session is kept."""
    laptop.realm.id_tokens_live(ENDED)
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    laptop.realm.fail_next("/token", delay_ms=int(seconds * 1000))
    refreshing = laptop.start()
    wait_until(lambda: laptop.realm.seen().total, "the refresh is sent")

    began = time.monotonic()
    purged = laptop.purge()
    assert time.monotonic() - began < 7
    assert purged.status == 0, purged.stderr
    assert "alice@example.com" in purged.stderr
    ended = refreshing.ended()
    token = token_of(ended.stdout)
    assert claims_of(token)["sub"] == "alice"

    assert files_with(token) == []
    assert list((cache() / "tokens").iterdir()) == []
    assert_nothing_removed(laptop.run("purge", "--all"))
    laptop.signed_in()
    assert len(laptop.browser.opened()) == 2
    assert laptop.realm.seen().token_requests == ["refresh_token", "authorization_code"]


def test_the_arguments_of_a_kubeconfig_name_the_session_as_they_stand(signed_in: Laptop) -> None:
    """Every flag of get-token is taken; how somebody signs in, with which browser and port, changes nothing."""
    arguments = signed_in.words(
        "--oidc-client-secret=of no matter",
        "--authentication-timeout-sec=99",
        "--certificate-authority=/nowhere/ca.crt",
        "--force-refresh",
        "--oidc-pkce-method=no",
    )
    (line,) = removed(signed_in.run("purge", *arguments[1:]))
    assert "alice@example.com" in line
    assert list((cache() / "tokens").iterdir()) == []


def test_only_the_very_session_goes(signed_in: Laptop) -> None:
    """Extra parameters, a name or scopes make another session; the flags of one remove no other."""
    parameter = "--oidc-auth-request-extra-params=audience=a"
    signed_in.signed_in(parameter)
    signed_in.signed_in("--session=work")
    assert len(list((cache() / "tokens").iterdir())) == 3

    assert len(removed(signed_in.purge(parameter))) == 1
    assert_nothing_removed(signed_in.purge(parameter))
    assert len(list((cache() / "tokens").iterdir())) == 2

    issuer_and_client = [
        f"--oidc-issuer-url={signed_in.realm.issuer}",
        f"--oidc-client-id={signed_in.client}",
    ]
    found = choices(signed_in.run("purge", *issuer_and_client))
    assert len(found) == 2
    assert "kubectl oidc-login purge --session=work" in found

    failure(signed_in.run("purge", "--session=home"), "sign-in-needed", "home", "--session=work")
    assert_nothing_removed(signed_in.run("purge", "--oidc-extra-scope=groups"))
    assert len(removed(signed_in.run("purge", "--session=work"))) == 1
    assert len(removed(signed_in.run("purge", *issuer_and_client))) == 1
    assert list((cache() / "tokens").iterdir()) == []
