"""``convert``: the difference first, then a question, then the file."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.cli.prompts import NOTHING_CHANGED
from tests import plugin

from .on_terminal import OnTerminal
from .said import failure, topics

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin import Ended

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

KUBELOGINS = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubectl"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Have a kubeconfig with one user of kubelogin's and one robot."""
    args = ["oidc-login", "get-token", "--oidc-issuer-url=https://idp.example.com", "--oidc-client-id=abc"]
    users = [
        {"name": "people", "user": {"exec": {**KUBELOGINS, "args": args}}},
        {"name": "robot", "user": {"token": "x"}},
    ]
    path = tmp_path / "config"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "users": users}))
    path.chmod(0o600)
    return path


def converted(*words: str) -> Ended:
    """Run convert without a terminal."""
    return plugin.start("convert", *words).ended()


def command(path: Path) -> str:
    text = path.read_text()
    return "direct" if '"kubectl-oidc_login"' in text else "by way of kubectl"


def test_a_dry_run_shows_the_difference_alone(config: Path) -> None:
    """On standard output, to be piped; nothing is written."""
    before = config.read_bytes()
    ended = converted("--dry-run", f"--kubeconfig={config}")
    assert ended.status == 0
    assert "+  command: kubectl-oidc_login" in ended.stdout.splitlines()
    *warnings, last = ended.stderr.splitlines()
    assert last.endswith("(--dry-run)")
    assert all(line.startswith("warning: ") for line in warnings), "the plugin is not on PATH here"
    assert (config.read_bytes(), list(config.parent.glob("config?*"))) == (before, [])


def test_without_a_terminal_nobody_can_agree(config: Path) -> None:
    """Nothing is shown, nothing is written, and the flags that help are named."""
    before = config.read_bytes()
    ended = converted(f"--kubeconfig={config}")
    failure(ended, "usage", "1 user", "--yes", "--dry-run", status=2)
    assert config.read_bytes() == before


def test_with_yes_it_is_written_once(config: Path) -> None:
    """What was done and where the copy is is said; a second time there is nothing to do."""
    ended = converted("--yes", f"--kubeconfig={config}")
    assert ended.status == 0, ended.stderr
    assert command(config) == "direct"
    (backup,) = config.parent.glob("config.backup-*")
    (done,) = [
        line for line in ended.stderr.splitlines() if f"{config}: people" in line and str(backup) in line
    ]
    assert done.endswith(f" {backup}")
    again = converted("--yes", f"--kubeconfig={config}")
    assert (again.status, again.stdout) == (0, "")
    assert re.search(rf" people .*{re.escape(str(config))}", again.stderr)
    assert list(config.parent.glob("config.backup-*")) == [backup]


@pytest.mark.parametrize(
    ("keys", "status", "becomes"),
    [
        (b"y\r", 0, "direct"),
        (b"\r", 1, "by way of kubectl"),
        (b"\x03", 130, "by way of kubectl"),
        (b"\x04", 130, "by way of kubectl"),
    ],
)
def test_a_person_is_asked(config: Path, keys: bytes, status: int, becomes: str) -> None:
    """Enter alone is no; Ctrl-C is told on a line of its own."""
    with OnTerminal("convert", f"--kubeconfig={config}") as terminal:
        terminal.shows(" [y/N]: ")
        assert re.search(r" 1 .*\[y/N\]: $", terminal.text()), "one user is changed"
        terminal.type(keys)
        ended = terminal.ended()
    assert ended.status == status
    assert topics(ended.stderr) == (["interrupted"] if keys == b"\x03" else [])
    assert (NOTHING_CHANGED in ended.stderr) == (status == 1)
    assert command(config) == becomes


def test_a_user_that_is_named_and_not_kubelogins_is_not_changed(config: Path) -> None:
    """It is said, and is no failure."""
    ended = converted("--user=robot", "--yes", f"--kubeconfig={config}")
    assert ended.status == 0
    assert "robot" in ended.stderr
    assert command(config) == "by way of kubectl"


@pytest.mark.parametrize(
    ("words", "status", "topic", "named"),
    [
        (["--user=nobody"], 1, "kubeconfig", " nobody"),
        (["--kubeconfig=/nowhere/config"], 1, "kubeconfig", "/nowhere/config"),
        (["--yes", "--dry-run"], 2, "usage", "--dry-run"),
    ],
)
def test_what_cannot_be_done_is_said(
    config: Path, words: list[str], status: int, topic: str, named: str
) -> None:
    """One error, one hint, and nothing is written."""
    before = config.read_bytes()
    ended = converted(f"--kubeconfig={config}", *words)
    failure(ended, topic, named, status=status)
    assert config.read_bytes() == before


@pytest.mark.parametrize(
    ("secret", "mode", "warned"), [(True, 0o644, True), (True, 0o600, False), (False, 0o644, False)]
)
def test_a_secret_that_others_can_read_is_warned_of(
    config: Path, *, secret: bool, mode: int, warned: bool
) -> None:
    """One warning with the mode and the command, where the users that were rewritten hold a secret."""
    if secret:
        text = config.read_text()
        config.write_text(
            text.replace("--oidc-client-id=abc", '--oidc-client-id=abc", "--oidc-client-secret=s3')
        )
    config.chmod(mode)
    ended = converted("--yes", f"--kubeconfig={config}")
    assert ended.status == 0, ended.stderr
    lines = [line for line in ended.stderr.splitlines() if "chmod " in line]
    assert len(lines) == warned
    if warned:
        assert f" {mode:04o})" in lines[0]
        assert f"chmod 600 {config}" in lines[0]
    assert "s3" not in ended.stderr


def test_a_company_s_own_words_come_into_the_stanza(config: Path) -> None:
    """`--install-hint` says what kubectl shows on a machine without the program; it is in the difference too."""
    ended = converted("--yes", f"--kubeconfig={config}", "--install-hint=Self Service > Kubernetes")
    assert ended.status == 0, ended.stderr
    assert '+  installHint: "Self Service > Kubernetes"' in ended.stdout
    assert "Self Service > Kubernetes" in config.read_text()
