"""Measure what a kubectl waits for, and write docs/performance.md.

The exit status is 0 whenever it could be measured: how fast a machine is tells nothing about right or wrong.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools import wheel

from .parts import PARTS
from .parts.kubectl import kubectl
from .report import goals, write
from .surroundings import Surroundings
from .timing import CouldNotMeasure
from .world import QUICK_RUNS, World, peer_of, world

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
            programs = options.programs.absolute() if options.programs else _install(work)
            with world(work, programs, peer, runs) as made:
                sections = {part: _measure(part, made, options) for part in PARTS}
                surroundings = Surroundings.of(made.ours, kubectl=kubectl(), peer=peer)
        except (CouldNotMeasure, subprocess.CalledProcessError) as error:
            print(f"bench: could not measure: {error}", file=sys.stderr)
            return 1
    write(options.output, sections, surroundings, runs=runs, few=made.few)
    print(goals(sections))
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
        "--programs", type=Path, metavar="DIR", help="measure the installation whose programs lie here"
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


def _install(work: Path) -> Path:
    print("bench: installing", file=sys.stderr, flush=True)
    return wheel.install(wheel.build(work / "dist"), work / "environment", as_pipx=True)


def _measure(part: Part, made: World, options: argparse.Namespace) -> Section:
    only: Sequence[str] = options.only
    if part.name not in only:
        return part.without("left out by --only")
    if part.long and options.quick:
        return part.without("left out by --quick")
    print(f"bench: {part.title}", file=sys.stderr, flush=True)
    try:
        return part.measure(made)
    except CouldNotMeasure as error:
        return part.without(str(error))


if __name__ == "__main__":
    sys.exit(main())
