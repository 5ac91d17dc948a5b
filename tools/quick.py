"""``make quick``: the unit tests that start no process, run by a few pytest processes that share the files.

pytest-xdist gives the tests out one by one. For tests that take milliseconds, that is a quarter of the time.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from typing import TYPE_CHECKING

from tools.lock_files import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

TESTS = ROOT / "tests" / "unit"
_NO_TESTS = 5  # pytest's exit status if a process has none, for example with -k


def shares(files: Iterable[Path], number: int) -> list[list[Path]]:
    """Return the files in so many lists of about the same number of bytes."""
    shared: list[list[Path]] = [[] for _ in range(number)]
    sizes = [0] * number
    for file in sorted(files, key=lambda file: (-file.stat().st_size, file)):
        least = sizes.index(min(sizes))
        shared[least].append(file)
        sizes[least] += file.stat().st_size
    return shared


def totals(outputs: Iterable[str]) -> str:
    """Return the sum of what the last lines of pytest's outputs count. A warning may come after them."""
    counts: Counter[str] = Counter()
    for output in outputs:
        *_, last = ["", *re.findall(r"^\d+ .* in [0-9.]+s.*$", output, re.MULTILINE)]
        for number, outcome in re.findall(r"(\d+) (passed|failed|skipped|xfailed|errors?)", last):
            counts[outcome] += int(number)
    return ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))


def main(arguments: Sequence[str]) -> int:
    """Run the tests and return the exit status.

    Args:
        arguments: Further arguments for pytest, such as ``-k NAME``.
    """
    began = time.monotonic()
    number = max(2, (os.cpu_count() or 1) * 3 // 2)  # the tests wait for a third of their time
    command = [sys.executable, "-m", "pytest", "-n", "0", "--quick", "-q", "-r", "fE", *arguments]
    with tempfile.TemporaryDirectory() as directory:
        running = []
        for position, files in enumerate(shares(TESTS.rglob("test_*.py"), number)):
            output = open(f"{directory}/{position}", "w+", encoding="utf-8")  # noqa: PTH123, SIM115 - read below
            process = subprocess.Popen([*command, *map(str, files)], stdout=output, stderr=output, cwd=ROOT)
            running.append((process, output))
        outputs, failed = [], False
        for process, output in running:
            wrong = process.wait() not in (0, _NO_TESTS)
            output.seek(0)
            outputs.append(output.read())
            if wrong:
                print(outputs[-1])
            failed = failed or wrong
    print(f"{totals(outputs)} in {time.monotonic() - began:.2f}s")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
