"""What a person is told before they are asked to sign in: where, and why, in one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kubectl_oidc.authentication.grants.announcement import announce
from kubectl_oidc.authentication.request import SignInRequest
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.system.log import Log
from kubectl_oidc.system.system import System
from kubectl_oidc.system.terminal import Terminal

REQUEST = SignInRequest(
    issuer="https://issuer.example.com:8443/realms/a",
    client_id="kubernetes",
    tls=TlsOptions(),
    cache_dir=Path("cache"),
)
LINE = "Signing in at issuer.example.com: first use of this session\n"


class Watched(Terminal):
    """A terminal that somebody looks at."""

    @property
    def interactive(self) -> bool:
        return True


def test_the_host_is_named_as_a_person_knows_it() -> None:
    assert REQUEST.host == "issuer.example.com"
    assert replace(REQUEST, issuer="nowhere\x1b[31m").host == "nowhere [31m"


@pytest.mark.parametrize("terminal", [Terminal(), Watched()])
def test_nobody_is_asked_without_a_reason(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    """Terminal or not, because the browser opens in either case."""
    announce(REQUEST, System(terminal=terminal), "first use of this session")
    assert capsys.readouterr().err == LINE


def test_the_reason_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    announce(REQUEST, System(), "the provider said\n\x1b[31mno")
    assert capsys.readouterr().err == "Signing in at issuer.example.com: the provider said [31mno\n"


def test_a_certificate_that_is_not_checked_is_said_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    insecure = replace(REQUEST, tls=TlsOptions(insecure=True))
    announce(insecure, System(terminal=Watched()), "first use of this session")
    said = capsys.readouterr().err
    assert said.startswith(LINE)
    assert "warning: the provider's certificate is not checked (--insecure-skip-tls-verify)" in said
    announce(insecure, System(), "first use of this session")
    assert capsys.readouterr().err == LINE


def test_the_log_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    log = Log()
    log.level = 1
    announce(REQUEST, System(log=log), "first use of this session")
    assert "signing in at issuer.example.com: first use of this session" in capsys.readouterr().err
