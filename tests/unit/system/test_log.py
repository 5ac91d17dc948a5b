"""What -v shows, and that it never costs the answer."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.system.log import QUIET, VERBOSITY, Log
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
    log.info(1, "decided")
    log.info(4, "asked")
    captured = capsys.readouterr()
    assert captured.err.splitlines() == shown
    assert captured.out == ""


def test_a_message_is_one_line_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    """What a provider put into a message can neither forge a second line nor colour the first."""
    Log(1).info(1, "issuer \x1b[31mevil\n[v1] forged")
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
    Log(1).info(1, "für alle")
    assert sys.stderr is target


def test_nothing_is_shown_unless_it_is_asked_for() -> None:
    """The process's own level begins at 0, and the quiet log has none."""
    assert (QUIET.level, VERBOSITY.level) == (0, 0)
