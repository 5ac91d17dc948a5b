"""``make single-file``: the program and all that it needs in one file, ``dist/kubectl-oidc_login``.

It runs with any Python from 3.11 to 3.14 of the operating system and processor that it is made on: where a library is
compiled for one version of Python (cffi), the file holds it for each. What is in it is what the lock names for run time.
shiv packs it; its first run unpacks it under ``~/.shiv`` (or ``SHIV_ROOT``).
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from kubectl_oidc.version import __version__
from tools import lock_files, sbom, wheel

INTERPRETER = "/usr/bin/env -S python3 -I"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
"""Go's words for machines, where they are others."""

START = """import os
import sys

if sys.version_info < (3, 11):
    sys.exit(
        "error: this is Python {}.{}, and 3.11 or later is needed\\n"
        "hint: run it with a newer one, as in `python3.13 FILE`, or put one first on the PATH".format(*sys.version_info[:2])
    )

archive = os.path.realpath(__loader__.archive)
root = os.environ.get("SHIV_ROOT") or os.path.join(os.path.expanduser("~"), ".shiv")
site = os.path.join(root, os.path.basename(archive) + "_BUILD", "site-packages")
if os.path.isdir(site) and not any(name.startswith("SHIV_") and name != "SHIV_ROOT" for name in os.environ):
    sys.path[0] = site
    from kubectl_oidc import main

    main()
else:
    import _bootstrap

    _bootstrap.bootstrap()
"""
"""The file's ``__main__.py``, in the place of shiv's.

Anything later than the first question would end in a traceback where Python is too old, as macOS's own is. What has been
unpacked is run from where shiv has put it without shiv, whose own start imports more than a cached answer may cost.
"""

_OF_THE_BUILD = ("direct_url.json", "uv_cache.json", "RECORD", "INSTALLER", "REQUESTED")
"""What an installer notes about the installation: when, and from which directory."""


def main() -> int:
    """Build it, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make single-file", description=__doc__)
    parser.add_argument("--output", type=Path, default=lock_files.ROOT / "dist" / wheel.PROGRAM)
    parser.add_argument(
        "--archive", action="store_true", help="put it and LICENSE into an archive beside it, too"
    )
    given = parser.parse_args()
    output: Path = given.output
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        build(output)
    except subprocess.CalledProcessError as error:
        print(f"single-file: failed: {error}", file=sys.stderr)
        return 1
    made = [output, archive(output)] if given.archive else [output]
    for path in made:
        print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0


def build(output: Path) -> None:
    """Build the file.

    Args:
        output: Where it goes.

    Raises:
        CalledProcessError: A part of the lock cannot be had for one of the Pythons, or the file not be packed.
    """
    with tempfile.TemporaryDirectory(prefix="single-file-") as name:
        work = Path(name)
        needed = work / "needed.txt"
        needed.write_text(requirements(), encoding="utf-8")
        site = work / "site"
        for python in PYTHONS:
            own = work / python
            _install(
                own, f"--python-version={python}", "--only-binary=:all:", "--require-hashes", f"-r{needed}"
            )
            shutil.copytree(own, site, dirs_exist_ok=True)
        _install(site, str(wheel.build(work / "dist")))
        _leave_out_what_is_not_run(site)
        _pack(site, output)
        _start_without_shiv(output)


def archive_name(version: str, system: str, machine: str) -> str:
    """Return the archive's name for a system and a machine in Go's words, such as ``linux`` and ``amd64``."""
    return f"{wheel.PROGRAM}-{version}-{system}-{machine}.tar.gz"


def archive(file: Path) -> Path:
    """Put the file and LICENSE into an archive, as krew and people download it; the same file gives the same bytes.

    Args:
        file: What ``build`` made, on this machine.

    Returns:
        The archive, beside the file.
    """
    machine = platform.machine().lower()
    name = archive_name(__version__, sys.platform, _MACHINES.get(machine, machine))
    path = file.with_name(name)
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for source, inside, mode in (
            (file, wheel.PROGRAM, 0o755),
            (lock_files.ROOT / "LICENSE", "LICENSE", 0o644),
        ):
            member = tarfile.TarInfo(inside)
            member.size, member.mode = source.stat().st_size, mode
            with source.open("rb") as content:
                tar.addfile(member, content)
    return path


def requirements() -> str:
    """Return what the program needs at run time as lines of a requirements file, with versions and hashes."""
    bill = json.loads(sbom.PATH.read_text(encoding="utf-8"))
    names = {part["name"] for part in bill["components"]}
    return "".join(f"{pin.line()}\n" for pin in lock_files.read(lock_files.PROGRAM) if pin.name in names)


def _install(directory: Path, *what: str) -> None:
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*uv, f"--python={sys.executable}", f"--target={directory}", *what], check=True)


def _leave_out_what_is_not_run(site: Path) -> None:
    for stray in ("bin", "share"):  # start scripts and pages
        shutil.rmtree(site / stray, ignore_errors=True)
    (site / ".lock").unlink(missing_ok=True)  # uv's own
    for note in [each for name in _OF_THE_BUILD for each in site.glob(f"*.dist-info/{name}")]:
        note.unlink()


def _pack(site: Path, output: Path) -> None:
    shiv = [str(Path(sys.executable).with_name("shiv")), "--reproducible", "--compressed"]
    packed = [
        f"--site-packages={site}",
        "--entry-point=kubectl_oidc:main",
        f"--output-file={output}",
    ]
    done = subprocess.run(
        [*shiv, *packed, "--python=/usr/bin/env python3"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        done.check_returncode()


def _start_without_shiv(output: Path) -> None:
    with zipfile.ZipFile(output) as packed:
        parts = [(part, packed.read(part)) for part in packed.infolist()]
        build = json.loads(packed.read("environment.json"))["build_id"]
    start = START.replace("_BUILD", f"_{build}").encode()
    with output.open("wb") as file:
        file.write(f"#!{INTERPRETER}\n".encode())
        with zipfile.ZipFile(file, "w") as packed:
            for part, content in parts:
                packed.writestr(part, start if part.filename == "__main__.py" else content)


if __name__ == "__main__":
    sys.exit(main())
