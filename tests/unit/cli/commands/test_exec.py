"""The renewal of the token while a program runs."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import click
import pytest

from kubectl_oidc.authentication.request import SignInRequest
from kubectl_oidc.cli.users.target import TargetSession
from kubectl_oidc.errors import ProviderUnreachable
from kubectl_oidc.http.tls import SYSTEM_TRUST
from kubectl_oidc.kubeconfig import Entry, Kubeconfig
from kubectl_oidc.kubeconfig.select import KubeconfigSelection
from kubectl_oidc.kubeconfig.temporary import TemporaryKubeconfig
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.stores import SessionStorage
from kubectl_oidc.system.silent_terminal import SilentTerminal
from kubectl_oidc.system.system import System
from tests.tokens import CLIENT_ID, ISSUER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

command: Any = importlib.import_module("kubectl_oidc.cli.commands.exec")
LIFETIME = 3600


def session(token: str, now: float) -> Any:
    """Return what a renewal reads of a session."""
    return SimpleNamespace(
        expiry=int(now) + LIFETIME, issued_at=lambda _now: int(now), token=lambda: Secret(token)
    )


@pytest.fixture
def context() -> Iterator[None]:
    """Have a command of click."""
    with click.Context(click.Command("exec")):
        yield


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(
    "error", [KeyError("SECRET"), ImportError("SECRET"), ProviderUnreachable("down", "wait")]
)
def test_a_renewal_that_fails_is_reported_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whatever fails. Of an error that is not this program's own only the type is shown: its message may contain a secret."""
    now, answers = 1000.0, [error, error, session("NEW", 1000.0), error]

    def answer(*_: object, **__: object) -> tuple[Any, str]:
        given = answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return given, ""

    monkeypatch.setattr(command, "session_with_valid_token", answer)
    terminal = SilentTerminal()
    kubeconfig = TemporaryKubeconfig(tmp_path, Entry("c", {}, tmp_path), Entry("c", {}, tmp_path), None)
    request = SignInRequest(ISSUER, CLIENT_ID, tls=SYSTEM_TRUST, storage=SessionStorage(tmp_path, "disk"))
    target = TargetSession(request, Kubeconfig(()), KubeconfigSelection(None, None, None))
    renewal = command._Renewal(
        target, System(clock=lambda: now, terminal=terminal), kubeconfig, session("OLD", now)
    )
    for _ in range(2):
        renewal._renew()
        assert renewal._due == now + command._LOOK_SECONDS
        assert len(terminal.warnings) == 1
    assert "SECRET" not in str(terminal.warnings)
    assert getattr(error, "message", type(error).__name__) in terminal.warnings[0][0]
    renewal._renew()
    assert (tmp_path / "token").read_text() == "NEW"
    assert renewal._due > now + command._LOOK_SECONDS
    renewal._renew()
    assert len(terminal.warnings) == 2, "another failure"
