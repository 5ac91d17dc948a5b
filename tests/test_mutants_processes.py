"""Trials run in processes of their own, each with its limit, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tools.mutants.processes import Work, statuses

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")


def test_each_ends_with_its_status_or_out_of_time(tmp_path: Path) -> None:
    """A status, a crash, a signal, and an end by us; what is printed goes to the log."""

    def hang() -> int:
        time.sleep(60)
        return 0

    def crash() -> int:
        raise ValueError

    def die() -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return 0

    def speak() -> int:
        os.write(1, b"said")
        return 7

    works = [
        Work(number, do, 0.5 if do is hang else 30.0, tmp_path / f"{number}.log")
        for number, do in enumerate([hang, crash, die, speak])
    ]

    assert dict(statuses(works, jobs=2)) == {0: None, 1: 1, 2: 1, 3: 7}
    assert (tmp_path / "3.log").read_text(encoding="utf-8") == "said"


def test_what_a_trial_started_ends_with_it(tmp_path: Path) -> None:
    """A child of the process is ended too, so that no test's server outlives its test."""
    reading, writing = os.pipe()

    def leave_a_child() -> int:
        os.close(reading)
        if not os.fork():
            time.sleep(60)
            os._exit(0)
        return 0

    ((_, status),) = statuses([Work(0, leave_a_child, 30.0, tmp_path / "log")], jobs=1)
    os.close(writing)

    assert status == 0
    assert os.read(reading, 1) == b""  # nobody holds the other end
    os.close(reading)
