"""``make quick`` starts no process."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.parts import REPOSITORY
from tests.quick import OPTION
from tools import quick

if TYPE_CHECKING:
    from pathlib import Path


def test_a_test_that_starts_a_process_is_left_out() -> None:
    """By a fork or by another program; what starts none runs."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", OPTION, "-n", "0", "-p", "no:cacheprovider"),
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


def test_every_file_is_in_one_share() -> None:
    """And the shares are about as large as each other."""
    files = sorted(quick.TESTS.rglob("test_*.py"))
    shared = quick.shares(files, 3)
    assert sorted(file for share in shared for file in share) == files
    sizes = [sum(file.stat().st_size for file in share) for share in shared]
    assert max(sizes) < 1.2 * min(sizes)


def test_the_total_is_the_sum_of_the_last_lines() -> None:
    """Of whatever the processes counted; one without tests counts nothing."""
    outputs = [
        "1 failed\n3 passed, 1 skipped in 0.10s\n",
        "2 passed, 1 failed, 1 error in 3.00s\nSee the page of warnings.\n",
        "no tests ran in 0.01s",
    ]
    assert quick.totals(outputs) == "1 error, 1 failed, 5 passed, 1 skipped"
