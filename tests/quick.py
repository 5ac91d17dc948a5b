"""``make quick``: every test but those in tests/integration, each left out at the moment it starts a process.

Nobody marks a test for that, so nobody forgets to.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from .parts import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

OPTION = "--quick"

_STARTS = {
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "pty.spawn",
    "subprocess.Popen",
}
"""The audit events of a process that starts (PEP 578)."""


class Guard:
    """Skip what starts a process while a test runs; pytest's own processes start before."""

    def __init__(self) -> None:
        self._guards = False

    def _hear(self, event: str, _arguments: object) -> None:
        if self._guards and event in _STARTS:
            pytest.skip("starts a process")

    @pytest.hookimpl
    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave tests/integration out."""
        return True if collection_path == REPOSITORY / "tests" / "integration" else None

    @pytest.hookimpl
    def pytest_collection_finish(self) -> None:
        """Hear of every process from here on. Collecting causes thousands of other events."""
        sys.addaudithook(self._hear)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Guard one test with its fixtures."""
        self._guards = True
        try:
            return (yield)
        finally:
            self._guards = False
