"""``make windows``: the unit tests and the demo with a Windows Python under Wine.

Everything is outside the checkout, in ``~/.cache/kubectl-oidc-windows`` or ``--directory``: the Python of the bundles
(packaging/python.toml), the packages of the lock files for Windows, the launcher, and a Wine prefix. All of it is held to
its hashes. If there is no Wine and apt-get may not install it, nothing runs, and the last line says so. It is the same if Python
or the packages cannot be downloaded, unless ``CI`` is set: then that is a failure.

What differs from Windows: OpenSSL verifies certificates, because Wine's own verifier lacks what the library truststore asks
of Windows'. docs/how-to-desktops.md lists what else was not run.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools import bundle_packages, bundle_python, go, lock_files, test_parts, wheel, windows_dll

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

PLATFORM = "windows-amd64"
PACKAGES = ("wine", "wine64")
"""Debian's packages with Wine for 64-bit programs."""

WINE_DIRECTORY = Path("/usr/lib/wine")

TEST_PACKAGES = frozenset(
    {
        *("colorama", "execnet", "hypothesis", "iniconfig", "packaging", "pluggy", "pygments", "pytest"),
        *("pytest-timeout", "pytest-xdist", "sortedcontainers", "trustme", "tzdata"),
    }
)
"""What the unit tests need besides what the program and its demo need."""

SHORT = (
    "tests/unit/test_windows.py",
    "tests/unit/system/test_containers.py",
    "tests/unit/cli/test_paragraphs.py",
)
"""The tests of the short form."""

SCRIPT = "import sys\nfrom kubectl_oidc import main\nsys.exit(main())\n"


class NoWindows(Exception):
    """Something for it cannot be had; the message says what."""


class NotDownloaded(Exception):
    """Python or a package cannot be downloaded; the message says which and why."""


class Wine:
    """A Wine prefix with a server that stays until the block ends.

    Args:
        prefix: The directory of the prefix. It is made if it is missing.
    """

    def __init__(self, prefix: Path) -> None:
        self._prefix = prefix
        outside = ("CI", "DISPLAY", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
        self._environ = {name: value for name, value in os.environ.items() if name not in outside}
        self._environ |= {
            "WINEPREFIX": str(prefix),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree=;mshtml=;winedbg.exe=d",  # no debugger, which would wait
        }

    def __enter__(self) -> Self:
        self._prefix.mkdir(parents=True, exist_ok=True)
        self._quietly("wineserver", "-p")
        self._quietly(
            "wine64", "wineboot", "-i"
        )  # starts the services too, which would hold the pipe of a later program
        system = self._prefix / "drive_c" / "windows" / "system32"
        (system / windows_dll.NAME).write_bytes(windows_dll.forwarding_dll())
        return self

    def __exit__(self, *_: object) -> None:
        self._quietly("wineserver", "-k")

    def run(self, *command: str, variables: Mapping[str, str] | None = None) -> int:
        """Run a program of Windows, show its output, and return its exit status.

        Its streams are pipes or the null device: to Wine's programs a regular file of Linux is no standard stream.
        """
        process = subprocess.Popen(
            [str(WINE_DIRECTORY / "wine64"), *command],
            cwd=lock_files.ROOT,
            env={**self._environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        for line in process.stdout or ():
            print(line.rstrip("\r\n"), flush=True)
        return process.wait()

    def _quietly(self, program: str, *arguments: str) -> None:
        """Run a program of Wine that starts others, which stay and would hold a pipe open."""
        command = [str(WINE_DIRECTORY / program), *arguments]
        null = subprocess.DEVNULL
        subprocess.run(command, env=self._environ, stdin=null, stdout=null, stderr=null, check=False)


def main() -> int:
    """Set it up, run it, and return the exit status: 0 also if there is no Wine."""
    parser = argparse.ArgumentParser(prog="make windows", description=__doc__)
    parser.add_argument("--directory", type=Path, default=_cache() / "kubectl-oidc-windows")
    parser.add_argument("--short", action="store_true", help="the demo and the tests of Windows alone")
    parser.add_argument(
        "--kubectl", type=Path, help="a kubectl.exe for the demo; default: the demo's stand-in"
    )
    parser.add_argument("tests", nargs="*", help="which tests; default: those of Windows, or the unit tests")
    given = parser.parse_args()
    try:
        _find_wine()
    except NoWindows as error:
        return _skip(error)
    began = time.monotonic()
    try:
        root = set_up(given.directory)
        with Wine(given.directory / "prefix") as wine:
            ready = time.monotonic()
            failed = _run(
                wine, root, tuple(given.tests or (SHORT if given.short else ("tests/unit",))), given.kubectl
            )
    except NotDownloaded as error:
        return _fail(error) if os.environ.get("CI") else _skip(error)
    except (go.NoGo, bundle_python.WrongPython, subprocess.CalledProcessError, OSError) as error:
        return _fail(error)
    result = f"failed: {', '.join(failed)}" if failed else "good"
    print(f"windows: {result} (set up in {ready - began:.0f} s, run in {time.monotonic() - ready:.0f} s)")
    return bool(failed)


def _skip(reason: Exception) -> int:
    print(f"windows: skipped: {reason}")
    return 0


def _fail(reason: Exception) -> int:
    print(f"windows: failed: {reason}", file=sys.stderr)
    return 1


def _run(wine: Wine, root: Path, tests: tuple[str, ...], kubectl: Path | None) -> list[str]:
    """Run the demo and the tests, and return which of them failed."""
    path = {"WINEPATH": _windows_path(kubectl.absolute().parent)} if kubectl else {}
    failed = []
    if wine.run(str(root / "bin" / f"{wheel.PROGRAM}.exe"), "demo", "--without-browser", variables=path):
        failed.append("the demo")
    python = str(root / "python" / "python.exe")
    workers = (
        "2" if len(tests) == 1 else "0"
    )  # the few tests of the short form take less time than a worker's start
    options = ("-p", "no:cacheprovider", "-q", "-n", workers, "--timeout=240")
    if wine.run(
        python, "-m", "pytest", *options, *tests, variables={"PYTHONPATH": _windows_path(lock_files.ROOT)}
    ):
        failed.append("the tests")
    return failed


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _windows_path(path: Path) -> str:
    """Return the path under Wine's drive for the whole of Linux."""
    return "Z:" + str(path).replace("/", "\\")


def _find_wine() -> None:
    """Install Wine with apt-get where that is allowed.

    Raises:
        NoWindows: There is none.
    """
    if not (WINE_DIRECTORY / "wine64").exists() and shutil.which("apt-get") and os.geteuid() == 0:
        print(f"installing {' '.join(PACKAGES)} with apt-get (once)", flush=True)
        try:
            test_parts.run("apt-get", "update", "-qq")
            test_parts.run("apt-get", "install", "-qq", "--no-install-recommends", *PACKAGES)
        except test_parts.Missing as why:
            raise NoWindows(str(why)) from why
    if not (WINE_DIRECTORY / "wine64").exists():
        raise NoWindows(f"Wine is not installed (Debian: apt-get install {' '.join(PACKAGES)})")


def set_up(directory: Path) -> Path:
    """Install Python, the packages and this checkout's program, laid out like a bundle.

    Returns:
        The directory that has ``bin`` and ``python``.

    Raises:
        NotDownloaded: Python or a package cannot be downloaded.
        NoGo: The launcher cannot be built.
        WrongPython: The Python is not the one of the lock.
        CalledProcessError: This checkout's wheel cannot be installed.
    """
    lock = bundle_python.read_lock()
    root = directory / f"python-{lock.python}"
    python = root / "python"
    site = python / "Lib" / "site-packages"
    wanted = requirements(lock)
    stamp = root / "packages.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(root, ignore_errors=True)
        try:
            bundle_python.unpack(bundle_python.fetch(lock), PLATFORM, lock, python)
            _install(site, lock, "--require-hashes", "--only-binary=:all:", "-r", wanted=wanted)
        except go.NoGo as error:
            raise NotDownloaded(f"Python for Windows: {error}") from error
        except subprocess.CalledProcessError as error:
            raise NotDownloaded("the packages for Windows (uv says why, above)") from error
        _leave_to_others(python, site)
        stamp.write_text(wanted, encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="windows-") as name:
        built = wheel.build(Path(name))
        _install(site, lock, "--reinstall", str(built))
    _write_script(python)
    (root / "bin").mkdir(exist_ok=True)
    go.build_launcher(root / "bin" / f"{wheel.PROGRAM}.exe", *PLATFORM.split("-"))
    return root


def requirements(lock: bundle_python.Lock) -> str:
    """Return what program, demo and tests need, as lines of a requirements file with versions and hashes."""
    lines = bundle_packages.requirements(lock.packages.get(PLATFORM, {})).splitlines()
    for pin in (*lock_files.read(lock_files.PROGRAM), *lock_files.read(lock_files.DEVELOPMENT)):
        if pin.name in TEST_PACKAGES and pin.line() not in lines:
            lines.append(pin.line())
    return "".join(f"{line}\n" for line in lines)


def _install(site: Path, lock: bundle_python.Lock, *what: str, wanted: str = "") -> None:
    """Install packages for Windows; ``wanted`` is the text of a requirements file that ``what`` ends with."""
    with tempfile.TemporaryDirectory(prefix="windows-") as name:
        needed = Path(name) / "needed.txt"
        needed.write_text(wanted, encoding="utf-8")
        target = (
            f"--target={site}",
            f"--python={sys.executable}",
            f"--python-version={lock.minor}",
            f"--python-platform={bundle_packages.UV_PLATFORMS[PLATFORM]}",
        )
        uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*uv, *target, *what, *([str(needed)] if wanted else [])], check=True)


def _leave_to_others(python: Path, site: Path) -> None:
    """Remove what Wine 8 cannot run: OpenSSL verifies certificates instead of truststore, and `platform` does without WMI.

    Wine's crypt32 has neither chain engines with roots of their own nor IP addresses in certificates; its propsys ends the process.
    """
    (python / "DLLs" / "_wmi.pyd").unlink()
    shutil.rmtree(site / "truststore")
    words = '"""OpenSSL verifies in its place, under Wine."""\nfrom ssl import SSLContext as SSLContext\n'
    (site / "truststore.py").write_text(words, encoding="utf-8")


def _write_script(python: Path) -> None:
    """Write the console script as pip does on Windows: its start program, the interpreter's path, an archive with the script."""
    import pip

    start = Path(pip.__file__).parent / "_vendor" / "distlib" / "t64.exe"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("__main__.py", SCRIPT)
    scripts = python / "Scripts"
    scripts.mkdir(exist_ok=True)
    interpreter = f"#!{_windows_path(python / 'python.exe')}\r\n".encode()
    (scripts / f"{wheel.PROGRAM}.exe").write_bytes(start.read_bytes() + interpreter + archive.getvalue())


if __name__ == "__main__":
    sys.exit(main())
