"""What else runs on this machine while the bench measures."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

MOST = 0.1
"""The largest share of the CPUs that other programs may use, so that the times still mean something."""

_BUSY = (0, 1, 2, 5, 6, 7)  # user, nice, system, irq, softirq and steal in /proc/stat (proc(5))


class Watch:
    """Compares the work of the CPUs that the caller is pinned to with that of the bench and the processes that it waited for."""

    def __init__(self) -> None:
        self._cpus = os.sched_getaffinity(0)
        self._started, self._before = time.monotonic(), self._used()

    def used(self) -> tuple[float, float]:
        """Return how many seconds the CPUs have worked since this was made, and how many of them for the bench."""
        (busy, own), (busy_before, own_before) = self._used(), self._before
        return busy - busy_before, own - own_before

    def others(self) -> float:
        """Return which share of the CPUs other programs have used since this was made, from 0 to 1."""
        busy, own = self.used()
        return max(0.0, busy - own) / ((time.monotonic() - self._started) * len(self._cpus))

    def _used(self) -> tuple[float, float]:
        names = {f"cpu{number}" for number in self._cpus}
        lines = [line.split() for line in Path("/proc/stat").read_text(encoding="ascii").splitlines()]
        ticks = sum(int(line[1 + number]) for line in lines if line[0] in names for number in _BUSY)
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return ticks / os.sysconf("SC_CLK_TCK"), sum(one.ru_utime + one.ru_stime for one in used)
