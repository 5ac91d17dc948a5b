"""The explanation that `setup` prints without a terminal and without an issuer."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.cli.page import Page
from kubectl_oidc.cli.setup.guide import explain_setup
from kubectl_oidc.system.terminal import NARROWEST, Terminal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def guide(capsys: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the guide, printed on a narrow standard error that is not a terminal."""
    assert home.exists()
    monkeypatch.setenv("COLUMNS", str(NARROWEST))
    page = Page.on_stderr(powershell=False)
    with page.printed_on(Terminal()):
        explain_setup(page)
    return capsys.readouterr().err


def test_it_names_the_settings_at_the_provider(guide: str) -> None:
    """Client, PKCE, both redirect URIs of the default ports, the claims, and the scopes."""
    words = " ".join(guide.split())
    for part in (
        "native",
        "PKCE (S256)",
        "http://localhost:8000",
        "http://localhost:18000",
        " email",
        " groups",
        "openid",
        "profile",
        "offline_access",
    ):
        assert part in words


def test_it_names_the_settings_at_the_cluster(guide: str) -> None:
    """Trust in the issuer, on EKS and elsewhere, and a role for a group."""
    words = " ".join(guide.split())
    for part in ("Amazon EKS", "AuthenticationConfiguration", "ClusterRoleBinding"):
        assert part in words


def test_its_command_can_be_copied(guide: str) -> None:
    """The shell reads it as the arguments of `setup`."""
    begin = guide.index("kubectl oidc-login setup \\")
    command = guide[begin:].partition("\n\n")[0]
    assert shlex.split(command.replace("\\\n", "")) == [
        *("kubectl", "oidc-login", "setup"),
        "--oidc-issuer-url=https://ISSUER",
        "--oidc-client-id=CLIENT_ID",
        "--oidc-extra-scope=email,profile,offline_access",
    ]


def test_it_fits_a_narrow_terminal_and_has_no_escape_sequence(guide: str) -> None:
    """Sixty columns are enough, and a pipe gets only text."""
    assert max(map(len, guide.splitlines())) <= NARROWEST
    assert guide.replace("\n", "").isprintable()
