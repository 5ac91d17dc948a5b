"""Go: the system's, or the one that the tests' parts have in ``.tools``. It imports the standard library only: a build hook loads it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent

FETCHED = ROOT / ".tools" / "go"
"""Where tools/test_parts.py puts Go if the system has none."""

LAUNCHER = ROOT / "launcher"


class NoGo(Exception):
    """There is no Go, or it failed; the message says which."""


def program() -> str:
    """Return the path of ``go``.

    Raises:
        NoGo: It is neither on PATH nor in ``.tools``.
    """
    fetched = FETCHED / "bin" / "go"
    if path := shutil.which("go") or (str(fetched) if fetched.exists() else None):
        return path
    raise NoGo("Go is not installed (tools/install-test-parts installs it where it may)")


def run(
    *arguments: str,
    cwd: Path,
    variables: Mapping[str, str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> str:
    """Run ``go`` and return what it prints.

    Args:
        arguments: The command line after ``go``.
        cwd: The working directory.
        variables: More variables.
        environ: The variables of the caller, by which Go finds its caches.

    Raises:
        NoGo: There is none, or it failed; with its last line.
    """
    environment = {**environ, "GOFLAGS": "-mod=readonly", "GOWORK": "off", **(variables or {})}
    command = [program(), *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no word why").splitlines()
        raise NoGo(f"go {arguments[0]} failed: {said[-1]}")
    return done.stdout


def module(name: str, version: str, work: Path) -> dict[str, str]:
    """Download a module into Go's cache.

    Args:
        name: Its path.
        version: Its version.
        work: An empty directory outside any module.

    Returns:
        What ``go mod download -json`` says: ``Dir`` and ``Sum`` are among it.

    Raises:
        NoGo: It cannot be downloaded.
    """
    said: dict[str, str] = json.loads(run("mod", "download", "-json", f"{name}@{version}", cwd=work))
    return said


def build_launcher(
    output: Path, system: str = "", machine: str = "", *, environ: Mapping[str, str] = os.environ
) -> None:
    """Build the launcher.

    Args:
        output: Where the program goes.
        system: For which operating system, in Go's words; empty for this one.
        machine: For which processor, in Go's words; empty for this one.
        environ: As for `run`.

    Raises:
        NoGo: It cannot be built.
    """
    build(LAUNCHER, output, system, machine, environ=environ)


def build(
    module: Path,
    output: Path,
    system: str = "",
    machine: str = "",
    *,
    linker: str = "",
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Build the program of a module. The same source gives the same bytes.

    Args:
        module: Its directory.
        output, system, machine, environ: As for `build_launcher`.
        linker: More options for the linker.

    Raises:
        NoGo: It cannot be built.
    """
    flags = ("-trimpath", "-buildvcs=false", f"-ldflags=-s -w -buildid= {linker}".rstrip())
    command = ("build", *flags, f"-o={output}", ".")
    run(*command, cwd=module, variables=_target(system, machine), environ=environ)


def target() -> tuple[str, str]:
    """Return the operating system and the processor that Go builds for: what GOOS and GOARCH say, else this machine's.

    Raises:
        NoGo: There is no Go.
    """
    system, machine = run("env", "GOOS", "GOARCH", cwd=LAUNCHER).split()
    return system, machine


def version() -> str:
    """Return Go's version, such as 1.26.0.

    Raises:
        NoGo: There is no Go.
    """
    return run("env", "GOVERSION", cwd=LAUNCHER).strip().removeprefix("go")


def licences(system: str, machine: str) -> dict[str, Path]:
    """Return the licence files of Go and of the modules in the launcher, by what each is about.

    Args:
        system: The launcher's operating system, in Go's words.
        machine: Its processor, in Go's words.

    Raises:
        NoGo: Go failed.
    """
    form = "{{with .Module}}{{if not .Main}}{{.Path}}@{{.Version}} {{.Dir}}{{end}}{{end}}"
    listed = run("list", "-deps", f"-f={form}", ".", cwd=LAUNCHER, variables=_target(system, machine))
    places = dict(line.split(" ", 1) for line in listed.splitlines() if line)
    places["go"] = run("env", "GOROOT", cwd=LAUNCHER).strip()
    found = {}
    for name, place in sorted(places.items()):
        for path in sorted(Path(place).glob("LICENSE*")):
            found[name] = path
    return found


def _target(system: str, machine: str) -> dict[str, str]:
    return {"GOOS": system, "GOARCH": machine, "CGO_ENABLED": "0"}
