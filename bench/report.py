"""The page docs/performance.md, from what was measured."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .timing import Times

BARE = "the bare interpreter"
LONGEST = 1.25  # times the bare interpreter, for an answer from the store
REQUESTS = 1  # of a refresh whose metadata is at hand


@dataclass(frozen=True, slots=True)
class Measured:
    """All that one run of the bench found out.

    Args:
        times: By the subject's name; the bare interpreter is among them.
        held: The names that the goal is about, ours.
        refresh: The times of a refresh.
        requests: What one refresh asked the provider.
        unmeasured: What could not be measured, each with its reason.
        runs: How often each was run.
    """

    times: Mapping[str, Times]
    held: Sequence[str]
    refresh: Times
    requests: Sequence[str]
    unmeasured: Sequence[str]
    runs: int

    def ratio(self, name: str) -> float:
        """Return how many times the bare interpreter's time a subject takes."""
        return self.times[name].wall / self.times[BARE].wall

    def goals(self) -> list[str]:
        """Return a line for each goal that says whether it is met."""
        lines = [
            f"{_met(self.ratio(name) <= LONGEST)}: {name} takes {self.ratio(name):.2f} times {BARE} "
            f"(at most {LONGEST} times)"
            for name in self.held
        ]
        asked = ", ".join(self.requests) or "none"
        lines.append(
            f"{_met(len(self.requests) <= REQUESTS)}: a refresh with the provider's metadata at hand makes "
            f"{len(self.requests)} HTTP request(s): {asked} (at most {REQUESTS})"
        )
        return lines


def _met(holds: bool) -> str:  # noqa: FBT001 - it is the question itself
    return "met" if holds else "NOT MET"


def table(measured: Measured) -> str:
    """Return the times as a Markdown table, readable in a terminal too."""
    bare = measured.times[BARE]
    rows = [("", "median", "middle half", "times bare", "processor time", "above bare")]
    for name, times in measured.times.items():
        above = "" if name == BARE else f"{times.cpu - bare.cpu:.1f} ms"
        ratio = f"{measured.ratio(name):.2f}"
        rows.append((name, f"{times.wall:.1f} ms", _middle(times), ratio, f"{times.cpu:.1f} ms", above))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = (
        "|"
        + "|".join("-" * (width + 1) + ("-" if column == 0 else ":") for column, width in enumerate(widths))
        + "|"
    )
    return "\n".join([lines[0], rule, *lines[1:]])


def _middle(times: Times) -> str:
    return f"{times.low:.1f} to {times.high:.1f} ms"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else decides the times: the machine, and the environment that the wheel was installed into.

    Args:
        python: Name and version of the interpreter.
        version: Our own version.
        installer: Who wrote the console script.
        script_imports: The modules that the console script imports before ours.
        pth_files: The files that every start of this interpreter reads.
    """

    python: str
    version: str
    installer: str
    script_imports: Sequence[str]
    pth_files: Sequence[str]

    @classmethod
    def of(cls, programs: Path, program: str) -> Surroundings:
        """Look at an environment.

        Args:
            programs: Its ``bin`` directory.
            program: The name of our console script in it.
        """
        (site,) = programs.parent.glob("lib/python*/site-packages")
        found = {distribution.name: distribution for distribution in distributions(path=[str(site)])}
        ours = found["kubectl-oidc"]
        script = (programs / program).read_text(encoding="utf-8")
        return cls(
            python=f"{platform.python_implementation()} {platform.python_version()}",
            version=ours.version,
            installer=_installer(ours, found),
            script_imports=[
                name for name in re.findall(r"^import (\w+)", script, re.MULTILINE) if name != "sys"
            ],
            pth_files=sorted(path.name for path in site.glob("*.pth")),
        )


def _installer(ours: Distribution, found: Mapping[str, Distribution]) -> str:
    name = (ours.read_text("INSTALLER") or "an unknown installer").strip()
    return f"{name} {found[name].version}" if name in found else name


def machine() -> str:
    """Describe this machine in a line: processor, how many may be used, system."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = re.search(r"^model name\s*: (.+)$", cpuinfo.read_text(encoding="utf-8"), re.MULTILINE)
        model = named[1] if named else model
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


PAGE = """\
# Speed

<!-- Written by `make bench`; change bench/report.py instead. -->

`kubectl` starts the plugin for every command, so the time until it answers is added to everything.
A good credential that is already stored is answered by a part of the program that imports next to nothing;
what remains is the start of the Python interpreter.

These are whole processes, from their start until they are gone, the compared ones run in turn, {runs} times each.
The times depend on the machine; the ratios hardly do.

{table}

A refresh, with a provider on the same machine, takes {refresh:.0f} ms.

## Goals

{goals}
{unmeasured}
## Measured with

- {machine}
- {python}, kubectl-oidc {version}
- a console script written by {installer}, which imports {imports} before the program itself
- files that the interpreter reads at every start (`.pth`): {pth_files}

## Measuring it yourself

`make bench` builds the wheel, installs it with a current pip into an empty environment, signs in at a small provider of its own,
measures, and writes this page.
`make bench ARGS="--vs /path/to/kubelogin"` measures another program that takes the same flags beside it;
a kubelogin on `PATH` is found by itself.
`make bench ARGS="--runs 500"` runs everything more often.

An installation can be slower than this for two reasons outside the program.
Old versions of pip write a console script that imports `re`, which costs several milliseconds: install with pipx, uv or a current pip.
And every `.pth` file in the environment is read at each start: an environment of the program's own, as pipx and uv make it, has next to none.
"""


def page(measured: Measured, surroundings: Surroundings) -> str:
    """Return the whole page."""
    unmeasured = "".join(f"- not measured: {reason}\n" for reason in measured.unmeasured)
    return PAGE.format(
        runs=measured.runs,
        table=table(measured),
        refresh=measured.refresh.wall,
        goals="\n".join(f"- {line}" for line in measured.goals()),
        unmeasured=unmeasured,
        machine=machine(),
        python=surroundings.python,
        version=surroundings.version,
        installer=surroundings.installer,
        imports=_listed(surroundings.script_imports),
        pth_files=_listed(surroundings.pth_files),
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"
