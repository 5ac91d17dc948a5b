"""What -v shows, and that it never costs the answer."""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.system.log import JSON, QUIET, VERBOSITY, Log
from tests import streams

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (0, []),
        (1, ["[v1] decided"]),
        (4, ["[v1] decided", "[v4] asked"]),
        (9, ["[v1] decided", "[v4] asked"]),
    ],
)
def test_messages_up_to_the_level_are_shown(
    capsys: pytest.CaptureFixture[str], level: int, shown: list[str]
) -> None:
    """-v N shows the levels up to N, only on standard error."""
    log = Log(level)
    log.info(1, "event", "decided")
    log.info(4, "event", "asked")
    captured = capsys.readouterr()
    assert captured.err.splitlines() == shown
    assert captured.out == ""


def test_a_message_is_one_line_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    """What a provider put into a message can neither forge a second line nor colour the first."""
    Log(1).info(1, "event", "issuer \x1b[31mevil\n[v1] forged")
    assert capsys.readouterr().err == "[v1] issuer [31mevil [v1] forged\n"


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(lambda: None, id="none, as pythonw has it"),
        pytest.param(streams.closed, id="closed"),
        pytest.param(streams.Full, id="full"),
        pytest.param(lambda: io.TextIOWrapper(io.BytesIO(), encoding="ascii"), id="ASCII only"),
    ],
)
def test_a_standard_error_that_takes_nothing_loses_only_the_log(
    monkeypatch: pytest.MonkeyPatch, stream: Callable[[], object]
) -> None:
    """Logging raises nothing, whatever standard error is."""
    target = stream()
    monkeypatch.setattr(sys, "stderr", target)
    Log(1).info(1, "event", "für alle")
    assert sys.stderr is target


def test_nothing_is_shown_unless_it_is_asked_for() -> None:
    """The process's own level begins at 0, and the quiet log has none."""
    assert (QUIET.level, VERBOSITY.level) == (0, 0)


def test_json_is_an_object_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """In ASCII, with the time in UTC; the level chooses as it does for text."""
    log = Log(1, JSON)
    log.info(1, "decided", "für alle\n\x1b[31mevil")
    log.info(4, "asked", "not shown")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isascii()
    event = json.loads(line)
    moment = dt.datetime.strptime(event.pop("time"), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=dt.UTC)
    assert abs(dt.datetime.now(dt.UTC) - moment) < dt.timedelta(seconds=60)
    assert event == {"level": 1, "event": "decided", "message": "für alle [31mevil"}


def test_a_failure_is_an_event_at_every_level_and_only_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """People read the error itself. What is empty is left out."""
    Log(9).failure("error", "it failed", topic="usage")
    assert capsys.readouterr().err == ""
    Log(0, JSON).failure("error", "it failed", topic="usage", code="")
    event = json.loads(capsys.readouterr().err)
    del event["time"]
    assert event == {"level": 0, "event": "error", "message": "it failed", "topic": "usage"}
