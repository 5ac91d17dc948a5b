"""What the user reads before a sign-in: where and why, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubectl_oidc.authentication.grants import announcement
from kubectl_oidc.authentication.grants.sign_in import SignIn
from kubectl_oidc.authentication.request import SignInRequest
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.sessions.stores import SessionStorage
from kubectl_oidc.system.log import Log
from kubectl_oidc.system.system import System
from kubectl_oidc.system.terminal import Terminal

REQUEST = SignInRequest(
    issuer="https://issuer.example.com:8443/realms/a",
    client_id="kubernetes",
    tls=TlsOptions(),
    storage=SessionStorage(cache_dir=Path("cache")),
)


CHOSEN = REQUEST._replace(timeout=REQUEST.timeout._replace(seconds=60, given=True))
BY_DEFAULT = REQUEST._replace(timeout=REQUEST.timeout._replace(seconds=180, given=False))


class Watched(Terminal):
    """An interactive terminal."""

    @property
    def interactive(self) -> bool:
        return True


def announce(request: SignInRequest, system: System, reason: str = "the reason") -> None:
    """Announce a sign-in; neither the provider nor the failures are used for it."""
    announcement.announce(SignIn(request, system, None, reason, None))  # type: ignore[arg-type]


def line_of(shown: str, *names: str) -> str:
    """Return the first line of what was shown; it has the names and no control character."""
    line = shown.splitlines()[0]
    assert line.isprintable()
    assert [name for name in names if name not in line] == []
    return line


def test_the_host_has_no_port_and_no_control_character() -> None:
    assert REQUEST.host == "issuer.example.com"
    assert REQUEST._replace(issuer="nowhere\x1b[31m").host == "nowhere [31m"


@pytest.mark.parametrize("terminal", [Terminal(), Watched()])
def test_the_reason_is_shown_with_and_without_a_terminal(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    """The browser opens in both cases."""
    announce(REQUEST, System(terminal=terminal))
    shown = capsys.readouterr().err
    assert shown == line_of(shown, "issuer.example.com", "the reason") + "\n"


def test_the_reason_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    announce(REQUEST, System(), "the provider said\n\x1b[31mno")
    shown = capsys.readouterr().err
    assert shown == line_of(shown, "issuer.example.com", "the provider said [31mno") + "\n"


def test_an_unchecked_certificate_is_shown_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    insecure = REQUEST._replace(tls=TlsOptions(insecure=True))
    announce(insecure, System(terminal=Watched()))
    shown = capsys.readouterr().err
    line = line_of(shown, "issuer.example.com")
    (warning,) = [line for line in shown.splitlines() if line.startswith("warning: ")]
    assert "--insecure-skip-tls-verify" in warning
    announce(insecure, System())
    assert capsys.readouterr().err == f"{line}\n"


def test_the_log_has_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    log = Log()
    log.level = 1
    announce(REQUEST, System(log=log))
    assert "issuer.example.com: the reason" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("request_", "terminal", "seconds"),
    [
        (BY_DEFAULT, Terminal(), 30),
        (BY_DEFAULT, Watched(), 180),
        (CHOSEN, Terminal(), 60),
        (BY_DEFAULT._replace(renewal=REQUEST.renewal._replace(sign_in=True)), Terminal(), 180),
        (BY_DEFAULT._replace(timeout=BY_DEFAULT.timeout._replace(seconds=20)), Terminal(), 20),
    ],
    ids=["not seen", "a terminal", "chosen", "`login`", "shorter"],
)
def test_who_may_not_see_the_address_is_awaited_for_half_a_minute(
    request_: SignInRequest, terminal: Terminal, seconds: int
) -> None:
    """Unless they chose the time. tests/integration/test_clients.py has what happens then."""
    sign_in = SignIn(request_, System(terminal=terminal), None, "", None)  # type: ignore[arg-type]
    timeout = announcement.without_browser(sign_in).request.timeout
    assert timeout.seconds == seconds
    assert timeout.in_background == (timeout != request_.timeout)
