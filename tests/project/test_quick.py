"""``make quick`` starts no process but those that share the tests, and misses no failure in them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.parts import REPOSITORY
from tests.quick import OPTION

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


@pytest.mark.parametrize(
    ("body", "outcomes", "status"),
    [
        ("pass", {"passed": 12}, pytest.ExitCode.OK),
        ("assert number != 5", {"passed": 10, "failed": 2}, pytest.ExitCode.TESTS_FAILED),
        ("number != 5 or os._exit(0)", {}, pytest.ExitCode.TESTS_FAILED),
        ("number != 5 or os._exit(3)", {}, pytest.ExitCode.TESTS_FAILED),
    ],
    ids=["all pass", "some fail", "a process ends too early", "a process ends with an error"],
)
def test_each_test_is_run_once_and_none_is_lost(
    tmp_path: Path, body: str, outcomes: dict[str, int], status: int
) -> None:
    """Two files of six tests each, which the processes share."""
    test = f"import os, pytest\n\n@pytest.mark.parametrize('number', range(6))\ndef test_it(number):\n    {body}\n"
    for name in ("test_one.py", "test_two.py"):
        (tmp_path / name).write_text(test)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", OPTION, "-p", "tests.conftest", "-p", "no:cacheprovider"),
            *("-c", "/dev/null", "--rootdir", str(tmp_path), "-q", str(tmp_path)),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stdout
    for outcome, number in outcomes.items():
        assert f"{number} {outcome}" in done.stdout
