"""The rules of the machine's file, and what is refused of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.cli.settings import rules
from kubectl_oidc.cli.settings.load import load, load_machine
from kubectl_oidc.cli.settings.rules import MEANINGS, Rules
from kubectl_oidc.errors import PolicyError, SettingsError
from tests.topics import about

if TYPE_CHECKING:
    from tests.settings_files import Machine

ISSUER = "https://issuer.example.com"


def read(machine: Machine, text: str) -> Rules:
    found, _ = load_machine(str(machine.has(f"[rules]\n{text}\n")))
    assert found is not None
    return found


def test_rules_are_read(machine: Machine) -> None:
    """Each of them; what is not given is no rule."""
    found = read(
        machine,
        f'allowed-issuers = ["{ISSUER}"]\nforbidden-in-exec-section = ["browser-command", "--prompt"]\n'
        'token-cache-storage = "keyring"\nminimum-version = "1.0"\nsupport-link = "https://help.example.com/"',
    )
    assert found[1:] == (
        (ISSUER,),
        ("--browser-command", "--prompt"),
        "keyring",
        "1.0",
        "https://help.example.com/",
    )
    assert str(found.place("token-cache-storage")) == f"{machine.path}:4"
    assert read(machine, "")[1:] == ((), (), "", "", "")
    assert len(MEANINGS) == len(Rules._fields) - 1


@pytest.mark.parametrize(
    "line",
    [
        "allowed-issuers = []",
        "allowed-issuers = [1]",
        "allowed-issuers = true",
        'allowed-issuers = ["issuer.example.com"]',
        'allowed-issuers = ["https://*.example.com/?x#y"]',
        "forbidden-in-exec-section = []",
        'forbidden-in-exec-section = ["browser-comand"]',
        'forbidden-in-exec-section = ["yes"]',
        'token-cache-storage = "cloud"',
        'token-cache-storage = ["disk"]',
        "minimum-version = 1.1",
        'minimum-version = "new"',
        'minimum-version = ""',
        'support-link = "help.example.com"',
        'support-link = "javascript:alert(1)"',
        'support-link = "https://x/\\u001b[2J"',
        "support-link = 1",
        "allowed-issuer = 'x'",
    ],
)
def test_a_wrong_rule_is_an_error_with_file_line_and_key(machine: Machine, line: str) -> None:
    """It is never left out: what it was to forbid would be allowed."""
    with pytest.raises(SettingsError, check=about("settings", f"{machine.path}:2", line.partition(" ")[0])):
        read(machine, line)


def test_the_closest_flag_is_named(machine: Machine) -> None:
    """For one that does not exist."""
    with pytest.raises(SettingsError, check=about("settings", "browser-comand", "browser-command")):
        read(machine, 'forbidden-in-exec-section = ["browser-comand"]')


@pytest.mark.parametrize(
    ("own", "least", "allowed"),
    [
        ("1.0.0", "1.0.0", True),
        ("1.0.0", "1", True),
        ("1.0.0", "0.9.99", True),
        ("1.0.0", "1.0.1", False),
        ("1.9.0", "1.10", False),
        ("1.10.0", "1.9", True),
        ("2.0.0rc1", "2.0", True),
        ("1.0.0", "10", False),
    ],
)
def test_a_program_that_is_too_old_is_refused(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, own: str, least: str, *, allowed: bool
) -> None:
    """Before anything else in the file, which may be of a newer version."""
    monkeypatch.setattr(rules, "__version__", own)
    text = f'minimum-version = "{least}"\n'
    if allowed:
        assert read(machine, text).minimum_version == least
        return
    with pytest.raises(PolicyError, check=about("policy", f"{machine.path}:2", own, least)):
        read(machine, f"{text}rule-of-tomorrow = 1")


def test_the_users_file_has_no_rules(machine: Machine) -> None:
    """It could not bind the user who writes it; the error names the file that can."""
    from tests.settings_files import own_settings

    path = own_settings(f'[rules]\nallowed-issuers = ["{ISSUER}"]\n')
    with pytest.raises(SettingsError, check=about("settings", f"{path}:1", "rules", str(machine.path))):
        load()
