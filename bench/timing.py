"""Whole processes, timed one after another, the compared ones in turn, so that a busy moment hits all of them alike."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WARM_UP = 5  # rounds that fill the caches of the system and are not counted


class CouldNotMeasure(Exception):
    """A measured command failed, so that its time means nothing."""


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


def measure(subjects: Sequence[Subject], runs: int) -> dict[str, Times]:
    """Run the subjects in turn, ``runs`` times each.

    Args:
        subjects: What is compared.
        runs: How often each is run; at least 2.

    Returns:
        The times by the subject's name.

    Raises:
        CouldNotMeasure: A run did not end with status 0.
    """
    taken: dict[str, list[tuple[float, float]]] = {subject.name: [] for subject in subjects}
    for turn in range(WARM_UP + runs):
        for subject in subjects:
            sample = _once(subject)
            if turn >= WARM_UP:
                taken[subject.name].append(sample)
    return {name: _summary(samples) for name, samples in taken.items()}


def _once(subject: Subject) -> tuple[float, float]:
    """Run a subject and return its wall and processor time in milliseconds."""
    silence = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    started = time.perf_counter_ns()
    pid = os.posix_spawn(subject.command[0], subject.command, subject.environment, file_actions=silence)
    _, status, used = os.wait4(pid, 0)
    wall = (time.perf_counter_ns() - started) / 1e6
    if status != 0:
        raise CouldNotMeasure(f"{subject.name} ended with status {os.waitstatus_to_exitcode(status)}")
    return wall, (used.ru_utime + used.ru_stime) * 1e3


def _summary(samples: Sequence[tuple[float, float]]) -> Times:
    walls = [wall for wall, _ in samples]
    low, _, high = quantiles(walls, n=4)
    return Times(wall=median(walls), low=low, high=high, cpu=median(cpu for _, cpu in samples))
