"""The defaults that `config` shows are those that a sign-in uses, each with the variable that decides it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kubectl_oidc.cli.options.environment_defaults import environment_defaults
from kubectl_oidc.cli.options.to_request import REFRESH_AHEAD, cache_directory
from kubectl_oidc.kubeconfig import Entry
from tests.sessions import not_on_windows


@pytest.fixture(autouse=True)
def no_variables(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the variables that decide a default, and have a home directory."""
    assert home.is_dir()
    for name in ("KUBECACHEDIR", "BROWSER", "CI", "KUBERNETES_SERVICE_HOST", "container", "INVOCATION_ID"):
        monkeypatch.delenv(name, raising=False)


def test_without_variables_they_are_the_programs(home: Path) -> None:
    ahead = 0.0 if sys.platform == "win32" else REFRESH_AHEAD
    assert environment_defaults(None) == {
        "refresh_ahead": (ahead, ""),
        "token_cache_dir": (str(home / ".kube" / "cache" / "oidc-login"), ""),
    }


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("KUBECACHEDIR", str(Path("/cache").absolute()), "token_cache_dir"),
        ("BROWSER", "firefox", "browser_command"),
        ("CI", "true", "refresh_ahead"),
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1", "refresh_ahead"),
    ],
)
def test_a_variable_that_decides_is_named(
    name: str, value: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = environment_defaults(None)
    monkeypatch.setenv(name, value)
    changed = {
        one: default for one, default in environment_defaults(None).items() if default != before.get(one)
    }
    assert {one: by for one, (_, by) in changed.items()} == {key: name}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KUBECACHEDIR", "relative"),
        pytest.param("BROWSER", "'", marks=not_on_windows("its words are in double quotes only")),
    ],
)
def test_a_variable_that_is_not_used_is_not_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative KUBECACHEDIR is ignored, and so is a command that cannot be split into words."""
    before = environment_defaults(None)
    monkeypatch.setenv(name, value)
    assert environment_defaults(None) == before


def test_the_directory_is_the_one_that_sessions_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECACHEDIR", str(tmp_path))
    assert environment_defaults(None)["token_cache_dir"][0] == str(cache_directory(None)[0])


def test_the_variables_of_an_exec_section_count() -> None:
    """Kubectl sets them for the program."""
    place = Path("/of/the/section").absolute()
    env = [{"name": "KUBECACHEDIR", "value": str(place)}]
    user = Entry("oidc", {"exec": {"command": "kubectl-oidc_login", "env": env}}, Path("config"))
    directory, by = environment_defaults(user)["token_cache_dir"]
    assert (Path(str(directory)), by) == (place / "oidc-login", "KUBECACHEDIR")
    assert environment_defaults(None)["token_cache_dir"][1] == ""
