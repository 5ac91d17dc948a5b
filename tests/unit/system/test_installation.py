"""What hints name as the place to install from: what is there, and never a name at a registry."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from kubectl_oidc.system.installation import (
    AGAIN,
    BUNDLE,
    CHECKOUT,
    LAUNCHER,
    PURE,
    installed_as,
    installed_from,
    reinstall_hint,
)
from tests.parts import REPOSITORY

PAGES = [
    REPOSITORY / "README.md",
    *(REPOSITORY / "docs").rglob("*.md"),
    *filter(Path.is_file, (REPOSITORY / "packaging").rglob("*")),
]
GENERATED = REPOSITORY / "docs" / "messages.md"
BY_NAME = re.compile(
    r"\b(?:pip|pipx|uv|uvx|tool)\s+(?:run|install)\b[^`\n]*[\s'\"]kubectl[-_]oidc(?![\w-])(?!\S*\s*@)"
)


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have an installation of which a test says what its installer has noted; return the file."""
    directory = tmp_path / "site" / "kubectl_oidc-1.0.0.dist-info"
    directory.mkdir(parents=True)
    (directory / "METADATA").write_text("Metadata-Version: 2.1\nName: kubectl-oidc\nVersion: 1.0.0\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site")])
    return directory / "direct_url.json"


def test_a_clone_or_a_wheel_is_named_by_its_path(noted: Path, tmp_path: Path) -> None:
    """As long as it exists."""
    wheel = tmp_path / "a wheel.whl"
    noted.write_text(json.dumps({"url": wheel.as_uri(), "archive_info": {}}))
    assert installed_from() == ""
    wheel.touch()
    assert installed_from() == str(wheel)
    assert f"'{wheel}[demo]'" in reinstall_hint("demo")


@pytest.mark.parametrize(
    ("left_by_installer", "installer", "command"),
    [
        ("pipx_metadata.json", "pip\n", "pipx install --force '{}[demo]'"),
        ("uv-receipt.toml", "uv", "uv tool install --force '{}[demo]'"),
        ("", "pip\n", f"{sys.executable} -m pip install '{{}}[demo]'"),
        ("", "uv", f"uv pip install --python {sys.executable} '{{}}[demo]'"),
    ],
    ids=["pipx", "uv tool", "pip in a venv", "uv in a venv"],
)
def test_the_command_is_the_one_of_the_installer(
    noted: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    left_by_installer: str,
    installer: str,
    command: str,
) -> None:
    """It installs into the environment that runs the program. No other command is named."""
    wheel = tmp_path / "a wheel.whl"
    wheel.touch()
    noted.write_text(json.dumps({"url": wheel.as_uri(), "archive_info": {}}))
    noted.with_name("INSTALLER").write_text(installer)
    environment = tmp_path / "environment"
    environment.mkdir()
    if left_by_installer:
        (environment / left_by_installer).touch()
    monkeypatch.setattr(sys, "prefix", str(environment))
    assert re.findall("`([^`]*)`", reinstall_hint("demo")) == [command.format(wheel)]


def test_a_clone_that_is_used_in_place_stays_so(noted: Path, tmp_path: Path) -> None:
    """PEP 660: changes in the clone take effect without another installation."""
    noted.write_text(json.dumps({"url": tmp_path.as_uri(), "dir_info": {"editable": True}}))
    assert " --editable " in reinstall_hint()
    noted.write_text(json.dumps({"url": tmp_path.as_uri(), "dir_info": {}}))
    assert "--editable" not in reinstall_hint()


def test_a_repository_is_named_with_its_commit(noted: Path) -> None:
    """The name before the address is looked up nowhere (PEP 508)."""
    commit = {"vcs": "git", "commit_id": "1234abcd"}
    noted.write_text(json.dumps({"url": "https://git.example.com/k.git", "vcs_info": commit}))
    assert installed_from() == "git+https://git.example.com/k.git@1234abcd"
    assert "'kubectl-oidc[demo] @ git+https://git.example.com/k.git@1234abcd'" in reinstall_hint("demo")


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[",
        "[]",
        "{}",
        '{"url": "https://u:SECRET@git.example.com/k.git", "vcs_info": {"vcs": "git", "commit_id": "1"}}',
        '{"url": "https://files.example.com/k.whl?token=SECRET", "archive_info": {}}',
        '{"url": "file://server/share/k.whl", "archive_info": {}}',
    ],
)
def test_what_is_not_known_has_no_name(noted: Path, text: str | None) -> None:
    """Nothing noted, nothing readable, or an address with a credential in it: words, and no package."""
    if text is not None:
        noted.write_text(text)
    assert installed_from() == ""
    assert reinstall_hint("demo").startswith(AGAIN)
    assert "PATH[demo]" in reinstall_hint("demo")
    assert "kubectl-oidc" not in reinstall_hint("demo").replace(sys.executable, "")
    assert "SECRET" not in reinstall_hint("demo")


def test_no_installation_at_all_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a clone that was never installed."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert installed_from() == ""


def test_neither_program_nor_page_has_anybody_install_by_a_bare_name() -> None:
    """We do not own the name in any registry: a hint with it would run the code of whoever registers it."""
    sources = [*(REPOSITORY / "kubectl_oidc").rglob("*.py"), *(path for path in PAGES if path != GENERATED)]
    found = [path.name for path in sources if BY_NAME.search(path.read_text(encoding="utf-8"))]
    assert found == []
    assert BY_NAME.search("pipx install 'kubectl-oidc[demo]'"), "the pattern finds what 1.0.0 said"
    assert BY_NAME.search("uv tool install --force kubectl-oidc")


@pytest.mark.parametrize(
    ("installer", "wheel", "how"),
    [
        ("pip\n", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n", PURE),
        ("uv", "Root-Is-Purelib: false\nTag: py3-none-win_amd64\n", LAUNCHER),
        ("bundle\n", "Root-Is-Purelib: true\nTag: py3-none-any\n", BUNDLE),
        ("bundle\n", "", BUNDLE),
    ],
)
def test_the_installer_and_the_wheel_say_it(tmp_path: Path, installer: str, wheel: str, how: str) -> None:
    """The bundle names itself as the installer; a wheel says whether it is pure."""
    record = tmp_path / "kubectl_oidc-1.0.0.dist-info"
    record.mkdir()
    (record / "INSTALLER").write_text(installer)
    (record / "WHEEL").write_text(wheel)
    assert installed_as(tmp_path / "kubectl_oidc") == how


def test_without_them_it_is_a_checkout(tmp_path: Path) -> None:
    """Another distribution's files do not count."""
    (tmp_path / "click-8.2.dist-info").mkdir()
    assert installed_as(tmp_path / "kubectl_oidc") == CHECKOUT
