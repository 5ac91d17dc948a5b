"""Measure what a kubectl waits for, and write docs/performance.md.

The exit status is 0 whenever it could be measured: how fast a machine is tells nothing about right or wrong. While other
programs use the CPUs, no goal is called met or not met.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools import bundle, bundle_python, go, test_parts, wheel

from .load import MOST, Watch
from .parts import PARTS
from .parts.kubectl import kubectl
from .report import goals, write
from .surroundings import Surroundings
from .timing import CouldNotMeasure
from .world import QUICK_RUNS, Programs, World, peer_of, world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .result import Part, Section

PAGE = wheel.ROOT / "docs" / "performance.md"
RUNS = 200


def main() -> int:
    """Build, install, measure, write.

    Returns:
        The exit status: 1 if nothing could be measured.
    """
    options = _parser().parse_args()
    runs = options.runs or (QUICK_RUNS if options.quick else RUNS)
    # The path of a socket is short, and those of the desktop's keyring lie in here.
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        work = Path(name)
        try:
            peer = peer_of(options.vs)
            programs = Programs(*options.programs) if options.programs else _install(work)
            loads = os.getloadavg()
            with world(work, programs, peer, runs) as made:
                # The provider and the relay run already, and may use every CPU.
                os.sched_setaffinity(0, _cpus())
                watch = Watch()
                sections = {part: _measure(part, made, options) for part in PARTS}
                surroundings = Surroundings.of(
                    programs.pure / wheel.PROGRAM,
                    kubectl=kubectl(),
                    peer=peer,
                    load=f"{loads[0]:.2f} before, during the run other programs used {watch.others():.0%} of these CPUs",
                )
        except (CouldNotMeasure, go.NoGo, subprocess.CalledProcessError) as error:
            print(f"bench: could not measure: {error}", file=sys.stderr)
            return 1
    write(options.output, sections, surroundings, runs=runs, few=made.few)
    for pure in (False, True):
        print(goals(sections, pure=pure), end="\n\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    names = [part.name for part in PARTS]
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--runs", type=_runs, help=f"how often each quick command is run (default: {RUNS})")
    parser.add_argument("--vs", metavar="COMMAND", help="another program with get-token's flags")
    parser.add_argument(
        "--only", nargs="+", choices=names, default=names, metavar="NAME", help=f"of {', '.join(names)}"
    )
    parser.add_argument("--quick", action="store_true", help="fewer runs, and nothing that takes minutes")
    parser.add_argument(
        "--programs",
        type=_directory,
        nargs=2,
        metavar=("BUNDLE", "PURE"),
        help="measure two installations that exist: their bin directories",
    )
    parser.add_argument(
        "--output", type=Path, default=PAGE, help="the page to write (default: docs/performance.md)"
    )
    return parser


def _runs(text: str) -> int:
    runs = int(text)
    if runs < 2:  # noqa: PLR2004 - one run has no middle half
        raise argparse.ArgumentTypeError("at least 2")
    return runs


def _directory(text: str) -> Path:
    return Path(text).absolute()


def _cpus() -> list[int]:
    """Return the two CPUs of the measured programs: not one only, because all of them have several threads."""
    return sorted(os.sched_getaffinity(0))[-2:]


def _install(work: Path) -> Programs:
    """Install the bundle and the pure wheel, after what the measurements need, where that is allowed."""
    print("bench: installing", file=sys.stderr, flush=True)
    test_parts.install_packages(("dbus-run-session", "gnome-keyring-daemon"))
    for find in (test_parts.find_go, test_parts.kubectl):
        with contextlib.suppress(test_parts.Missing):  # who needs it says so
            find()
    pure = wheel.install(wheel.build(work / "dist"), work / "pure", as_pipx=True)
    return Programs(_unpacked_bundle(work), pure)


def _unpacked_bundle(work: Path) -> Path:
    try:
        (archive,) = bundle.build(work, (bundle.HERE,))
    except (bundle_python.WrongPython, OSError) as error:
        raise CouldNotMeasure(f"there is no bundle ({error})") from None
    with tarfile.open(archive) as packed:
        packed.extractall(work / "bundle", filter="data")
    return work / "bundle" / bundle.NAME / "bin"


def _measure(part: Part, made: World, options: argparse.Namespace) -> Section:
    only: Sequence[str] = options.only
    if part.name not in only:
        return part.without("left out by --only")
    if part.long and options.quick:
        return part.without("left out by --quick")
    print(f"bench: {part.title}", file=sys.stderr, flush=True)
    watch = Watch()
    try:
        section = part.measure(made)
    except CouldNotMeasure as error:
        return part.without(str(error))
    return section if watch.others() <= MOST else section.unjudged("the machine is busy")


if __name__ == "__main__":
    sys.exit(main())
