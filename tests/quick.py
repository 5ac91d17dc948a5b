"""``make quick``: every test but those in tests/integration, each left out at the moment it starts a process.

Nobody marks a test for that, so nobody forgets to. They are collected once and run in forked processes: pytest-xdist would collect
them in each process, and take half as long again.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import pytest

from .parts import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.sharedctypes import Synchronized
    from pathlib import Path

OPTION = "--quick"
_MEMORY = "/dev/shm"  # Linux

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


def memory() -> str | None:
    """Return a directory of a file system in memory; None if there is none here."""
    return _MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None


def keep_files_in_memory() -> None:
    """Have temporary directories in memory, where there is such a file system: each test makes several."""
    if place := memory():
        os.environ["TMPDIR"] = tempfile.tempdir = place


class Guard:
    """Skip what starts a process while a test runs; pytest's own workers start before."""

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


class Reports:
    """Send what pytest reports in a forked process to the one that it was forked from."""

    def __init__(self, config: pytest.Config, connection: Connection) -> None:
        self._config, self._connection = config, connection

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Send one report."""
        self._connection.send(
            self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        )


class Processes:
    """Run the tests in as many processes as there are processors, and one more because some tests wait."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Fork, and report what the processes report; without fork(2) the tests run one after the other."""
        if sys.platform == "win32" or session.config.option.collectonly or session.testsfailed:
            return None
        context = multiprocessing.get_context("fork")
        taken = context.Value("i", 0)
        readers = []
        for _ in range((os.cpu_count() or 1) + 1):
            reader, ours = context.Pipe(duplex=False)
            readers.append(reader)
            context.Process(target=_run_files, args=(session, taken, ours), daemon=True).start()
            ours.close()
        ended = set(_reported(session, readers))
        if lost := [item.nodeid for item in session.items if item.nodeid not in ended]:
            session.shouldfail = (
                f"{len(lost)} tests did not end, because their process did: {lost[0]} is the first"
            )
            raise session.Failed(session.shouldfail)
        return True


def _reported(session: pytest.Session, readers: list[Connection]) -> Iterator[str]:
    """Report what the processes report until the last of them has ended, and yield the tests that have ended."""
    from multiprocessing import (
        connection,
    )  # not at the top: tests import this module in an interpreter that plays Windows

    hook = session.config.hook
    while readers:
        for reader in connection.wait(readers):
            assert isinstance(reader, connection.Connection)
            try:
                said = reader.recv()
            except EOFError:
                readers.remove(reader)
                continue
            report = hook.pytest_report_from_serializable(config=session.config, data=said)
            hook.pytest_runtest_logreport(report=report)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if report.when == "teardown":
                yield report.nodeid


def _run_files(session: pytest.Session, taken: Synchronized[int], connection: Connection) -> None:
    """Run the tests of one file after the other, as long as there are files that no other process has taken."""
    files = [list(tests) for _, tests in groupby(session.items, key=lambda item: item.path)]
    config = session.config
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(Reports(config, connection))

    def tests() -> Iterator[pytest.Item | None]:
        while True:
            with taken.get_lock():
                number, taken.value = taken.value, taken.value + 1
            if number >= len(files):
                yield None
                return
            yield from files[number]

    for item, next_item in pairwise(tests()):
        assert item
        config.hook.pytest_runtest_protocol(item=item, nextitem=next_item)
