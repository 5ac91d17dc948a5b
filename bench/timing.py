"""Whole processes, timed one after another, the compared ones in turn, so that a busy moment hits all of them alike."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WARM_UP = 3  # rounds that fill the caches of the system and are not counted
NO_PEER = "no peer"
SECONDS = 60  # the longest that one command may take
_SILENCE = [
    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
]
SETTLED = 0.3  # seconds; a process whose peak memory has not grown for so long waits to write its answer


class CouldNotMeasure(Exception):
    """A measured command failed, or a part of the machine is missing, so that there is nothing to tell."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A command whose whole run is timed.

    Args:
        name: What the table calls it.
        command: The program's path and its arguments.
        environment: All of its environment.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]

    def but(self, *more: str, name: str = "") -> Subject:
        """Return the same command with more arguments."""
        return Subject(name or self.name, (*self.command, *more), self.environment)


class Sample(NamedTuple):
    """One run.

    Attributes:
        started: As time.perf_counter_ns() counts.
        wall: Milliseconds from the start of the process until it is gone.
        cpu: Milliseconds of processor time, in user and kernel mode.
    """

    started: int
    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Times:
    """What a subject took, in milliseconds, each number the median of its runs.

    Args:
        wall: From the start of the process until it is gone.
        low: A quarter of the runs took less than this.
        high: A quarter of the runs took more than this.
        cpu: Processor time of the process, in user and kernel mode.
    """

    wall: float
    low: float
    high: float
    cpu: float

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Times:
        """Summarise at least two runs."""
        walls = [sample.wall for sample in samples]
        low, _, high = quantiles(walls, n=4)
        return cls(median(walls), low, high, median(sample.cpu for sample in samples))


def measure(subjects: Sequence[Subject], runs: int, warm_up: int = WARM_UP) -> dict[str, Times]:
    """Run the subjects in turn, ``runs`` times each.

    Args:
        subjects: What is compared.
        runs: How often each is run; at least 2.
        warm_up: How many rounds before are not counted.

    Returns:
        The times by the subject's name.

    Raises:
        CouldNotMeasure: A run did not end with status 0.
    """
    taken: dict[str, list[Sample]] = {subject.name: [] for subject in subjects}
    for turn in range(warm_up + runs):
        for subject in subjects:
            sample = once(subject)
            if turn >= warm_up:
                taken[subject.name].append(sample)
    return {name: Times.of(samples) for name, samples in taken.items()}


def once(subject: Subject) -> Sample:
    """Run a subject.

    Raises:
        CouldNotMeasure: It did not end with status 0, or not in time.
    """
    started = time.perf_counter_ns()
    return _ended(subject, _spawn(subject), started)


def together(subject: Subject, count: int) -> float:
    """Start a subject many times at once and return the milliseconds until the last one is gone.

    Raises:
        CouldNotMeasure: One of them did not end with status 0, or not in time.
    """
    started = time.perf_counter_ns()
    running = [_spawn(subject) for _ in range(count)]
    failures = []
    for pid in running:
        try:
            _ended(subject, pid, started)
        except CouldNotMeasure as error:  # the rest is waited for all the same
            failures.append(error)
    if failures:
        raise failures[0]
    return (time.perf_counter_ns() - started) / 1e6


def peak(subject: Subject) -> float:
    """Run a subject and return its peak memory (the resident set) in MB.

    It is read while the process waits to write its answer into a full pipe. What wait4() returns at the end would count the
    memory of the process that started it too.

    Raises:
        CouldNotMeasure: It did not end with status 0.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    os.set_blocking(writer, True)
    answer = [_SILENCE[0], (os.POSIX_SPAWN_DUP2, writer, 1), _SILENCE[2]]
    pid = os.posix_spawn(subject.command[0], subject.command, subject.environment, file_actions=answer)
    os.close(writer)
    kilobytes, since = 0, time.monotonic()
    while time.monotonic() - since < SETTLED:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
        if found and int(found[1]) != kilobytes:
            kilobytes, since = int(found[1]), time.monotonic()
        time.sleep(0.002)
    with os.fdopen(reader, "rb") as pipe:
        pipe.read()
    _ended(subject, pid, 0)
    return kilobytes / 1024


def _spawn(subject: Subject) -> int:
    try:
        return os.posix_spawn(subject.command[0], subject.command, subject.environment, file_actions=_SILENCE)
    except OSError as error:
        raise CouldNotMeasure(f"{subject.name} cannot be started: {error.strerror}") from error


def _ended(subject: Subject, pid: int, started: int) -> Sample:
    """Wait for the end of a process, in bounded time."""
    descriptor = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        in_time = bool(poll.poll(SECONDS * 1000))
        if not in_time:
            os.kill(pid, signal.SIGKILL)
        _, status, used = os.wait4(pid, 0)
        wall = (time.perf_counter_ns() - started) / 1e6
    finally:
        os.close(descriptor)
    if not in_time:
        raise CouldNotMeasure(f"{subject.name} did not end within {SECONDS} s")
    _check(subject, status)
    return Sample(started, wall, (used.ru_utime + used.ru_stime) * 1e3)


def _check(subject: Subject, status: int) -> None:
    if status != 0:
        raise CouldNotMeasure(f"{subject.name} ended with status {os.waitstatus_to_exitcode(status)}")
