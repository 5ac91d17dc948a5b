"""``make bundle``: the program with its own Python, one archive for each platform, in ``dist/``.

A bundle has the launcher, a CPython of python-build-standalone, this checkout's wheel and what constraints.txt locks for
the platform, all of it compiled. All platforms are built on Linux on x86-64, because the Python of that bundle
compiles for all. The same commit gives the same bytes.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kubectl_oidc.system import installation
from kubectl_oidc.version import __version__
from tools import (
    archives,
    bundle_bill,
    bundle_contents,
    bundle_packages,
    bundle_python,
    go,
    lock_files,
    release,
    wheel,
)

DIRECTORY = lock_files.ROOT / "dist"
NAME = f"{release.NAME}-{__version__}"
"""The directory that is everything in an archive."""

SBOM = "sbom.cdx.json"

HERE = "linux-amd64"
"""The platform that builds."""

PLATFORMS = tuple(map("-".join, release.PLATFORMS))
"""Operating system and processor, in Go's words."""

COMPLETER_SCRIPT = """#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/../python/bin/python3" -I -c \\
    'from kubectl_oidc.cli.kubectl_complete import main; main()' "$@"
"""
"""The completer on Linux and macOS. On Windows it is the launcher, which completes if it has this name."""

_INTEL = 0x01000007
"""CPU_TYPE_X86_64 of Mach-O."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every bundle is built from.

    Attributes:
        lock: Which Python.
        fetched: The Python of each platform, packed.
        compiler: The interpreter that compiles.
        wheel: The program.
        python: A Python for the platform; None for the locked one.
    """

    lock: bundle_python.Lock
    fetched: Path
    compiler: Path
    wheel: Path
    python: Path | None


def main() -> int:
    """Build them, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make bundle", description=__doc__)
    parser.add_argument(
        "--platform", action="append", choices=PLATFORMS, help="build this one (repeatable); default: all"
    )
    parser.add_argument(
        "--python", type=Path, help="directory of a Python for the one --platform; default: the locked one"
    )
    parser.add_argument("--output", type=Path, default=DIRECTORY, help="directory of the archives")
    given = parser.parse_args()
    if given.python and len(given.platform or ()) != 1:
        parser.error("--python needs exactly one --platform")
    given.output.mkdir(parents=True, exist_ok=True)
    try:
        for made in build(given.output, given.platform or PLATFORMS, given.python):
            print(f"{made} ({made.stat().st_size / 1e6:.1f} MB)", flush=True)
    except (go.NoGo, bundle_python.WrongPython, subprocess.CalledProcessError, OSError) as error:
        print(f"bundle: failed: {error}", file=sys.stderr)
        return 1
    return 0


def build(output: Path, platforms: tuple[str, ...] = PLATFORMS, python: Path | None = None) -> list[Path]:
    """Build bundles.

    Args:
        output: The directory of the archives.
        platforms: For which platforms.
        python: A Python for the platform, if it isn't the locked one.

    Returns:
        The archives, in the order of the platforms. The bill of materials of each is beside it.

    Raises:
        NoGo: Go is missing or failed.
        WrongPython: A Python isn't the one of the lock.
        OSError: A compiler is missing, or a file cannot be written.
        CalledProcessError: A program that builds a part failed.
    """
    lock = bundle_python.read_lock()
    with tempfile.TemporaryDirectory(prefix="bundle-") as name:
        work = Path(name)
        fetched = bundle_python.fetch(lock)
        bundle_python.unpack(fetched, HERE, lock, work / "compiler")
        compiler = work / "compiler" / "bin" / f"python{lock.minor}"
        parts = Parts(lock, fetched, compiler, wheel.build(work / "wheel"), python)
        made = []
        for platform in platforms:
            root = work / platform / NAME
            assemble(root, platform, parts)
            made.append(output / archive_name(platform))
            archives.write(root, made[-1], time=archives.time_of_entries())
            shutil.copyfile(root / SBOM, output / bill_name(platform))
        return made


def archive_name(platform: str) -> str:
    """Return the file name of a platform's archive."""
    return release.archive_name(NAME, *platform.split("-"))


def bill_name(platform: str) -> str:
    """Return the file name of the bill of materials beside a platform's archive."""
    return f"{NAME}-{platform}.cdx.json"


def assemble(root: Path, platform: str, parts: Parts) -> None:
    """Put everything that a bundle has into a directory.

    Args:
        root: The directory; it must not exist.
        platform: The platform.
        parts: What it is built from.

    Raises:
        As ``build``.
    """
    windows = platform.startswith("windows")
    root.mkdir(parents=True)
    _place_python(root / "python", platform, parts)
    library = root / "python" / ("Lib" if windows else f"lib/python{parts.lock.minor}")
    site = library / "site-packages"
    bundle_packages.install(site, platform, parts.lock, parts.wheel)
    shutil.move(site / "share", root / "share")
    bundle_contents.leave_out(site, bundle_contents.UNUSED_PACKAGES)
    for module in site.rglob("*.so"):
        bundle_contents.strip(module)
        if platform == "darwin-amd64":
            bundle_contents.keep_one_processor(module, _INTEL)
    bundle_contents.compile_all(library, parts.compiler)
    _place_programs(root / "bin", platform)
    _describe(root, site, platform, parts)


def _place_python(directory: Path, platform: str, parts: Parts) -> None:
    lock = parts.lock
    if parts.python:
        bundle_python.copy(parts.python, lock, directory)
    else:
        bundle_python.unpack(parts.fetched, platform, lock, directory)
    bundle_contents.leave_out(directory, bundle_contents.UNUSED_PYTHON)
    for library in (directory / "Lib", directory / f"lib/python{lock.minor}"):
        bundle_contents.leave_out(library, bundle_contents.UNUSED_LIBRARY)
    if platform == HERE:
        bundle_contents.start_with_libpython(directory, lock.minor)
    else:
        bundle_contents.leave_out(directory, ["lib/libpython*"])
    if not platform.startswith("windows"):
        (directory / "bin" / f"python{lock.minor}").rename(directory / "bin" / "python3")


def _place_programs(directory: Path, platform: str) -> None:
    system, machine = platform.split("-")
    directory.mkdir()
    ending = ".exe" if system == "windows" else ""
    program, completer = (directory / f"{name}{ending}" for name in (wheel.PROGRAM, wheel.COMPLETER))
    go.build_launcher(program, system, machine)
    if system == "windows":
        shutil.copyfile(program, completer)
    else:
        completer.write_text(COMPLETER_SCRIPT, encoding="utf-8")
    completer.chmod(0o755)


def _describe(root: Path, site: Path, platform: str, parts: Parts) -> None:
    system, machine = platform.split("-")
    libraries = bundle_python.libraries(root / "python", parts.lock, system, locked=parts.python is None)
    licences = go.licences(system, machine)
    modules = {"stdlib": go.version()} | dict(name.split("@") for name in licences if "@" in name)
    bundle_bill.write(root / SBOM, site, parts.lock.python, libraries, modules)
    python_licence = parts.compiler.parent.parent / "lib" / f"python{parts.lock.minor}" / "LICENSE.txt"
    bundle_bill.write_licences(root / "licences", python_licence, libraries, licences)
    shutil.copyfile(lock_files.ROOT / "LICENSE", root / "LICENSE")
    installer = (
        site / f"kubectl_oidc-{__version__}.dist-info" / "INSTALLER"
    )  # `version` says how it was installed
    installer.write_text(f"{installation.BUNDLE}\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
