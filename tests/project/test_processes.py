"""``--parallel``: each test runs once in one of the processes, and none is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.parts import REPOSITORY
from tests.processes import OPTION

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
import os, time, pytest

@pytest.mark.parametrize("number", range(6))
def test_it(number):
    {body}
"""


@pytest.fixture
def run(tmp_path: Path, request: pytest.FixtureRequest) -> subprocess.CompletedProcess[str]:
    """Run two files of six tests each, with the body of the test that is the fixture's parameter."""
    for name in ("test_one.py", "test_two.py"):
        (tmp_path / name).write_text(FILE.format(body=request.param))
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", OPTION, "-p", "tests.conftest", "-p", "no:cacheprovider"),
            *("-c", "/dev/null", "--rootdir", str(tmp_path), "-q", "-rP", str(tmp_path)),
        ],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("run", "outcomes", "status"),
    [
        ("pass", {"passed": 12}, pytest.ExitCode.OK),
        ("assert number != 5", {"passed": 10, "failed": 2}, pytest.ExitCode.TESTS_FAILED),
        ("number != 5 or os._exit(0)", {}, pytest.ExitCode.TESTS_FAILED),
        ("number != 5 or os._exit(3)", {}, pytest.ExitCode.TESTS_FAILED),
    ],
    ids=["all pass", "some fail", "a process ends too early", "a process ends with an error"],
    indirect=["run"],
)
def test_each_test_is_run_once_and_none_is_lost(
    run: subprocess.CompletedProcess[str], outcomes: dict[str, int], status: int
) -> None:
    """A process that ends is a failure, even with status 0."""
    assert run.returncode == status, run.stdout
    for outcome, number in outcomes.items():
        assert f"{number} {outcome}" in run.stdout


def _process_ids(run: subprocess.CompletedProcess[str]) -> set[str]:
    assert run.returncode == 0, run.stdout
    assert "12 passed" in run.stdout
    return {line for line in run.stdout.splitlines() if line.isdigit()}


@pytest.mark.parametrize(
    "run", ["time.sleep(0.1); os.write(1, b'%d\\n' % os.getpid())"], ids=["slow"], indirect=True
)
def test_what_a_process_has_left_others_take_over(run: subprocess.CompletedProcess[str]) -> None:
    """Two files keep more than two processes busy, and what each prints to its descriptor is in its own report."""
    assert len(_process_ids(run)) > 2
    assert run.stdout.count("Captured stdout call") == 12


@pytest.mark.parametrize(
    "run",
    ["time.sleep(0.1); os.write(1, b'%d\\n' % os.getpid())\n\npytestmark = pytest.mark.together('these')"],
    ids=["slow and together"],
    indirect=True,
)
def test_what_is_to_run_together_stays_in_one_process(run: subprocess.CompletedProcess[str]) -> None:
    """Also those of different files."""
    assert len(_process_ids(run)) == 1
