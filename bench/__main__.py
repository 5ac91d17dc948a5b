"""Measure what a kubectl waits for, and write docs/performance.md.

The exit status is 0 whenever it could be measured: how fast a machine is tells nothing about right or wrong.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import wheel

from .provider import Provider
from .report import BARE, Measured, Surroundings, page, table
from .scene import Scene
from .timing import CouldNotMeasure, Subject, measure

PAGE = wheel.ROOT / "docs" / "performance.md"
STORAGES = {"kernel": "a cached get-token, kernel keyring", "disk": "a cached get-token, disk"}
REFRESHES = 20


def main() -> int:
    """Build, install, sign in, measure, write.

    Returns:
        The exit status: 1 if nothing could be measured.
    """
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="how often each command is run (default: 200)")
    parser.add_argument("--vs", type=Path, metavar="PROGRAM", help="another program with get-token's flags")
    parser.add_argument(
        "--output", type=Path, default=PAGE, help="the page to write (default: docs/performance.md)"
    )
    options = parser.parse_args()
    peer = options.vs or shutil.which("kubelogin")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        work = Path(name)
        try:
            programs = wheel.install(wheel.build(work / "dist"), work / "environment", newest_pip=True)
            with Provider() as provider:
                measured = _measure(provider, work, programs, Path(peer) if peer else None, options.runs)
        except (CouldNotMeasure, subprocess.CalledProcessError) as error:
            print(f"bench: could not measure: {error}", file=sys.stderr)
            return 1
        surroundings = Surroundings.of(programs, wheel.PROGRAM)
    options.output.write_text(page(measured, surroundings), encoding="utf-8")
    print(table(measured), *measured.goals(), *measured.unmeasured, sep="\n")
    return 0


def _measure(provider: Provider, work: Path, programs: Path, peer: Path | None, runs: int) -> Measured:
    """Sign in with everything that is compared, run it all in turn, and remove the sessions.

    Raises:
        CouldNotMeasure: Not even the sessions on disk work.
    """
    ours = programs / wheel.PROGRAM
    scenes = {storage: Scene(work / storage, f"bench-{storage}", provider) for storage in STORAGES}
    cached: dict[str, Subject] = {}
    unmeasured = []
    try:
        for storage, scene in scenes.items():
            try:
                cached[storage] = scene.get_token(STORAGES[storage], ours, storage)
            except CouldNotMeasure as error:
                if storage == "disk":
                    raise
                unmeasured.append(str(error))
        disk = cached["disk"]
        bare = Subject(BARE, (str(programs / "python"), "-c", "pass"), disk.environment)
        compared = [bare, *cached.values()]
        if peer:
            compared.append(
                Scene(work / "peer", "bench-peer", provider).get_token(f"{peer.name}, disk", peer, "disk")
            )
        times = measure(compared, runs)
        refreshing = Subject("a refresh", (*disk.command, "--force-refresh"), disk.environment)
        requests = scenes["disk"].requests_of(refreshing)
        (refresh,) = measure([refreshing], REFRESHES).values()
    finally:
        # The kernel keyring outlives this program, so what was put there is taken out again.
        if "kernel" in cached:
            purge = [str(ours), "purge", "--all"]
            subprocess.run(purge, env=scenes["kernel"].environment, stderr=subprocess.DEVNULL, check=False)
    return Measured(times, [subject.name for subject in cached.values()], refresh, requests, unmeasured, runs)


if __name__ == "__main__":
    sys.exit(main())
