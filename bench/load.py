"""What else runs on this machine while the bench measures."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

MOST = 0.1
"""The largest share of the processors that other programs may use, so that the times still mean something."""

_BUSY = (0, 1, 2, 5, 6, 7)  # user, nice, system, irq, softirq and steal in /proc/stat (proc(5))


class Watch:
    """Compares the processors' work with that of the bench and of the processes that it has waited for."""

    def __init__(self) -> None:
        self._started, self._before = time.monotonic(), _used()

    def used(self) -> tuple[float, float]:
        """Return how many seconds the processors have worked since this was made, and how many of them for the bench."""
        (busy, own), (busy_before, own_before) = _used(), self._before
        return busy - busy_before, own - own_before

    def others(self) -> float:
        """Return which share of all processors other programs have used since this was made, from 0 to 1."""
        busy, own = self.used()
        return max(0.0, busy - own) / ((time.monotonic() - self._started) * (os.cpu_count() or 1))


def _used() -> tuple[float, float]:
    fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    busy = sum(int(fields[number]) for number in _BUSY) / os.sysconf("SC_CLK_TCK")
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return busy, sum(one.ru_utime + one.ru_stime for one in used)
