"""A session that is only in the OS keyring: a known command reads it without the keyring library, if that would read the same."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.plugin import wait_until

from .imported import imported
from .laptop import token_of

if TYPE_CHECKING:
    from .laptop import Laptop
    from .os_keyring import OsKeyring

HEAVY = (
    "keyring",
    "click",
    "kubectl_oidc.cli",
    "kubectl_oidc.authentication.authenticate",
    "jwt",
    "http.client",
    "ssl",
    "authlib",
)
"""What an answer from the keyring does not import."""

MODULES = 250
"""A few more than today; whoever goes beyond it has made everybody wait."""


def is_keyring_answer(modules: set[str]) -> bool:
    """Tell whether the OS keyring was read without the slow path."""
    return "secretstorage" in modules and modules.isdisjoint(HEAVY)


@pytest.fixture
def known(desktop: Laptop) -> Laptop:
    """Have a session in the OS keyring, and a command that is known."""
    desktop.signed_in()
    desktop.realm.forget()
    return desktop


def test_a_known_command_is_answered_from_the_keyring(known: Laptop) -> None:
    """The same token as the slow path hands out, in a bounded number of modules, and no request."""
    modules, token = imported(known)
    assert is_keyring_answer(modules)
    assert len(modules) <= MODULES
    whole, same = imported(known, "-v", "1")
    assert not is_keyring_answer(whole), "the measure measures"
    assert token == same
    assert known.realm.seen().total == 0


@pytest.mark.parametrize(
    "variable",
    ["PYTHON_KEYRING_BACKEND=keyring.backends.SecretService.Keyring", "KEYRING_PROPERTY_APPID=other"],
)
def test_where_the_environment_configures_the_keyring_its_library_is_asked(
    known: Laptop, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keyring answer does not guess what the library would make of it."""
    name, _, value = variable.partition("=")
    monkeypatch.setenv(name, value)
    modules, _ = imported(known)
    assert {"keyring", "kubectl_oidc.authentication.authenticate"} <= modules
    assert known.realm.seen().total == 0


@pytest.mark.parametrize("place", ["XDG_CONFIG_HOME", "HOME"])
def test_a_keyring_that_is_switched_off_is_not_read(
    known: Laptop, os_keyring: OsKeyring, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """keyringrc.cfg names the null keyring after the session was stored: nobody is given what rests in the real one."""
    directory = Path.home() / (".config" if place == "HOME" else "elsewhere")
    if place != "HOME":
        monkeypatch.setenv(place, str(directory))
    (directory / "python_keyring").mkdir(parents=True)
    off = "[backend]\ndefault-keyring=keyring.backends.null.Keyring\n"
    (directory / "python_keyring" / "keyringrc.cfg").write_text(off, encoding="utf-8")
    before = os_keyring.entries()
    known.signed_in()
    assert known.realm.seen().token_requests == ["authorization_code"], "a person signs in"
    assert os_keyring.entries() == before


def test_a_purge_is_seen_at_once(known: Laptop) -> None:
    """After it nobody is given the former token."""
    old = known.signed_in()
    assert known.purge().status == 0
    assert known.signed_in() != old
    assert known.realm.seen().token_requests == ["authorization_code"]


def test_an_older_session_than_the_index_knows_is_not_given(known: Laptop, os_keyring: OsKeyring) -> None:
    """A keyring that was restored from a backup holds the former session: it is not handed out, and not refreshed."""
    ((name, former),) = os_keyring.entries().items()
    old, new = known.signed_in(), known.signed_in("--force-refresh")
    for entry in os_keyring.entries():
        os_keyring.remove(entry)
    os_keyring.put(name, former)
    known.realm.forget()
    modules, token = imported(known)
    assert "kubectl_oidc.authentication.authenticate" in modules
    assert token not in {old, new}
    assert known.realm.seen().token_requests == ["authorization_code"]


def test_a_locked_keyring_is_a_matter_of_the_slow_path(known: Laptop, os_keyring: OsKeyring) -> None:
    """It says so, and hands out a token that is not stored."""
    os_keyring.lock()
    ended = known.get_token()
    assert "OS keyring" in ended.stderr
    assert token_of(ended.stdout)


def test_it_is_refreshed_ahead_as_well(desktop: Laptop) -> None:
    """A token that nears its end is given at once, and replaced in the background."""
    early = "--refresh-ahead=0.001"  # due at once
    desktop.realm.id_tokens_live(40)
    old = desktop.signed_in(early)
    time.sleep(1.1)  # a token that is younger than a second is not due
    desktop.realm.forget()
    desktop.realm.id_tokens_live(3600)
    modules, token = imported(desktop, early)
    assert token == old
    wait_until(lambda: desktop.realm.seen().token_requests == ["refresh_token"], "the session is refreshed")
    wait_until(lambda: desktop.signed_in(early) != old, "the new token is given")
    assert "secretstorage" in modules
    assert len(desktop.browser.opened()) == 1
