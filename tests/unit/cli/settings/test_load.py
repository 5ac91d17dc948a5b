"""Both settings files are loaded, and a wrong one is never ignored."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.cli.settings import load as loading
from kubectl_oidc.cli.settings.load import defaults_of_commands, is_moved, link_for_support, load
from kubectl_oidc.errors import SettingsError
from tests.sessions import posix_only
from tests.settings_files import own_settings
from tests.topics import about

if TYPE_CHECKING:
    from pathlib import Path

    from tests.settings_files import Machine

ISSUER, OTHER = "https://issuer.example.com", "https://other.example.com"


def values(issuer: str) -> list[dict[str, object]]:
    return [layer.values for layer in load().layers(issuer)]


def test_the_users_file_comes_before_the_machines_and_an_issuer_before_every_one(machine: Machine) -> None:
    """In this order; what is about another issuer is left out."""
    own_settings(f'[defaults]\nprompt = "login"\n[issuer."{ISSUER}"]\nprompt = "none"\n')
    machine.has(f'[defaults]\nmax-age = "1s"\n[issuer."{ISSUER}"]\nmax-age = "2s"\n[issuer."{OTHER}"]\n')
    assert values(ISSUER) == [{"prompt": "none"}, {"prompt": "login"}, {"max_age": 2}, {"max_age": 1}]
    assert values("") == [{"prompt": "login"}, {"max_age": 1}]


def test_a_change_is_seen(machine: Machine) -> None:
    """Within one process, too."""
    machine.has("")
    assert load().issuer() == ""
    machine.has(f'[defaults]\noidc-issuer-url = "{ISSUER}"\n')
    assert load().issuer() == ISSUER
    own_settings(f'[defaults]\noidc-issuer-url = "{OTHER}"\n')
    assert load().issuer() == OTHER


@pytest.mark.parametrize("whose", ["user", "machine"])
def test_a_table_that_is_unknown_is_an_error(machine: Machine, whose: str) -> None:
    """With the closest one."""
    text = "\n[default]\nprompt = 'login'\n"
    path = own_settings(text) if whose == "user" else machine.has(text)
    with pytest.raises(SettingsError, check=about("settings", f"{path}:2", " defaults")):
        load()


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("oidc-isuer-url", ["oidc-issuer-url", "[defaults]", '[issuer."URL"]']),
        ("oidc-issuer-url", ["[defaults]"]),
        ("allowed-issuer", ["allowed-issuers", "[rules]"]),
        ("something-else", ["[defaults]"]),
    ],
)
def test_a_key_outside_the_sections_is_an_error_with_its_place(
    machine: Machine, key: str, names: list[str]
) -> None:
    """The hint names the sections that it may be in, and the flag or rule that is nearly its name."""
    path = machine.has(f"\n{key} = 'x'\n")
    with pytest.raises(SettingsError, check=about("settings", f"{path}:2: {key} ", *names)) as caught:
        load()
    assert ("?" in caught.value.hint) == (names[0] not in {key, "[defaults]"})


def test_a_rule_outside_the_sections_of_ones_own_file_is_not_sent_to_the_rules() -> None:
    own_settings("allowed-issuers = []\n")
    with pytest.raises(SettingsError, check=about("settings", "allowed-issuers")) as caught:
        load()
    assert "[rules]" not in caught.value.hint


@posix_only
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs a file of another user")
def test_files_belong_to_who_decides(machine: Machine) -> None:
    """The machine's to root alone, the user's to root or the user."""
    path = own_settings("")
    assert load().user
    os.chown(path, 12345, 12345)
    with pytest.raises(SettingsError, check=about("settings", str(path))):
        load()
    os.chown(path, 0, 0)
    machine.has("")
    os.chown(machine.path, 12345, 12345)
    with pytest.raises(SettingsError, check=about("settings", str(machine.path))):
        load()


def test_the_machines_file_of_the_user_is_refused(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the user is not root."""
    machine.has("")
    assert load().machine
    monkeypatch.setattr(loading, "_ROOT", os.geteuid() + 1)
    machine.has("# again\n")
    with pytest.raises(SettingsError, check=about("settings", str(machine.path))):
        load()


def test_a_home_of_another_user_says_nothing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As under `sudo -u`, which may leave HOME at root's."""
    stat = os.stat

    def denied(path: str, *more: object, **options: object) -> os.stat_result:
        if ".config" in str(path):
            raise PermissionError(13, "Permission denied")
        return stat(path, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", denied)
    machine.has("")
    assert load().user == {}


@posix_only
def test_whether_a_variable_moved_the_users_file(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """An exec section can set HOME and XDG_CONFIG_HOME; the account's home directory is the user database's."""
    monkeypatch.setattr(loading, "account_home", lambda: home)
    assert not is_moved()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    assert not is_moved()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "evil"))
    assert is_moved()
    (home / "link").symlink_to(home)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "link" / ".config"))
    assert not is_moved(), "a home directory may be a link"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(home / "evil"))
    assert is_moved()
    monkeypatch.setattr(loading, "account_home", lambda: None)
    monkeypatch.setenv("HOME", str(home))
    assert is_moved()


def test_commands_get_the_defaults_of_their_own_flags(machine: Machine) -> None:
    """The user's before the machine's; none without files."""
    assert defaults_of_commands() == {}
    machine.has('[defaults]\ninstall-hint = "Ask IT"\noidc-groups-claim = "roles"\nprompt = "login"\n')
    own_settings('[defaults]\noidc-groups-claim = "teams"\n')
    assert defaults_of_commands() == {"install_hint": "Ask IT", "oidc_groups_claim": "teams"}


def test_the_support_link_is_shown_even_if_the_rest_is_wrong(machine: Machine) -> None:
    """Not without a file, nor of one that is no TOML or that somebody else wrote."""
    link = 'support-link = "https://help.example.com"'
    assert link_for_support() == ""
    machine.has(f"[rules]\n{link}\n[unknown]\n")
    assert link_for_support() == "https://help.example.com"
    machine.path.chmod(0o666)
    assert link_for_support() == ""
    for text in ("[rules]\nsupport-link = 1\n", "rules = 1\n", f"[rules]\n{link}\n["):
        machine.has(text)
        assert link_for_support() == ""
