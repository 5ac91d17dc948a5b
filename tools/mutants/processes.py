"""Forked processes, several at once, each with a limit of time, ended with all that they started."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


class Work(NamedTuple):
    """What one process does.

    Args:
        key: What it is known by.
        do: Does it; returns the exit status.
        seconds: How long it may take.
        log: The file that takes what it prints.
    """

    key: int
    do: Callable[[], int]
    seconds: float
    log: Path


def statuses(works: Iterable[Work], *, jobs: int) -> Iterator[tuple[int, int | None]]:
    """Do work, and yield the key and the exit status of each, in the order in which they end.

    Args:
        works: What is to be done.
        jobs: How many processes there are at once.

    Yields:
        The key, and the exit status: 1 where a signal ended it, None where its time was over.
    """
    running: dict[int, tuple[int, float]] = {}
    try:
        for work in works:
            while len(running) >= jobs:
                yield from _ended(running)
            running[_fork(work)] = work.key, time.monotonic() + work.seconds
        while running:
            yield from _ended(running)
    finally:
        for pid in running:
            _end(pid)


def _ended(running: dict[int, tuple[int, float]]) -> list[tuple[int, int | None]]:
    """Take out what has ended by now, after a short wait if nothing has."""
    ended = []
    for pid, (key, limit) in list(running.items()):
        status = _status(pid)
        if status is not None or time.monotonic() >= limit:
            del running[pid]
            _end(pid)  # with what it may have left behind
            ended.append((key, status))
    if not ended:
        time.sleep(0.005)
    return ended


def _fork(work: Work) -> int:
    pid = os.fork()
    if not pid:
        _do(work)
    return pid


def _do(work: Work) -> NoReturn:
    status = 1
    try:
        os.setsid()
        out = os.open(work.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (out, 1), (out, 2)):
            os.dup2(source, target)
        status = work.do()
    finally:
        os._exit(status)


def _status(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    if not ended:
        return None
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1


def _end(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
