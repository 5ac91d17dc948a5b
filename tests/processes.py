"""``--parallel``: the tests are collected once and shared by forked processes.

pytest-xdist would collect them in each of its processes, and start in each what the tests of a file share. Here a process runs a
file's tests to the end; one that has nothing left takes tests over from the fullest file.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import tempfile
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.sharedctypes import SynchronizedArray

OPTION = "--parallel"
TOGETHER = "together"
"""The mark of tests that one process runs, one after the other: all with the same argument."""

_MEMORY = "/dev/shm"  # Linux
_WAITING = 2
"""Processes beside one for each processor, because many tests wait for something."""


def memory() -> str | None:
    """Return a directory of a file system in memory; None if there is none here."""
    return _MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None


def keep_files_in_memory() -> None:
    """Have temporary directories in memory, where there is such a file system and TMPDIR names none: each test makes several."""
    place = memory()
    if place and "TMPDIR" not in os.environ:
        os.environ["TMPDIR"] = tempfile.tempdir = place


class Processes:
    """Runs the tests in several processes, and reports what they report."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Fork, and report what the processes report; without fork(2) the tests run one after the other."""
        if sys.platform == "win32" or session.config.option.collectonly or session.testsfailed:
            return None
        # Made before they are forked, it is theirs too, and this process removes it at the end.
        session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        context = multiprocessing.get_context("fork")
        shares = _Shares(session.items, context)
        readers = []
        for _ in range((os.cpu_count() or 1) + _WAITING):
            reader, ours = context.Pipe(duplex=False)
            readers.append(reader)
            context.Process(target=_run, args=(session.config, shares, ours), daemon=True).start()
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


class _Shares:
    """Which tests are taken: a share is the tests of a file, or those that are marked to run together."""

    def __init__(self, items: list[pytest.Item], context: multiprocessing.context.ForkContext) -> None:
        shares: dict[tuple[bool, str], list[pytest.Item]] = {}
        for item in items:
            mark = item.get_closest_marker(TOGETHER)
            shares.setdefault((mark is None, mark.args[0] if mark else str(item.path)), []).append(item)
        # Those that run together come first: nobody can take them over at the end.
        self._shares = sorted(shares.items(), key=lambda share: share[0][0])
        self._taken: SynchronizedArray[int] = context.Array("i", len(shares))

    def taken(self) -> Iterator[pytest.Item]:
        """Yield tests that no other process has, as long as there are some."""
        number: int | None = None
        while True:
            with self._taken.get_lock():
                if number is None or not self._left(number):
                    number = self._next()
                if number is None:
                    return
                place = self._taken[number]
                self._taken[number] += 1
            yield self._shares[number][1][place]

    def _left(self, number: int) -> int:
        return len(self._shares[number][1]) - self._taken[number]

    def _next(self) -> int | None:
        """Return the first share that is not begun, else the one with the most tests left; None if nothing is left."""
        for number in range(len(self._shares)):
            if not self._taken[number]:
                return number
        may_split = [number for number, (key, _) in enumerate(self._shares) if key[0] and self._left(number)]
        return max(may_split, key=self._left, default=None)


class _Reports:
    """Sends what pytest reports in a forked process to the one that it was forked from."""

    def __init__(self, config: pytest.Config, connection: Connection) -> None:
        self._config, self._connection = config, connection

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Send one report."""
        self._connection.send(
            self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        )


def _run(config: pytest.Config, shares: _Shares, connection: Connection) -> None:
    """Run tests in a forked process. What they print is captured in files of its own."""
    capture = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(_Reports(config, connection))

    def tests() -> Iterator[pytest.Item | None]:
        yield from shares.taken()
        yield None

    with contextlib.suppress(KeyboardInterrupt):  # which the first process reports
        for item, next_item in pairwise(tests()):
            assert item
            config.hook.pytest_runtest_protocol(item=item, nextitem=next_item)
