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
The native launcher answers from stored tokens without Python, and starts Python for everything else. In the pure wheel, a part of
the program that imports very little does the same. Then most of the time is the start of the interpreter.

## Goals

The bundle contains the launcher, Python and all libraries. The wheel with the launcher answers from stored tokens equally fast.

{goals}

The pure wheel:

{pure}

The bench measures whole processes, from start to end, and runs the compared ones in turn.
The figures are medians: of {runs} runs of commands that take a few milliseconds, and of {few} runs of longer ones.
The times depend on the machine. The ratios do too, but less: a slow processor slows Python down more than Go.
All processes run on the same two CPUs. If other programs use more than {most} of these, the goals are not judged.

{sections}
## Measured with

{surroundings}

The bench has its own small provider, with TLS, on the same machine. A relay between it and the programs simulates the network. It
passes on everything half a round trip later, in each direction. For a new connection it first waits one round trip, as long as TCP's handshake
takes. It does not delay `connect()` itself, so work between connecting and the first byte costs less time than on a real network.

## Measure it yourself

Run `make bench`. It builds the bundle and the pure wheel, and installs the wheel as pipx does: with a current pip, into a separate environment.
Then it signs in at the provider, measures, and writes this page. It takes about 15 min. These arguments change it:

- `make bench ARGS=--quick` takes 2 min and omits the long parts.
- `make bench ARGS="--vs kubelogin"` names the program to compare with. It must accept the same flags.
  By default the bench uses a kubelogin on `PATH`.
- `make bench ARGS="--only cached refresh"` measures only these parts, and `--runs 500` runs each command more often.
- `--programs BUNDLE PURE` measures two existing installations, given as the directories of their `kubectl-oidc_login`. The second one must also contain `python`.

The pure wheel can be slower than this for two reasons outside the program.
Old versions of pip write a console script that imports `re`, which costs several milliseconds. Install with pipx, uv or a current pip.
And Python reads every `.pth` file in the environment at each start. A separate environment, as pipx and uv make it, has almost none.
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
