"""The page docs/performance.md, from what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .load import MOST
from .result import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from .result import Part, Section
    from .surroundings import Surroundings

_HEAD = ("what", "measured against", "goal", "measured", "")

PAGE = """\
# Speed

<!-- Written by `make bench`; change bench/report.py instead. -->

`kubectl` starts the plugin for every command, so the time until it answers is added to everything.
The native launcher answers from what is stored, without Python, and starts Python for the rest. In the pure wheel, a part of
the program that imports next to nothing does the same, and what remains is the start of the interpreter.

## Goals

The bundle: the launcher, and Python with what it needs. The wheel with the launcher answers from what is stored as fast.

{goals}

The pure wheel:

{pure}

These are whole processes, from their start until they are gone, the compared ones run in turn in one run of the bench.
The figures are medians: {runs} runs of what takes some milliseconds, {few} of what takes longer.
The times depend on the machine, and so do the ratios, though less: a slower processor holds Python up more than Go.
All run on the same two CPUs. If other programs use more than {most} of them, the goals are not judged.

{sections}
## Measured with

{surroundings}

The provider is a small one of the bench's own, over TLS, on the same machine. Between it and the programs lies a relay that
passes everything on half a round trip later, in each direction, and nothing of a connection before one round trip has
passed since it was opened, as long as the handshake of TCP takes. It does not hold up `connect()` itself, so what a program
does between connecting and its first byte costs it less than on a real network.

## Measuring it yourself

`make bench` installs what it needs, builds the bundle and the pure wheel, installs that as pipx does, with a current pip into an environment of its own,
signs in at the provider, measures, and writes this page. It takes about 15 minutes; `make bench ARGS=--quick` takes two and leaves the long parts out.
`make bench ARGS="--vs kubelogin"` names the program that ours is compared with, which takes the same flags;
a kubelogin on `PATH` is found by itself.
`make bench ARGS="--only cached refresh"` measures some of it, `--runs 500` runs everything more often, and
`--programs BUNDLE PURE` measures two installations that exist: the directories with their `kubectl-oidc_login`. `python` must be in the second one.

An installation of the pure wheel can be slower than this for two reasons outside the program.
Old versions of pip write a console script that imports `re`, which costs several milliseconds: install with pipx, uv or a current pip.
And every `.pth` file in the environment is read at each start: an environment of the program's own, as pipx and uv make it, has next to none.
"""


def goals(sections: Mapping[Part, Section], *, pure: bool) -> str:
    """Return the table of all goals, of the pure wheel or of the other one."""
    rows = [row.cells() for section in sections.values() for row in section.rows if row.goal.pure == pure]
    return table([_HEAD, *rows], words=len(_HEAD))


def write(
    path: Path, sections: Mapping[Part, Section], surroundings: Surroundings, *, runs: int, few: int
) -> None:
    """Write the page and the plots beside it, and remove former plots of what was not measured this time.

    Args:
        path: The page.
        sections: What was measured, by part.
        surroundings: With what.
        runs: How often a command of some milliseconds was run.
        few: The same for one of some hundred milliseconds.
    """
    for former in path.parent.glob(f"{path.stem}-*.svg"):
        former.unlink()
    for section in sections.values():
        for name, plot in section.plots.items():
            _beside(path, name).write_text(plot.svg, encoding="utf-8")
    page = PAGE.format(
        goals=goals(sections, pure=False),
        pure=goals(sections, pure=True),
        most=f"{MOST:.0%}",
        runs=runs,
        few=few,
        sections="\n".join(
            _section(path, part, section) for part, section in sections.items() if section.text
        ),
        surroundings=_bullets(surroundings.lines()),
    )
    path.write_text(page, encoding="utf-8")


def _section(path: Path, part: Part, section: Section) -> str:
    plots = "".join(
        f"\n![{plot.words}]({_beside(path, name).name})\n" for name, plot in section.plots.items()
    )
    return f"## {part.title}\n\n{section.text}\n{plots}"


def _beside(path: Path, name: str) -> Path:
    return path.with_name(f"{path.stem}-{name}.svg")


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
