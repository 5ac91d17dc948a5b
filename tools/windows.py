"""``make windows``: the demo, the unit tests and those of `tests/everywhere` with a Windows Python under Wine.

Everything is outside the checkout, in ``~/.cache/kubectl-oidc-windows`` or ``--directory``: the Python of the bundles
(packaging/python.toml), the packages of the lock files for Windows, the launcher, kubectl.exe, the bundle for Windows, and a
Wine prefix. What is downloaded is held to its hashes. If there is no Wine and apt-get may not install it, nothing runs, and the
last line says so. It is the same if something cannot be downloaded, unless ``CI`` is set: then that is a failure.

What differs from Windows: OpenSSL verifies certificates, because Wine's own verifier lacks what the library truststore asks
of Windows'. docs/how-to-desktops.md lists what else was not run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from tools import bundle_python, go, lock_files, wheel, wine
from tools.windows_programs import NotDownloaded, set_up, unpacked_bundle, windows_kubectl

EVERYWHERE = "tests/everywhere"

SHORT = (
    EVERYWHERE,
    "tests/unit/test_windows.py",
    "tests/unit/system/test_containers.py",
    "tests/unit/cli/test_paragraphs.py",
)
"""The tests of the short form."""


def main() -> int:
    """Set it up, run it, and return the exit status: 0 also if there is no Wine."""
    parser = argparse.ArgumentParser(prog="make windows", description=__doc__)
    parser.add_argument("--directory", type=Path, default=_cache() / "kubectl-oidc-windows")
    parser.add_argument(
        "--short",
        action="store_true",
        help="the demo with its stand-in for kubectl and the tests of Windows, no more",
    )
    parser.add_argument(
        "tests", nargs="*", help="which tests; default with --short: those of Windows and of every system"
    )
    given = parser.parse_args()
    try:
        wine.install()
    except wine.NoWine as error:
        return _skip(error)
    began = time.monotonic()
    try:
        failed = _run(given.directory, given.tests, short=given.short)
    except NotDownloaded as error:
        return _fail(error) if os.environ.get("CI") else _skip(error)
    except (go.NoGo, bundle_python.WrongPython, subprocess.CalledProcessError, OSError) as error:
        return _fail(error)
    result = f"failed: {', '.join(failed)}" if failed else "good"
    print(f"windows: {result} (in {time.monotonic() - began:.0f} s)")
    return bool(failed)


def _skip(reason: Exception) -> int:
    print(f"windows: skipped: {reason}")
    return 0


def _fail(reason: Exception) -> int:
    print(f"windows: failed: {reason}", file=sys.stderr)
    return 1


def _run(directory: Path, tests: list[str], *, short: bool) -> list[str]:
    """Set it up, run the demo and the tests, and return which of them failed."""
    began = time.monotonic()
    root = set_up(directory)
    demos = {"the demo": root}
    variables = {}
    if not short:
        variables["WINEPATH"] = wine.windows_path(windows_kubectl(directory).parent)
        demos["the demo with the bundle"] = unpacked_bundle(directory)
    with wine.Wine(directory / "prefix") as machine:
        print(f"windows: set up in {time.monotonic() - began:.0f} s", flush=True)
        failed = []
        for name, place in demos.items():
            began = time.monotonic()
            program = str(place / "bin" / f"{wheel.PROGRAM}.exe")
            if machine.run(program, "demo", "--without-browser", variables=variables):
                failed.append(name)
            print(f"windows: {name} in {time.monotonic() - began:.0f} s", flush=True)
        files = tests or (SHORT if short else [EVERYWHERE, "tests/unit"])
        variables = {"PYTHONPATH": wine.windows_path(lock_files.ROOT)}
        options = ("-p", "no:cacheprovider", "-q", "-r", "fEs", "--timeout=240")
        python = str(root / "python" / "python.exe")
        if machine.run(python, "-m", "pytest", *options, *files, variables=variables):
            failed.append("the tests")
    return failed


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


if __name__ == "__main__":
    sys.exit(main())
