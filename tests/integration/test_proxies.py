"""Proxies of the environment, with the installed program."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.internet import Internet
from tests.plugin import run_plugin

from .said import topics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ISSUER = "https://sso.example.com"
WORDS = [f"--oidc-issuer-url={ISSUER}", "--oidc-client-id=k8s", "-v", "9"]


@pytest.fixture
def internet(tmp_path: Path) -> Iterator[Internet]:
    with Internet(tmp_path, "sso.example.com") as running:
        running.issuer(ISSUER, authorization_endpoint=...)
        yield running


def test_a_variable_that_does_not_concern_the_request_is_ignored(internet: Internet) -> None:
    """GNOME writes ALL_PROXY=socks://… next to a good https_proxy."""
    env = {"https_proxy": internet.proxy, "ALL_PROXY": "socks://proxy.corp:1080/", "HTTP_PROXY": "gopher://x"}
    ended = run_plugin("get-token", *WORDS, *internet.flags, env=env)
    assert "authorization_endpoint" in ended.stderr, "the metadata came"
    checks = run_plugin("doctor", *WORDS, *internet.flags, env=env).stdout
    assert re.search(r"\bhttps_proxy\b", checks)


@pytest.mark.parametrize("command", ["get-token", "doctor"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTPS_PROXY", "http://user:p@SECRETss#SECRETword@proxy.corp:8080"),
        ("all_proxy", "socks://user:SECRET@proxy.corp:8080"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_and_not_shown(command: str, variable: str, value: str) -> None:
    """Neither in the error nor in the log, nor by doctor: what looks like a host may be a part of the password."""
    ended = run_plugin(command, *WORDS, env={variable: value})
    said = ended.stdout + ended.stderr
    assert ended.returncode == (2 if command == "get-token" else 1)
    assert "proxy" in topics(said)
    assert variable in said
    assert "SECRET" not in said
    assert "proxy.corp" not in said
