"""A call that needs Python, from the bundle and from environments: ``version``."""

from __future__ import annotations

import subprocess
import tarfile
from typing import TYPE_CHECKING

from bench.result import Part, Section, at_most, times_table
from bench.timing import CouldNotMeasure, Subject, measure
from bench.world import PURE
from tools import bundle, bundle_python, go
from tools.wheel import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

    from bench.world import World

BUNDLE = "kubectl-oidc, bundle"
GOAL = at_most("cold start from the bundle (`version`)", "the pure wheel", 1)


def _measure(world: World) -> Section:
    programs = {side.name: side.program for side in world.sides if side.key != "peer"}
    environment = {"HOME": str(world.work), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    subjects = [
        Subject(name, (str(program), "version"), environment)
        for name, program in {BUNDLE: _bundle(world.work), **programs}.items()
    ]
    times = measure(subjects, max(3, world.runs // 5))
    text = (
        f"{times_table(times)}\n\nThe files are in the system's cache; no other process of the program runs."
    )
    return Section([GOAL.ratio(times[BUNDLE].wall, times[PURE].wall)], text)


def _bundle(work: Path) -> Path:
    try:
        (archive,) = bundle.build(work, (bundle.HERE,))
    except (go.NoGo, bundle_python.WrongPython, subprocess.CalledProcessError, OSError) as error:
        raise CouldNotMeasure(f"there is no bundle ({error})") from None
    with tarfile.open(archive) as packed:
        packed.extractall(work / "bundle", filter="data")
    return work / "bundle" / bundle.NAME / "bin" / PROGRAM


PART = Part("start", "A call that needs Python", (GOAL,), _measure, long=True)
