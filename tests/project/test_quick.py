"""``make quick`` starts no process."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.parts import REPOSITORY
from tests.quick import OPTION

if TYPE_CHECKING:
    from pathlib import Path


def test_a_test_that_starts_a_process_is_left_out() -> None:
    """By a fork or by another program; what starts none runs."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", OPTION, "-p", "no:cacheprovider"),
            "tests/unit/fast_path/test_refresh_ahead.py::test_one_refresh_is_started_at_a_time",
            "tests/unit/system/test_caller.py::test_what_waits_is_ended_as_by_sigterm",
            "tests/project/test_quick.py::test_a_test_that_starts_none_runs",
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "1 passed, 2 skipped" in done.stdout
    assert "starts a process" in done.stdout


def test_a_test_that_starts_none_runs(home: Path) -> None:
    """Its files and the rest of its world are its own all the same."""
    assert home.is_dir()
