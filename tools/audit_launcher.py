"""``make check`` and ``make audit``: what is known against Go's library and the modules of the launcher, by govulncheck.

It ends as `tools.audit` does: clean, found, or not run. Only code that the launcher calls counts, on each system that it
is built for.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tools import go, release
from tools.audit import SECONDS, Ending, NotRun, Outcome, report

VERSION = "v1.9.0"
MODULE = f"golang.org/x/vuln/cmd/govulncheck@{VERSION}"
"""Go compares it with the public checksum database when it downloads it."""

INSTALLED = go.ROOT / ".tools" / f"govulncheck-{VERSION}"
"""The directory that govulncheck is built into."""

_FOUND = 3
"""govulncheck's exit status if the code calls something that is vulnerable."""


def main() -> int:
    """Audit the launcher, say how it ended, and return the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--must-run", action="store_true")
    options, _ = parser.parse_known_args()  # the others are pip-audit's
    try:
        outcome = audit(govulncheck())
    except (NotRun, go.NoGo) as why:
        outcome = Outcome(Ending.NOT_RUN, (str(why),))
    return report("audit of the launcher", outcome, must_run=options.must_run)


def govulncheck() -> Path:
    """Return the path of govulncheck, built if it was not.

    Raises:
        NoGo: There is no Go, or govulncheck cannot be downloaded or built.
    """
    program = INSTALLED / "govulncheck"
    if not program.exists():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        go.run("install", MODULE, cwd=INSTALLED, variables={"GOBIN": str(INSTALLED)})
    return program


def audit(program: Path) -> Outcome:
    """Ask about the launcher for each operating system.

    Args:
        program: govulncheck.

    Returns:
        FOUND with the report of the first system that has a finding, else CLEAN.

    Raises:
        NotRun: govulncheck failed, for example because its database cannot be reached.
        NoGo: There is no Go.
    """
    path = f"{Path(go.program()).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    systems = sorted({system for system, _ in release.PLATFORMS})
    for system in systems:
        environment = {**os.environ, "PATH": path, "GOOS": system, "CGO_ENABLED": "0"}
        try:
            done = subprocess.run(
                [program, "."],
                cwd=go.LAUNCHER,
                env=environment,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as why:
            raise NotRun(f"govulncheck cannot be run: {why}") from None
        if done.returncode == _FOUND:
            return Outcome(Ending.FOUND, (f"for {system}", *done.stdout.splitlines()))
        if done.returncode:
            said = (done.stderr.strip() or "govulncheck said nothing").splitlines()
            raise NotRun(f"nothing was checked; {said[0][:200]}")
    return Outcome(Ending.CLEAN, (f"nothing is known against what it calls, for {', '.join(systems)}",))


if __name__ == "__main__":
    sys.exit(main())
