"""Which sessions are orphans."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.cli.users.orphans import named_issuers, say_orphans
from kubectl_oidc.errors import SettingsError
from kubectl_oidc.kubeconfig import Kubeconfig
from kubectl_oidc.system.terminal import Terminal
from tests.settings_files import Machine, own_settings

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO, THREE, FOUR = (f"https://{name}.example.com" for name in ("one", "two", "three", "four"))


class Lines(Terminal):
    """A terminal that keeps what is said."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        """Keep it."""
        self.lines.append(line)


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Kubeconfig:
    """Have a kubeconfig without users."""
    path = tmp_path / "config"
    path.write_text("")
    return Kubeconfig((path,))


def test_an_issuer_of_the_users_settings_is_no_orphan(kubeconfig: Kubeconfig) -> None:
    """Neither the default nor one with a table of its own."""
    assert named_issuers(kubeconfig, {}) == {""}
    own_settings(f'[defaults]\noidc-issuer-url = "{ONE}"\n[issuer."{TWO}"]\n')
    assert named_issuers(kubeconfig, {}) - {""} == {ONE, TWO}
    terminal = Lines()
    say_orphans(terminal, kubeconfig, [ONE, TWO])
    assert terminal.lines == []
    say_orphans(terminal, kubeconfig, [ONE, THREE])
    assert len(terminal.lines) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="the machine's file is an administrator's")
def test_both_files_count(kubeconfig: Kubeconfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's default also if the user's file has another."""
    own_settings(f'[defaults]\noidc-issuer-url = "{ONE}"\n[issuer."{TWO}"]\nprompt = "login"\n')
    Machine(monkeypatch, tmp_path / "machine").has(
        f'[defaults]\noidc-issuer-url = "{THREE}"\n[issuer."{FOUR}"]\nprompt = "login"\n'
    )
    assert named_issuers(kubeconfig, {}) - {""} == {ONE, TWO, THREE, FOUR}


def test_with_a_wrong_settings_file_nothing_is_an_orphan(kubeconfig: Kubeconfig) -> None:
    """It may name any issuer."""
    own_settings("[defaults")
    with pytest.raises(SettingsError):
        named_issuers(kubeconfig, {})
    terminal = Lines()
    say_orphans(terminal, kubeconfig, [ONE])
    assert terminal.lines == []
