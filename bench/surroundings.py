"""What else decides the times: the machine, the programs' versions, and the environment that the wheel is installed in."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where and with what it was measured.

    Args:
        machine: Processor, how many may be used, system.
        python: Name and version of the interpreter.
        version: Our own version.
        installer: Who wrote the console script.
        script_imports: The modules that the console script imports before ours.
        pth_files: The files that every start of this interpreter reads.
        kubectl: Its version, or that there is none.
        peer: The name and version of the program that ours is compared with, or that there is none.
        load: The load of the machine before, and what other programs used meanwhile.
    """

    machine: str
    python: str
    version: str
    installer: str
    script_imports: Sequence[str]
    pth_files: Sequence[str]
    kubectl: str
    peer: str
    load: str

    @classmethod
    def of(cls, program: Path, *, kubectl: Path | None, peer: Path | None, load: str) -> Surroundings:
        """Look at an environment.

        Args:
            program: Our console script in it, of the pure wheel.
            kubectl: The kubectl that is used.
            peer: The program that ours is compared with.
            load: The load of the machine.
        """
        (site,) = program.parent.parent.glob("lib/python*/site-packages")
        found = {distribution.name: distribution for distribution in distributions(path=[str(site)])}
        ours = found["kubectl-oidc"]
        imports = re.findall(r"^import (\w+)", program.read_text(encoding="utf-8"), re.MULTILINE)
        return cls(
            machine=machine(),
            python=f"{platform.python_implementation()} {platform.python_version()}",
            version=ours.version,
            installer=_installer(ours, found),
            script_imports=[name for name in imports if name != "sys"],
            pth_files=sorted(path.name for path in site.glob("*.pth")),
            kubectl=_said("kubectl", kubectl, "version", "--client"),
            peer=_said(peer.name, peer, "version") if peer else "no kubelogin",
            load=load,
        )

    def lines(self) -> list[str]:
        """Return it in words, a line each."""
        script = f"the pure wheel: a console script written by {self.installer}; it imports {_listed(self.script_imports)}"
        return [
            self.machine,
            f"load average {self.load}",
            f"{self.python}, kubectl-oidc {self.version}",
            self.kubectl,
            self.peer,
            f"{script} before the program itself",
            f"files that the interpreter reads at every start (`.pth`): {_listed(self.pth_files)}",
        ]


def _installer(ours: Distribution, found: Mapping[str, Distribution]) -> str:
    name = (ours.read_text("INSTALLER") or "an unknown installer").strip()
    return f"{name} {found[name].version}" if name in found else f"a {name} outside of the environment"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"


def _said(name: str, program: Path | None, *arguments: str) -> str:
    """Return the first line that a program says about its version, with its name before."""
    if program is None:
        return f"no {name}"
    try:
        done = subprocess.run(
            [str(program), *arguments],
            env={"PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # where kubelogin says it
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return f"{name}, which does not say its version"
    line = (done.stdout.splitlines() or ["which does not say its version"])[0]
    return line if line.startswith(name) else f"{name}: {line}"


def machine() -> str:
    """Describe this machine in a line: processor, how many may be used, system."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = re.search(r"^model name\s*: (.+)$", cpuinfo.read_text(encoding="utf-8"), re.MULTILINE)
        model = named[1] if named else model
    cpus = sorted(os.sched_getaffinity(0))
    pinned = " and ".join(map(str, cpus))
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; everything measured is pinned to CPUs {pinned}"
