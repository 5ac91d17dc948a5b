"""Fuzz every target, or some, each in a process of its own and for a bounded time; say how often it ran and what was found.

What is learnt is kept in .fuzz/corpus and goes on from there the next time; an input that breaks something is left in
.fuzz/findings, and belongs into a test.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from .targets import TARGETS

PLACE = Path(".fuzz")


def fuzz(name: str, seconds: int) -> tuple[int, str]:
    """Fuzz one target.

    Args:
        name: The target.
        seconds: How long.

    Returns:
        How often it ran, and what it said where it found something.
    """
    corpus, findings = PLACE / "corpus" / name, PLACE / "findings"
    for directory in (corpus, findings):
        directory.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "fuzz.one", name, str(corpus)),
            *(f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"),
            f"-artifact_prefix={findings}/{name}-",
        ],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    runs = re.findall(r"stat::number_of_executed_units: *(\d+)", done.stderr)
    return int(runs[-1]) if runs else 0, done.stderr if done.returncode else ""


def main() -> int:
    """Return 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Fuzz what parses.")
    parser.add_argument("--seconds", type=int, default=60, help="how long each target is fuzzed (60)")
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help=f"one of {', '.join(TARGETS)}; all by default"
    )
    asked = parser.parse_args()
    if unknown := set(asked.targets) - set(TARGETS):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    found = 0
    for name in asked.targets or TARGETS:
        runs, words = fuzz(name, asked.seconds)
        print(f"{name:22} {runs:>9} executions, {'a finding' if words else 'nothing found'}", flush=True)
        if words:
            print(words[-4000:], file=sys.stderr)
            found += 1
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main())
