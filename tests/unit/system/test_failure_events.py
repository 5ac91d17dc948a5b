"""How a command failed, as an event: only with --log-format=json, also if the flags were not parsed, and never with a secret."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.errors import OAuthErrorResponse, UsageError
from kubectl_oidc.system.failure_events import log_failure, trace

if TYPE_CHECKING:
    from collections.abc import Callable

JSON_FLAG = "--log-format=json"


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """Return what was logged, without the times."""

    def read() -> list[dict[str, Any]]:
        found = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        assert all(event.pop("time") for event in found)
        return found

    return read


@pytest.mark.parametrize(
    ("words", "variable", "is_logged"),
    [
        (["get-token"], "", False),
        (["get-token", JSON_FLAG], "", True),
        (["get-token", "--log-format", "json"], "", True),
        (["get-token"], "json", True),
        (["get-token", "--log-format=jsonx"], "text", False),
    ],
)
def test_an_error_is_logged_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
    logged: Callable[[], list[dict[str, Any]]],
    words: list[str],
    variable: str,
    *,
    is_logged: bool,
) -> None:
    """By the flag or its variable, although nobody has parsed them."""
    monkeypatch.setattr(sys, "argv", ["kubectl-oidc_login", *words])
    monkeypatch.setenv("KUBECTL_OIDC_LOG_FORMAT", variable)
    log_failure("error", UsageError("--x is missing", "give --x"), 2)
    expected = {
        "level": 0,
        "event": "error",
        "message": "--x is missing",
        "hint": "give --x",
        "topic": "usage",
        "status": 2,
    }
    assert logged() == ([expected] if is_logged else [])


def test_the_code_of_the_provider_is_a_member(
    monkeypatch: pytest.MonkeyPatch, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    """So that a fleet can count them."""
    monkeypatch.setattr(sys, "argv", ["kubectl-oidc_login", "get-token", JSON_FLAG])
    log_failure("error", OAuthErrorResponse("refused", "see there", code="invalid_client"), 1)
    assert logged()[0]["code"] == "invalid_client"


def test_other_errors_are_logged_by_their_type(
    monkeypatch: pytest.MonkeyPatch, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    """Their words may hold a secret, in an attribute too. With -v 9 the trace is an event, and no text."""

    class Strange(Exception):
        message = "the-SECRET"
        hint = "the-SECRET"

    monkeypatch.setattr(sys, "argv", ["kubectl-oidc_login", "get-token", JSON_FLAG, "-v", "9"])
    log_failure("internal-error", Strange("the-SECRET"), 1)
    assert logged() == [{"level": 0, "event": "internal-error", "message": "Strange", "status": 1}]
    assert trace(Strange("the-SECRET")) == []
    (event,) = logged()
    assert (event["level"], event["event"], event["message"]) == (9, "trace", "Strange")
    assert "the-SECRET" not in json.dumps(event)
