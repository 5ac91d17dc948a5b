"""``make audit``: what is known against the packages of the lock files, by pip-audit.

It ends in one of three ways, and says which: *clean* (status 0), *found* (status 1), or *not run* (status 0; 2 with
``--must-run``), when nobody who knows could be asked. A service that answers without knowing anything must not pass for
clean: pip-audit itself calls packages that a service has never heard of "no known vulnerabilities". So every package must
have been looked up, and a version that is known to be vulnerable is asked about as well.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import bundle_python, lock_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Package = tuple[str, str]
    """Name and version."""
    Weakness = dict[str, Any]
    """A vulnerability as pip-audit describes it."""
    Known = dict[Package, list[Weakness]]

KNOWN_BAD = ("pyjwt", "2.3.0")
"""A version whose vulnerability (CVE-2022-29217) every service knows that knows any."""

SECONDS = 600


class Ending(Enum):
    """How an audit ended; the value is said."""

    CLEAN = "clean"
    FOUND = "found"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an audit.

    Attributes:
        ending: How it ended.
        lines: What there is to say, the first line beside the ending.
    """

    ending: Ending
    lines: tuple[str, ...]


class NotRun(Exception):
    """Nobody who knows could be asked; the message says why."""


def main() -> int:
    """Audit both lock files, say how it ended, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="make audit", epilog="Other arguments go to pip-audit, such as --vulnerability-service=osv."
    )
    parser.add_argument("--must-run", action="store_true", help="fail where the audit could not be run")
    options, further = parser.parse_known_args()
    packages = locked()
    try:
        known: Known = {}
        for packages_once in rounds([*packages, KNOWN_BAD]):
            known |= ask(packages_once, further)
        outcome = judge(packages, known)
    except NotRun as why:
        outcome = Outcome(Ending.NOT_RUN, (str(why),))
    return report("audit", outcome, must_run=options.must_run)


def report(audit: str, outcome: Outcome, *, must_run: bool) -> int:
    """Say how an audit ended, and return the exit status.

    Args:
        audit: What it is called.
        outcome: What came of it.
        must_run: Whether one that was not run has failed.
    """
    print(f"{audit}: {outcome.ending.value}: " + "\n  ".join(outcome.lines))
    return {Ending.CLEAN: 0, Ending.FOUND: 1, Ending.NOT_RUN: 2 if must_run else 0}[outcome.ending]


def locked() -> list[Package]:
    """Return name and version of every package in both lock files and in bundles alone, those for other platforms included."""
    pins = [pin for lock in (lock_files.PROGRAM, lock_files.DEVELOPMENT) for pin in lock_files.read(lock)]
    others = [other for packages in bundle_python.read_lock().packages.values() for other in packages.items()]
    in_bundles = {(name, version.partition(" ")[0]) for name, version in others}
    return sorted({(pin.name, pin.version) for pin in pins} | in_bundles)


def rounds(packages: Sequence[Package]) -> Iterator[list[Package]]:
    """Divide packages so that no name is asked about twice at a time, which pip-audit refuses.

    Args:
        packages: Names and versions. The lock has some names twice, each for some Pythons.
    """
    left = list(packages)
    while left:
        once = dict(left)
        yield list(once.items())
        left = [(name, version) for name, version in left if once[name] != version]


def ask(packages: Sequence[Package], further: Sequence[str]) -> Known:
    """Run pip-audit over packages.

    Args:
        packages: Names and versions, no name twice.
        further: Arguments for pip-audit.

    Returns:
        What is known against each that the service has heard of.

    Raises:
        NotRun: pip-audit did not come to its end.
    """
    with tempfile.TemporaryDirectory(prefix="audit-") as name:
        file = Path(name, "packages.txt")
        file.write_text("".join(f"{each}=={version}\n" for each, version in packages), encoding="utf-8")
        pip_audit = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", f"--requirement={file}"]
        command = [*pip_audit, "--format=json", "--progress-spinner=off", *further]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise NotRun(f"pip-audit did not end within {SECONDS} seconds") from None
    try:
        return {
            (part["name"], part["version"]): part["vulns"]
            for part in json.loads(done.stdout)["dependencies"]
            if "skip_reason" not in part
        }
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip() or "pip-audit said nothing").splitlines()[-1]
        raise NotRun(f"nothing was checked; {last[:200]}") from None


def judge(packages: Sequence[Package], known: Known) -> Outcome:
    """Tell how an audit ended.

    Args:
        packages: Names and versions that were asked about.
        known: What is known against each that the service has heard of, ``KNOWN_BAD`` among them.

    Returns:
        The outcome; CLEAN only if the service knows vulnerabilities, and none of any package.
    """
    found = [_shown(package, weakness) for package in packages for weakness in known.get(package, [])]
    unknown = [f"{name} {version}" for name, version in packages if (name, version) not in known]
    if found:
        count = f"{len(found)} in {len(packages)} packages"
        return Outcome(Ending.FOUND, (count, *found, *(f"{each}: not looked up" for each in unknown)))
    if unknown:
        names = ", ".join(unknown[:3]) + (", …" if len(unknown) > 3 else "")  # noqa: PLR2004 - a few to go by
        words = f"the service does not know {len(unknown)} of {len(packages)} packages ({names})"
        return Outcome(Ending.NOT_RUN, (words,))
    if not known.get(KNOWN_BAD):
        words = f"the service knows nothing against {' '.join(KNOWN_BAD)}, so its silence says nothing"
        return Outcome(Ending.NOT_RUN, (words,))
    return Outcome(Ending.CLEAN, (f"nothing is known against {len(packages)} packages",))


def _shown(package: Package, weakness: Weakness) -> str:
    names = " ".join([weakness["id"], *weakness.get("aliases", [])])
    fixed = ", ".join(weakness["fix_versions"]) or "no version yet"
    return f"{' '.join(package)}: {names}; fixed in {fixed}"


if __name__ == "__main__":
    sys.exit(main())
